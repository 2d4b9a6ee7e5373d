from itertools import pairwise
from typing import Any, get_args

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sse_conform import entries as e
from sse_conform import recorder as module
from sse_conform.browser_entries import Deed, Sight
from sse_conform.recorder import Recorder
from sse_conform.redaction import Redactor

from .records import EVENT_STREAM, SCENE, exchanged, header, published, stream

SECRET = "a secret of Alice"
SECRETS = st.lists(st.text("0123456789abcdef", min_size=8, max_size=30), min_size=1, max_size=3)
HEADERS = (("x-echo", SECRET), (SECRET, "x"))

#: An entry of each kind with the secret wherever a target, a profile or an exception could put it.
TALKATIVE = (
    e.Attempted(
        t=1, conn=1, scene=SCENE, part="", user="alice", token=e.TokenKind.GENUINE, method="GET",
        target=f"/stream?token={SECRET}", headers=HEADERS,
    ),
    e.HeadReceived(t=1, conn=1, status=200, reason=SECRET, http_version="1.1", headers=HEADERS),
    e.BodyReceived(t=1, conn=1, data=SECRET.encode(), stamp=e.Stamp.KERNEL),
    e.Ended(t=1, conn=1, kind=e.EndKind.PROTOCOL_ERROR, detail=SECRET),
    exchanged(target=f"/?{SECRET}", headers=HEADERS, body=SECRET.encode(), error=SECRET),
    published(event_id=SECRET, error=SECRET),
    e.SceneEnded(t=1, scene=SCENE, outcome=e.SceneOutcome.BROKEN, detail=SECRET),
    e.Repeated(t=1, scene=SCENE, reason=SECRET),
    e.Commanded(t=1, scene=SCENE, order=e.Order.STOP, done=2, error=SECRET),
    e.Noted(t=1, scene=SCENE, name="cut", value=SECRET),
    e.PageSaw(
        t=1, page=1, scene=SCENE, sight=Sight.MESSAGE, type=SECRET, data=SECRET, last_event_id=SECRET
    ),
    e.PageShowed(t=1, page=1, scene=SCENE, notifications=(SECRET,), unread=SECRET, connection=SECRET),
    e.Relayed(t=1, device=1, scene=SCENE, deed=Deed.ANSWERED, detail=SECRET),
)  # fmt: skip
#: These hold nothing but the suite's own words.
SILENT = {e.SceneBegan, e.Connected, e.Died, e.Disturbed, e.Waited, e.PageOpened}


def recorder(*secrets: str) -> Recorder:
    redactor = Redactor()
    for secret in secrets:
        redactor.keep(secret, "token")
    return Recorder(redactor)


def entries_of(made: Recorder) -> tuple[e.AnyEntry, ...]:
    return made.transcript(header()).entries


def body(t: int, data: bytes, conn: int = 1) -> e.BodyReceived:
    return e.BodyReceived(t=t, conn=conn, data=data, stamp=e.Stamp.KERNEL)


def words(value: Any) -> list[bytes]:
    """Every text and all bytes in a record."""
    match value:
        case str():
            return [value.encode()]
        case bytes():
            return [value]
        case tuple():
            return [word for each in value for word in words(each)]
        case msgspec.Struct():
            return [word for name in value.__struct_fields__ for word in words(getattr(value, name))]
        case _:
            return []


def test_every_kind_of_entry_is_either_redacted_or_holds_our_own_words_alone():
    assert {type(entry) for entry in TALKATIVE} | SILENT == set(get_args(e.AnyEntry))


@pytest.mark.parametrize("entry", TALKATIVE, ids=lambda entry: type(entry).__name__)
def test_no_secret_enters_the_record_by_any_field(entry):
    assert any(SECRET.encode() in word for word in words(entry))
    made = recorder(SECRET)
    made.add(entry)
    (recorded,) = entries_of(made)
    assert not any(SECRET.encode() in word for word in words(recorded))
    assert [len(word) for word in words(recorded)] == [len(word) for word in words(entry)]


def test_what_holds_no_secret_is_recorded_as_it_is():
    lines = [*stream((1, b"data: x\n\n"), ends=(2, e.EndKind.EOF)), published(), exchanged(headers=EVENT_STREAM)]
    made = recorder(SECRET)
    for line in lines:
        made.add(line)
    assert list(entries_of(made)) == lines


@settings(max_examples=50)
@given(secrets=SECRETS, noise=st.lists(st.binary(max_size=10), max_size=4), data=st.data())
def test_no_secret_survives_any_chunking_and_no_piece_changes_its_length(secrets, noise, data):
    whole = b"".join(data.draw(st.permutations([secret.encode() for secret in secrets] * 2 + noise)))
    cuts = sorted(data.draw(st.sets(st.integers(0, len(whole)), max_size=len(whole))) | {0, len(whole)})
    pieces = [whole[since:until] for since, until in pairwise(cuts)]
    made = recorder(*secrets)
    for t, piece in enumerate(pieces):
        made.add(body(t, piece))
    recorded = [entry.data for entry in entries_of(made)]
    assert [len(piece) for piece in recorded] == [len(piece) for piece in pieces]
    assert not any(secret.encode() in b"".join(recorded) for secret in secrets)


@settings(max_examples=50)
@given(st.text("0123456789abcdef", min_size=8, max_size=30), st.binary(max_size=20), st.binary(max_size=20), st.data())
def test_however_it_is_cut_a_secret_is_replaced_as_if_it_had_come_at_once(secret, before, after, data):
    whole = before + secret.encode() + after
    cuts = sorted(data.draw(st.sets(st.integers(0, len(whole)))) | {0, len(whole)})
    made = recorder(secret)
    for t, (since, until) in enumerate(pairwise(cuts)):
        made.add(body(t, whole[since:until]))
    assert b"".join(entry.data for entry in entries_of(made)) == made.redactor.octets(whole)


def test_a_secret_in_pieces_is_found_between_entries_of_other_connections():
    made, other = recorder(SECRET), body(2, b"something else", conn=2)
    for entry in (body(1, SECRET[:5].encode()), other, body(3, SECRET[5:].encode())):
        made.add(entry)
    first, between, last = entries_of(made)
    assert first.data + last.data == b"<token>**********"
    assert between == other


def test_halves_on_two_connections_are_no_secret():
    made = recorder(SECRET)
    made.add(body(1, SECRET[:5].encode(), conn=1))
    made.add(body(2, SECRET[5:].encode(), conn=2))
    assert b"".join(entry.data for entry in entries_of(made)) == SECRET.encode()


def test_numbers_count_from_1_for_each_kind():
    made = recorder()
    assert [made.next("conn"), made.next("conn"), made.next("publish")] == [1, 2, 1]


def test_the_footer_counts_the_entries_and_tells_an_interrupted_run():
    made = recorder()
    made.add(body(1, b"x"))
    assert made.transcript(header()).footer.entries == 1
    assert not made.transcript(header()).footer.interrupted
    assert made.transcript(header(), interrupted=True).footer.interrupted


# room


def test_a_stream_has_its_own_budget(monkeypatch):
    monkeypatch.setattr(module, "STREAM_BUDGET", 10_000)
    monkeypatch.setattr(module, "STREAM_FLOOR", 1_000)
    made = recorder()
    assert made.room(1) == 10_000
    made.add(body(1, b"x" * 4_000))
    assert made.room(1) == 10_000 - 4_000 - module.PIECE_COST
    assert made.room(2) == 10_000
    made.add(body(1, b"x" * 9_000))
    assert made.room(1) == 0


def test_tiny_frames_take_more_room_than_their_bytes(monkeypatch):
    monkeypatch.setattr(module, "STREAM_BUDGET", 100_000)
    monkeypatch.setattr(module, "STREAM_FLOOR", 0)
    made = recorder()
    made.charge_frames(1, 20)
    assert made.room(1) == 100_000 - 20 * module.FRAME_COST
    made.add(body(1, b"\n" * 100))
    assert made.room(1) == 100_000 - 20 * module.FRAME_COST - 100 - 100 * module.LINE_COST - module.PIECE_COST


def test_all_streams_share_one_budget_but_each_is_granted_its_floor(monkeypatch):
    monkeypatch.setattr(module, "BODY_BUDGET", 10_000)
    monkeypatch.setattr(module, "STREAM_FLOOR", 1_000)
    made = recorder()
    made.add(body(1, b"x" * 20_000))
    assert (made.room(1), made.room(2)) == (0, 1_000)
    made.add(body(1, b"x" * 600, conn=2))
    assert made.room(2) == 1_000 - 600 - module.PIECE_COST
