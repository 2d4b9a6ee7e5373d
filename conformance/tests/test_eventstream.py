import json
import re
from itertools import pairwise
from pathlib import Path

import httpx
import pytest
from httpx_sse import EventSource, ServerSentEvent
from hypothesis import example, given, settings
from hypothesis import strategies as st

from sse_conform.eventstream import (
    INVALID_OFFSETS_KEPT,
    LONGEST_RETRY,
    Decoded,
    Decoder,
    Field,
    Frame,
    LineEnd,
    decode,
)

STREAMS = sorted((Path(__file__).parents[2] / "fixtures" / "streams").glob("*.sse"))
BOM = b"\xef\xbb\xbf"
OCTETS = {LineEnd.LF: b"\n", LineEnd.CRLF: b"\r\n", LineEnd.CR: b"\r"}

bounded = settings(max_examples=150, deadline=None)

TOKENS = [
    b"\n",
    b"\r",
    b"\r\n",
    b":",
    b" ",
    b": ",
    b"data",
    b"event",
    b"id",
    b"retry",
    b"Data",
    b"x",
    b"5",
    b"\0",
    b"\t",
]
TOKENS += [
    BOM,
    b"\xef",
    b"\xbb",
    b"\xbf",
    "é".encode(),
    "😀".encode(),
    b"\xf0\x9f",
    b"\xff",
    "\u2028".encode(),
    b"\x0b",
]
bodies = st.lists(st.sampled_from(TOKENS), max_size=40).map(b"".join) | st.binary(max_size=60)
cut_bodies = st.tuples(bodies, st.sets(st.integers(0, 60), max_size=12))


def feed(decoder: Decoder, chunks: list[bytes]) -> list[Frame]:
    return [frame for chunk in chunks for frame in decoder.feed(chunk)]


def bytewise(body: bytes) -> list[bytes]:
    return [body[at : at + 1] for at in range(len(body))]


def in_chunks(body: bytes, cuts: set[int]) -> list[bytes]:
    edges = [0, *sorted(cut for cut in cuts if 0 < cut < len(body)), len(body)]
    return [body[start:end] for start, end in pairwise(edges)]


def dispatched(frames: tuple[Frame, ...]) -> list[tuple[str, str | None, str]]:
    return [(frame.type, frame.data, frame.last_event_id) for frame in frames if frame.dispatches]


def data_of(body: bytes) -> list[str | None]:
    return [frame.data for frame in decode(body).frames]


def only(body: bytes) -> Frame:
    (frame,) = decode(body).frames
    return frame


def by_the_letter(body: bytes) -> list[tuple[str, str, str]]:
    """WHATWG HTML 9.2.6 step by step, over the whole text at once: what a browser dispatches."""
    text = body.decode(errors="replace").removeprefix("\ufeff")
    dispatches: list[tuple[str, str, str]] = []
    data = event = last_id = ""
    for line in re.split("\r\n|\n|\r", text)[:-1]:
        if not line:
            if data:
                dispatches.append((event or "message", data.removesuffix("\n"), last_id))
            data = event = ""
            continue
        field, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if field == "event":
            event = value
        elif field == "data":
            data += value + "\n"
        elif field == "id" and "\0" not in value:
            last_id = value
    return dispatches


def raw_fields(fields: tuple[Field, ...]) -> bytes:
    return b"".join(field.raw + OCTETS[field.line_end] for field in fields)


def rebuilt(body: bytes, decoded: Decoded) -> bytes:
    """The body put together again from the records; only line ends may lie between them."""
    pieces = [BOM] if decoded.bom else []
    for frame in decoded.frames:
        gap = body[len(b"".join(pieces)) : frame.start]
        assert not gap.strip(b"\r\n")
        pieces += [gap, raw_fields(frame.fields), OCTETS[frame.blank_end]]
    gap = body[len(b"".join(pieces)) : decoded.remainder.start]
    assert not gap.strip(b"\r\n")
    return b"".join([*pieces, gap, raw_fields(decoded.remainder.fields), decoded.remainder.partial_line])


# --- properties over any bytes ---


@bounded
@given(bodies)
@example(BOM + b"\n\r\ndata: x\r\r\n\n: y\r\n\rid")
def test_what_is_dispatched_is_what_the_standard_says(body):
    assert dispatched(decode(body).frames) == by_the_letter(body)


@bounded
@given(cut_bodies)
@example((b"data: x\r\n\r\n\r\ndata: y\r\r", set(range(30))))
@example((BOM + b"data: x\n\n", {1, 2}))
def test_chunk_borders_change_nothing_but_a_final_crlf_cut_in_two(cut_body):
    body, cuts = cut_body
    whole, decoder = decode(body), Decoder()
    frames = feed(decoder, in_chunks(body, cuts))
    for frame, expected in zip(frames, whole.frames, strict=True):
        assert (frame.dispatch_end, frame.fields) == (expected.dispatch_end, expected.fields)
        if frame.dispatch_end in cuts:
            assert (frame.end, frame.blank_end is LineEnd.LF) == (frame.dispatch_end, expected.blank_end is LineEnd.LF)
        else:
            assert frame == expected
    assert dispatched(tuple(frames)) == dispatched(whole.frames)
    assert decoder.finish() == whole.remainder
    assert decoder.bom == whole.bom
    assert decoder.extra_blank_lines == whole.extra_blank_lines
    assert decoder.invalid_utf8 == whole.invalid_utf8
    assert decoder.invalid_utf8_count == whole.invalid_utf8_count


@bounded
@given(bodies)
def test_the_records_rebuild_the_body(body):
    assert rebuilt(body, decode(body)) == body


@bounded
@given(bodies)
def test_offsets_point_at_the_bytes_they_describe(body):
    decoded = decode(body)
    fields = [field for frame in decoded.frames for field in frame.fields] + list(decoded.remainder.fields)
    assert all(body[field.start : field.end] == field.raw for field in fields)
    assert all(frame.raw(body) == raw_fields(frame.fields) + OCTETS[frame.blank_end] for frame in decoded.frames)
    assert body[decoded.remainder.start :] == decoded.remainder.raw


@bounded
@given(bodies)
def test_a_frames_fields_and_meaning_agree(body):
    for frame in decode(body).frames:
        values = {name: [f.value for f in frame.fields if f.name == name] for name in ("data", "event", "id")}
        assert frame.data == ("\n".join(values["data"]) if values["data"] else None)
        assert frame.event == (values["event"][-1] if values["event"] else None)
        assert frame.id == next((value for value in reversed(values["id"]) if "\0" not in value), None)


@bounded
@given(bodies)
def test_pending_counts_the_unfinished_bytes(body):
    decoder = Decoder()
    decoder.feed(body)
    assert decoder.pending == len(decoder.finish().raw)


# --- fixture streams ---


@pytest.mark.parametrize("chunked", [lambda body: [body], bytewise], ids=["whole", "bytewise"])
@pytest.mark.parametrize("path", STREAMS, ids=lambda path: path.stem)
def test_a_fixture_stream_decodes_to_what_is_written_beside_it(path, chunked):
    body, expected = path.read_bytes(), json.loads(path.with_suffix(".json").read_text())
    decoder = Decoder()
    frames = feed(decoder, chunked(body))
    assert [
        {"type": frame.type, "data": frame.data, "last_event_id": frame.last_event_id}
        for frame in frames
        if frame.dispatches
    ] == expected["events"]
    assert len(frames) == expected["frames"]
    assert [text for frame in frames for text in frame.comments] == expected["comments"]
    assert [frame.retry for frame in frames if frame.retry is not None] == expected["retry"]
    assert decoder.finish().start == expected["remainder_start"]
    assert decoder.bom == expected["bom"]
    assert decoder.extra_blank_lines == expected["extra_blank_lines"]
    assert list(decoder.invalid_utf8) == expected["invalid_utf8"]


def test_every_fixture_stream_has_its_expectation():
    assert len(STREAMS) >= 20
    assert {path.stem for path in STREAMS} == {path.stem for path in STREAMS[0].parent.glob("*.json")}


# --- the examples of WHATWG HTML 9.2.6 ---


def test_standard_example_1_three_data_lines_make_one_event():
    assert dispatched(decode(b"data: YHOO\ndata: +2\ndata: 10\n\n").frames) == [("message", "YHOO\n+2\n10", "")]


def test_standard_example_2_comment_ids_and_an_unterminated_fourth_block():
    body = b": test stream\n\ndata: first event\nid: 1\n\ndata:second event\nid\n\ndata:  third event\n"
    decoded = decode(body + b"\n")
    assert dispatched(decoded.frames) == [
        ("message", "first event", "1"),
        ("message", "second event", ""),
        ("message", " third event", ""),
    ]
    assert decoded.frames[0].comments == ("test stream",)
    assert len(decode(body).frames) == 3


def test_standard_example_3_empty_data_and_a_discarded_end():
    decoded = decode(b"data\n\ndata\ndata\n\ndata:")
    assert [frame.data for frame in decoded.frames] == ["", "\n"]
    assert decoded.remainder.partial_line == b"data:"


def test_standard_example_4_the_space_after_the_colon_is_optional():
    assert data_of(b"data:test\n\ndata: test\n\n") == ["test", "test"]


# --- lines ---


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"])
@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ([b"data: a", b""], ["a"]),
        ([b"data: a", b"", b"data: b", b"data: c", b""], ["a", "b\nc"]),
        ([b"data:", b"data: b", b""], ["\nb"]),
        ([b"data: a", b"data:", b"data: c", b""], ["a\n\nc"]),
        ([b"data: a", b"", b""], ["a"]),
        ([b"data: a", b"", b"", b"", b"data: b", b""], ["a", "b"]),
    ],
)
@pytest.mark.parametrize("size", [1, 2, 100])
def test_each_line_end_works_in_chunks_of_any_size(end, lines, expected, size):
    body = b"".join(line + end for line in lines)
    chunks = [body[at : at + size] for at in range(0, len(body), size)]
    assert [frame.data for frame in feed(Decoder(), chunks)] == expected


def test_a_lone_cr_ends_a_line_without_waiting_for_the_next_byte():
    (frame,) = Decoder().feed(b"data: x\r\r")
    assert (frame.data, frame.end, frame.blank_end) == ("x", 9, LineEnd.CR)


def test_a_crlf_cut_in_two_ends_one_line():
    decoder = Decoder()
    (first,) = decoder.feed(b"data: x\r\n\r")
    (second,) = decoder.feed(b"\ndata: y\r\n\r\n")
    assert (first.end, first.blank_end, first.dispatch_end) == (10, LineEnd.CR, 10)
    assert (second.start, second.data, second.blank_end, second.dispatch_end) == (11, "y", LineEnd.CRLF, second.end - 1)
    assert decoder.extra_blank_lines == 0


def test_a_field_whose_crlf_is_cut_in_two_keeps_its_line_end():
    (frame,) = feed(Decoder(), [b"data: x\r", b"\n\n"])
    assert [field.line_end for field in frame.fields] == [LineEnd.CRLF]


def test_an_empty_chunk_does_not_separate_cr_from_lf():
    decoder = Decoder()
    assert len(feed(decoder, [b"data: x\r\r", b"", b"\n"])) == 1
    assert decoder.extra_blank_lines == 0


@pytest.mark.parametrize("separator", ["\u2028", "\u2029", "\u0085", "\x0b", "\x0c", "\x1c", "\x1e"])
@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
def test_only_cr_and_lf_end_lines(separator, end):
    assert only(f"data: a{separator}b".encode() + end + end).data == f"a{separator}b"


def test_a_long_line_in_single_bytes_takes_linear_time():
    decoder = Decoder()
    assert feed(decoder, bytewise(b"data: " + b"x" * 500_000)) == []
    assert decoder.pending == 500_006
    (frame,) = decoder.feed(b"\n\n")
    assert frame.data == "x" * 500_000


def test_a_frame_of_many_lines_takes_linear_time():
    line = b"data: " + b"x" * 50 + b"\n"
    (frame,) = feed(Decoder(), [line] * 40_000 + [b"\n"])
    assert len(frame.fields) == 40_000


# --- byte order mark and UTF-8 ---


@pytest.mark.parametrize("cuts", [set(), {1}, {2}, {1, 2}, {1, 2, 3}])
def test_a_leading_bom_is_stripped_however_it_is_cut(cuts):
    decoder = Decoder()
    (frame,) = feed(decoder, in_chunks(BOM + b"data: x\n\n", cuts))
    assert (decoder.bom, frame.start, frame.data) == (True, 3, "x")


def test_only_the_first_bom_is_stripped():
    decoded = decode(BOM + BOM + b"data: x\n\ndata: y\n\n")
    assert decoded.frames[0].fields[0].name == "\ufeffdata"
    assert [frame.dispatches for frame in decoded.frames] == [False, True]


def test_a_bom_after_a_blank_line_is_text():
    decoded = decode(b"\n" + BOM + b"data: x\n\n")
    assert (decoded.bom, decoded.frames[0].fields[0].name) == (False, "\ufeffdata")


@pytest.mark.parametrize("body", [b"\xef", b"\xef\xbb"])
def test_a_body_that_ends_inside_a_bom_is_a_partial_line(body):
    assert (decode(body).bom, decode(body).remainder.partial_line) == (False, body)


def test_undecodable_bytes_become_replacement_characters_and_are_located():
    decoded = decode(b"data: \xff\xe2\x82\n\nid: \xef\xbf\xbd\nda\xc3ta: \xf0\x9f\x98\n\n")
    assert (decoded.frames[0].data, decoded.frames[1].id) == ("\ufffd\ufffd", "\ufffd")
    assert (decoded.invalid_utf8, decoded.invalid_utf8_count) == ((6, 7, 21, 26), 4)


def test_the_offsets_of_undecodable_bytes_are_bounded_and_their_count_is_not():
    decoded = decode(b"data: " + b"\xff" * 1000 + b"\n\n")
    assert decoded.invalid_utf8 == tuple(range(6, 6 + INVALID_OFFSETS_KEPT))
    assert decoded.invalid_utf8_count == 1000


def test_undecodable_bytes_of_an_unfinished_block_count_save_in_the_partial_line():
    assert decode(b"data: \xff\nid: \xff").invalid_utf8 == (6,)


def test_a_character_cut_by_chunks_is_whole():
    body = "data: 😀é\n\n".encode()
    assert [frame.data for frame in feed(Decoder(), bytewise(body))] == ["😀é"]


# --- fields ---


@pytest.mark.parametrize(
    ("line", "name", "value"),
    [
        ("data", "data", ""),
        ("data:", "data", ""),
        ("data: ", "data", ""),
        ("data:a", "data", "a"),
        ("data: a", "data", "a"),
        ("data:  a", "data", " a"),
        ("data:\ta", "data", "\ta"),
        ("data: a: b ", "data", "a: b "),
        ("data:a: b", "data", "a: b"),
        ("data :a", "data ", "a"),
        (" data: a", " data", "a"),
        ("Data: a", "Data", "a"),
        ("data\0: a", "data\0", "a"),
        ("data: \0", "data", "\0"),
        (":", "", ""),
        (": a", "", "a"),
        (":a: b", "", "a: b"),
        (": \0" + "x" * 2048, "", "\0" + "x" * 2048),
    ],
)
def test_a_line_is_cut_at_its_first_colon_and_loses_one_space(line, name, value):
    frame = only(f"{line}\n\n".encode())
    (field,) = frame.fields
    assert (field.name, field.value, field.raw) == (name, value, line.encode())
    assert (field.is_comment, field.has_colon) == (line.startswith(":"), ":" in line)
    assert frame.data == (value if name == "data" else None)


@pytest.mark.parametrize("lines", ["event: x", "id: 1", "retry: 5", ": comment", "Data: x", "unknown"])
def test_a_block_without_data_is_a_frame_that_dispatches_nothing(lines):
    assert not only(f"{lines}\n\n".encode()).dispatches


def test_trailing_empty_data_lines_are_kept():
    assert only(b"data: a\ndata:\ndata:\n\n").data == "a\n\n"


def test_field_order_does_not_matter():
    frame = only(b"data: a\nid: 1\nevent: e\n\n")
    assert (frame.type, frame.data, frame.last_event_id) == ("e", "a", "1")


def test_the_last_event_field_wins_even_when_it_is_empty():
    frames = decode(b"event: a\nevent: b\ndata\n\nevent: a\nevent\ndata\n\ndata\n\n").frames
    assert [(frame.event, frame.type) for frame in frames] == [("b", "b"), ("", "message"), (None, "message")]


def test_an_event_type_does_not_outlive_a_block_without_data():
    assert [frame.type for frame in decode(b"event: a\n\ndata: x\n\n").frames] == ["a", "message"]


# --- id and retry ---


def test_an_id_commits_at_the_blank_line_without_data_and_persists():
    frames = decode(b"id: 1\n\ndata: x\n\n").frames
    assert [(frame.id, frame.last_event_id) for frame in frames] == [("1", "1"), (None, "1")]


@pytest.mark.parametrize("reset", ["id", "id:", "id: "])
def test_an_empty_id_resets(reset):
    frames = decode(f"id: 1\ndata\n\n{reset}\ndata\n\n".encode()).frames
    assert [(frame.id, frame.last_event_id) for frame in frames] == [("1", "1"), ("", "")]


def test_an_id_with_nul_is_ignored_and_the_next_field_is_not():
    frame = decode(b"id: 1\ndata\n\nid: 2\0\ndata: x\n\n").frames[1]
    assert (frame.id, frame.last_event_id, frame.data) == (None, "1", "x")


def test_an_id_keeps_inner_spaces_and_non_ascii_characters():
    assert only("id:  a b é \ndata\n\n".encode()).id == " a b é "


def test_the_id_of_an_unterminated_block_is_left_in_the_remainder():
    decoded = decode(b"id: 1\ndata\n\nid: 2\ndata: x\nda")
    assert decoded.frames[-1].last_event_id == "1"
    assert [(field.name, field.value) for field in decoded.remainder.fields] == [("id", "2"), ("data", "x")]
    assert decoded.remainder.partial_line == b"da"


@pytest.mark.parametrize(
    "junk", ["", "1000x", "+100", "-1", "1.5", "1e3", " 7", "7 ", "1_000", "\u0661", "\u00b2", "0x10"]
)
def test_a_retry_that_is_not_all_ascii_digits_is_ignored(junk):
    assert only(f"retry: 5\nretry: {junk}\n\n".encode()).retry == 5


@pytest.mark.parametrize(
    ("digits", "milliseconds"),
    [
        ("0", 0),
        ("02000", 2000),
        ("0" * 6000 + "7", 7),
        ("9223372036854775807", 9223372036854775807),
        (str(LONGEST_RETRY + 1), LONGEST_RETRY),
        ("9" * 6000, LONGEST_RETRY),
    ],
)
def test_a_retry_is_decimal_and_saturates(digits, milliseconds):
    assert only(f"retry: {digits}\n\n".encode()).retry == milliseconds


# --- a second opinion: httpx-sse, and where it is known to deviate ---


def second_opinion(body: bytes, content_type: str = "text/event-stream") -> list[ServerSentEvent]:
    response = httpx.Response(200, headers={"content-type": content_type}, content=body)
    return list(EventSource(response).iter_sse())


texts = st.text(st.characters(blacklist_characters="\r\n", blacklist_categories=["Cs"]), max_size=12)
other_lines = st.builds("{}{}{}".format, st.sampled_from(["id", "event", "", "Data", "data "]), st.just(":"), texts)
data_lines = st.builds("data:{}{}".format, st.sampled_from(["", " "]), texts)


@st.composite
def streams(draw):
    """Streams that stay clear of the known deviations: every block has a data field, no BOM leads."""
    end = draw(st.sampled_from(["\n", "\r\n", "\r"]))
    blocks = st.tuples(st.lists(other_lines, max_size=3), st.lists(data_lines, min_size=1, max_size=3)).map(sum_lines)
    return "".join(line + end for block in draw(st.lists(blocks, max_size=4)) for line in [*block, ""]).encode()


def sum_lines(parts):
    return [line for part in parts for line in part]


@bounded
@given(streams())
def test_httpx_sse_agrees_where_no_deviation_is_known(body):
    opinion = [(event.event or "message", event.data, event.id) for event in second_opinion(body)]
    assert dispatched(decode(body).frames) == opinion


@pytest.mark.parametrize("lines", ["event: x", "id: 1", "retry: 5"])
def test_httpx_sse_emits_an_empty_event_for_a_block_without_data(lines):
    body = f"{lines}\n\n".encode()
    assert [event.data for event in second_opinion(body)] == [""]
    assert not only(body).dispatches


def test_httpx_sse_emits_an_empty_event_for_each_comment_once_an_id_is_set():
    body = b"id: 1\ndata: x\n\n: ping\n\n"
    assert [event.data for event in second_opinion(body)] == ["x", ""]
    assert dispatched(decode(body).frames) == [("message", "x", "1")]


def test_httpx_sse_emits_an_empty_event_for_each_extra_blank_line_once_an_id_is_set():
    body = b"id: 1\ndata: x\n\n\n"
    assert [event.data for event in second_opinion(body)] == ["x", ""]
    assert dispatched(decode(body).frames) == [("message", "x", "1")]


def test_httpx_sse_does_not_strip_the_bom():
    body = BOM + b"data: x\n\n"
    assert second_opinion(body) == []
    assert data_of(body) == ["x"]


def test_httpx_sse_honours_the_charset_parameter():
    body = "data: é\n\n".encode()
    (event,) = second_opinion(body, "text/event-stream; charset=windows-1252")
    assert (event.data, only(body).data) == ("Ã©", "é")


@pytest.mark.parametrize(("retry", "read"), [("+100", 100), ("-1", -1), (" 7", 7), ("1_000", 1000), ("\u0661", 1)])
def test_httpx_sse_reads_any_retry_that_python_reads(retry, read):
    body = f"retry: {retry}\ndata: x\n\n".encode()
    assert [event.retry for event in second_opinion(body)] == [read]
    assert only(body).retry is None


def test_httpx_sse_holds_a_lone_cr_until_the_next_byte():
    from httpx_sse._decoders import SSELineDecoder

    assert SSELineDecoder().decode("data: x\r\r") == ["data: x"]
    assert len(Decoder().feed(b"data: x\r\r")) == 1
