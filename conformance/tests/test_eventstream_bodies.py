"""What is decoded of any bytes: properties, streams of fixtures, and another decoder."""

import json
import re
from pathlib import Path

import httpx
import pytest
from httpx_sse import EventSource, ServerSentEvent
from hypothesis import example, given, settings
from hypothesis import strategies as st

from sse_conform.eventstream import (
    Decoded,
    Decoder,
    Field,
    LineEnd,
    decode,
)

from .bodies import BOM, bytewise, data_of, dispatched, feed, in_chunks, only

STREAMS = sorted((Path(__file__).parents[2] / "fixtures" / "streams").glob("*.sse"))
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
