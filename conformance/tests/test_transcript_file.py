import json
import os
import time
from typing import get_args

import jsonschema
import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sse_conform import entries as e
from sse_conform import transcript_file
from sse_conform.browser_entries import Deed, Sight
from sse_conform.death_entry import Act, Action
from sse_conform.errors import TranscriptError
from sse_conform.schemas import transcript_schema
from sse_conform.spec import Capability
from sse_conform.terms import Accepted, Terms
from sse_conform.transcript import Transcript, TranscriptFooter, TranscriptHeader

HEADER = TranscriptHeader(
    suite="0.1.0",
    target="http://127.0.0.1:8080",
    name="sample",
    started_at="2026-01-02T03:04:05+00:00",
    terms=Terms(
        heartbeat=2.5,
        capabilities=(Capability.TRIGGERS,),
        accept_untested=(Accepted(rule="auth.*", reason="no key"),),
    ),
    rules=("heartbeat.present",),
    scenes=("idle.long",),
)
ATTEMPT = e.Attempted(
    t=2,
    conn=1,
    scene="idle.long",
    part="",
    user="alice",
    token=e.TokenKind.GENUINE,
    method="GET",
    target="/api/stream/notifications",
    headers=(("accept", "text/event-stream"), ("authorization", "<token>")),
    address="127.0.0.1",
)
PUBLISHED = e.Published(
    t=20,
    number=1,
    scene="idle.long",
    part="",
    kind=e.EventKind.ALERT,
    to="alice",
    octets="ä \u2028 half a pair \ud800".encode("utf-8", "surrogatepass"),
    marker="m1",
    acked=21,
    status=201,
    accepted=True,
    event_id="half a pair \ud800",
)
ENTRIES = (
    e.SceneBegan(t=1, scene="idle.long"),
    ATTEMPT,
    e.Connected(t=3, conn=1, address="127.0.0.1:40000"),
    e.HeadReceived(
        t=4, conn=1, status=200, reason="OK", http_version="1.1", headers=(("x", "caf\udce9"), ("x", "again"))
    ),
    e.BodyReceived(t=5, conn=1, data=bytes(range(256)), stamp=e.Stamp.KERNEL),
    e.BodyReceived(t=6, conn=1, data=b"", stamp=e.Stamp.USER),
    PUBLISHED,
    e.Exchanged(
        t=22,
        number=1,
        scene="idle.long",
        part="",
        user="alice",
        method="GET",
        target="/x",
        answered=30,
        status=200,
        body=b"\xff\x00\n",
    ),
    e.Disturbed(t=31, until=32, kind=e.Disturbance.CUT, conn=1),
    e.Disturbed(t=31, until=33, kind=e.Disturbance.LAG),
    e.Waited(t=33, scene="idle.long", until=40, what="heartbeats"),
    e.Noted(t=40, scene="idle.long", name="cut", conn=1, value="rst"),
    e.Ended(t=41, conn=1, kind=e.EndKind.RESET, detail="connection reset by peer"),
    e.PageOpened(
        t=41,
        page=1,
        device=1,
        scene="idle.long",
        part="",
        user="alice",
        token=e.TokenKind.GENUINE,
        browser="chromium 1",
    ),
    e.PageSaw(t=41, page=1, scene="idle.long", sight=Sight.MESSAGE, page_time=0.5, source=1, type="ping", data="{}"),
    e.PageShowed(t=41, page=1, scene="idle.long", part="look", notifications=("new",), unread="1", prompt=True),
    e.Relayed(t=41, device=1, scene="idle.long", deed=Deed.CUT, link=2, conn=1, detail="reset"),
    e.SceneEnded(t=42, scene="idle.long", outcome=e.SceneOutcome.COMPLETED),
    e.Died(
        t=43,
        endpoint="127.0.0.1:8080",
        back=44,
        after=(Action(t=42, scene="idle.long", part="tab", act=Act.LEAVING),),
    ),
    e.Commanded(t=44, scene="idle.long", order=e.Order.START, done=45, answers=45),
    e.Repeated(t=45, scene="idle.long", reason="the suite stood still"),
)


def transcript(*entries):
    return Transcript(HEADER, entries, TranscriptFooter(entries=len(entries)))


def same(one, other):
    return (one.header, one.entries, one.footer) == (other.header, other.entries, other.footer)


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "run.jsonl"
    transcript_file.write(transcript(*ENTRIES), path)
    return path


def trouble(path):
    with pytest.raises(TranscriptError) as raised:
        transcript_file.read(path)
    assert raised.value.hint
    return raised.value.message


def change(path, edit):
    lines = path.read_bytes().splitlines()
    edit(lines)
    path.write_bytes(b"\n".join(lines) + b"\n")


def test_the_sample_holds_every_kind_of_entry():
    assert {type(entry) for entry in ENTRIES} == set(get_args(e.AnyEntry))


def test_reading_gives_back_what_was_written(file):
    assert same(transcript_file.read(file), transcript(*ENTRIES))


def test_a_file_is_lines_of_json_from_header_to_footer(file):
    lines = [json.loads(line) for line in file.read_text().splitlines()]
    assert lines[0]["entry"] == "header"
    assert lines[0]["format"] == 1
    assert lines[-1] == {"entry": "footer", "entries": len(ENTRIES), "interrupted": False}
    assert len(lines) == len(ENTRIES) + 2


def test_every_line_is_valid_by_the_schema(file):
    schema = jsonschema.Draft202012Validator(transcript_schema())
    for line in file.read_text().splitlines():
        schema.validate(json.loads(line))


def test_the_schema_refuses_an_entry_of_no_known_kind():
    assert not jsonschema.Draft202012Validator(transcript_schema()).is_valid({"entry": "gossip", "t": 1})


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    pieces=st.lists(st.binary(max_size=200), max_size=8),
    text=st.text(alphabet=st.characters(codec=None, exclude_categories=())),
    t=st.integers(0, 2**62),
)
def test_any_bytes_and_any_text_survive(tmp_path, pieces, text, t):
    path = tmp_path / "any.jsonl"
    original = transcript(
        msgspec.structs.replace(ATTEMPT, headers=(("x-any", text),)),
        *(e.BodyReceived(t=t, conn=1, data=data, stamp=e.Stamp.KERNEL) for data in pieces),
        msgspec.structs.replace(PUBLISHED, event_id=text),
    )
    transcript_file.write(original, path)
    assert same(transcript_file.read(path), original)


def test_ten_megabytes_are_read_quickly(tmp_path):
    path = tmp_path / "large.jsonl"
    pieces = [e.BodyReceived(t=t, conn=1, data=os.urandom(500), stamp=e.Stamp.KERNEL) for t in range(13_000)]
    transcript_file.write(transcript(ATTEMPT, *pieces), path)
    assert path.stat().st_size > 9_000_000
    began = time.process_time()
    assert len(transcript_file.read(path).entries) == 13_001
    assert time.process_time() - began < 5  # it takes some hundredths; only a quadratic reader takes so long


def test_writing_makes_the_directory_and_leaves_nothing_else(tmp_path):
    path = tmp_path / "conform-report" / "run.jsonl"
    transcript_file.write(transcript(), path)
    assert [file.name for file in path.parent.iterdir()] == ["run.jsonl"]


def test_whoever_reads_the_old_file_meanwhile_reads_it_whole(file):
    before = file.read_bytes()
    with file.open("rb") as old:
        transcript_file.write(transcript(), file)
        assert old.read() == before


def test_a_failed_write_keeps_the_old_file_and_leaves_nothing_else(file, monkeypatch):
    before = file.read_bytes()
    broken = transcript(e.Noted(t=1, scene="s", name=object()))
    with pytest.raises(TypeError):
        transcript_file.write(broken, file)
    assert file.read_bytes() == before
    assert [other.name for other in file.parent.iterdir()] == ["run.jsonl"]


def test_a_place_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(TranscriptError, match=r"cannot be written to .*run.jsonl: File exists"):
        transcript_file.write(transcript(), tmp_path / "file" / "run.jsonl")


def test_a_missing_file_is_named(tmp_path):
    assert trouble(tmp_path / "gone.jsonl") == f"there is no transcript {tmp_path / 'gone.jsonl'}"


def test_a_directory_is_no_transcript(tmp_path):
    assert trouble(tmp_path).endswith("cannot be read: Is a directory")


@pytest.mark.parametrize(
    "content", [b"", b"\n", b"hello\nworld\n", b"\x00\xff", b"[1]\n", b'{"entry":"ended","format":1}']
)
def test_what_does_not_begin_with_a_header_is_no_transcript(tmp_path, content):
    path = tmp_path / "other.txt"
    path.write_bytes(content)
    assert "is not a transcript" in trouble(path)


def test_another_format_is_refused_before_anything_else(file):
    change(file, lambda lines: lines.__setitem__(slice(None), [b'{"entry":"header","format":2,"new":1}']))
    assert trouble(file).endswith("has format 2, this version reads format 1")


def test_a_damaged_header_names_its_line(file):
    change(file, lambda lines: lines.__setitem__(0, b'{"entry":"header","format":1}'))
    assert "line 1, is damaged: Object missing required field `suite`" in trouble(file)


def test_a_damaged_entry_names_its_line(file):
    change(file, lambda lines: lines.__setitem__(3, lines[3][:-4]))
    assert "line 4, is damaged" in trouble(file)


def test_an_entry_of_no_known_kind_names_its_line(file):
    change(file, lambda lines: lines.__setitem__(2, b'{"entry":"gossip","t":1}'))
    assert "line 3, is damaged: Invalid value 'gossip' - at `$.entry`" in trouble(file)


def test_a_line_that_is_damaged_beside_half_a_pair_names_its_line(file):
    change(file, lambda lines: lines.__setitem__(2, b'{"entry":"noted","name":"\\ud800"'))
    assert "line 3, is damaged" in trouble(file)


def test_a_file_that_was_cut_off_between_lines_says_so(file):
    change(file, lambda lines: lines.pop())
    assert f"was cut off: line {len(ENTRIES) + 1}, its last, is no footer" in trouble(file)


def test_a_file_that_was_cut_off_within_a_line_says_so(file):
    file.write_bytes(file.read_bytes()[:-100])
    assert "was cut off" in trouble(file)


def test_a_header_alone_was_cut_off(file):
    change(file, lambda lines: lines.__delitem__(slice(1, None)))
    assert "was cut off: line 1" in trouble(file)


def test_a_missing_entry_is_noticed(file):
    change(file, lambda lines: lines.pop(-2))
    assert trouble(file).endswith(f"has {len(ENTRIES) - 1} entries, but its footer counts {len(ENTRIES)}")


@pytest.mark.parametrize("entry", [entry for entry in ENTRIES if getattr(entry, "conn", 0) and entry is not ATTEMPT])
def test_an_entry_of_a_connection_that_was_never_attempted_names_its_line(tmp_path, entry):
    path = tmp_path / "run.jsonl"
    transcript_file.write(transcript(ENTRIES[0], entry), path)
    assert "line 3: connection 1 was not attempted before" in trouble(path)


def test_a_connection_is_attempted_once(tmp_path):
    path = tmp_path / "run.jsonl"
    transcript_file.write(transcript(ATTEMPT, ATTEMPT), path)
    assert "line 3: connection 1 was attempted before" in trouble(path)
