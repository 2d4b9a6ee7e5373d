"""Whether events are written in one piece, where chunks of HTTP/1.1 show what was."""

import msgspec
import pytest

from sse_conform import entries as e
from sse_conform.rules.framing_clients import events_come_whole, other_client_agrees
from sse_conform.verdict import Outcome, judge

from ..records import completed, snapshot, stream, transcript

SCENE = "idle.stream"
LARGE = b"data: " + b"x" * 60_000 + b"\n\n"
GREETING = snapshot()


def verdict(*chunks):
    recorded = stream(*((0.1, chunk) for chunk in chunks), scene=SCENE)
    entries = [
        msgspec.structs.replace(each, ends_chunk=True) if isinstance(each, e.BodyReceived) else each
        for each in recorded
    ]
    scenes = (SCENE, "preflight")
    return judge(events_come_whole, transcript(entries, *map(completed, scenes), scenes=scenes))


def judged(*chunks):
    return verdict(*chunks).outcome


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"])
def test_an_event_whose_fields_are_chunks_of_their_own_is_torn(end):
    event, data = b"event: ping" + end, b"data: 1" + 2 * end
    assert judged(GREETING.replace(b"\n", end), event + data, event, data) is Outcome.WARN
    assert judged(GREETING.replace(b"\n", end), event + data, event + data) is Outcome.PASS


def test_the_first_event_of_a_stream_may_be_torn_too():
    (breach,) = verdict(GREETING[:10], GREETING[10:]).breaches
    assert breach.actual == f"a chunk ends after {GREETING[:10]!r}"


def test_chunks_of_several_events_and_of_parts_of_a_large_one_are_no_tears():
    assert judged(GREETING + GREETING, LARGE[:4096], LARGE[4096:]) is Outcome.PASS


def test_a_proxy_that_cuts_where_its_buffer_ran_empty_tears_nothing():
    rest = LARGE[4096:]
    assert judged(GREETING, LARGE[:4096], rest[:446], rest[446:]) is Outcome.PASS
    assert judged(GREETING, LARGE[:59_900], LARGE[59_900:] + LARGE[:300], LARGE[300:]) is Outcome.PASS


@pytest.mark.parametrize(("size", "wanted"), [(1023, Outcome.WARN), (1024, Outcome.PASS)])
def test_a_buffer_is_no_smaller_than_a_kibibyte(size, wanted):
    assert judged(GREETING, LARGE[:size], LARGE[size:]) is wanted


def read_by_httpx_sse(body, content_type="text/event-stream"):
    lines = stream((0.1, body), scene=SCENE, headers=(("content-type", content_type),))
    return judge(other_client_agrees, transcript(lines, *map(completed, (SCENE, "preflight"))))


def test_another_decoder_dispatches_the_same():
    assert read_by_httpx_sse(GREETING + b"id: 1\ndata: a\ndata: b\n\n: c\n\n").outcome is Outcome.PASS


@pytest.mark.parametrize(
    ("body", "content_type", "wanted"),
    [
        (GREETING, "text/plain", ("1 events", "refused: ")),
        (
            "data: caf\u00e9\n\n".encode(),
            "text/event-stream; charset=latin-1",
            ("message, id '': 'caf\u00e9'", "message, id"),
        ),
    ],
    ids=["media type", "charset"],
)
def test_media_type_and_charset_make_it_read_something_else(body, content_type, wanted):
    (breach,) = read_by_httpx_sse(body, content_type).breaches
    assert breach.expected == wanted[0]
    assert breach.actual.startswith(wanted[1])


def test_a_finding_shows_forty_bytes_before_the_tear():
    (breach,) = verdict(GREETING, b"data: " + b"x" * 10 + b"y" * 40, b"\n\n").breaches
    assert breach.actual == f"a chunk ends after {b'y' * 40!r}"
