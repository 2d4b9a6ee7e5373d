"""The grammar of event streams, line by line."""

import pytest

from sse_conform import entries as e
from sse_conform.rules import BY_ID
from sse_conform.terms import Terms
from sse_conform.verdict import Outcome, judge

from ..records import completed, snapshot, stream, transcript

TERMS = Terms(latency=2.0)
SCENES = tuple(map(completed, ("preflight", "idle.stream", "snapshot.overflow")))


def verdict(rule, *pieces, ends=None, scene="preflight"):
    pieces = [piece if isinstance(piece, tuple) else (1.0, piece) for piece in pieces]
    return judge(BY_ID[rule], transcript(stream(*pieces, scene=scene, ends=ends), *SCENES, terms=TERMS))


@pytest.mark.parametrize(
    ("rule", "body", "wanted"),
    [
        ("framing.utf8", "data: \u00e9\n\n".encode(), Outcome.PASS),
        ("framing.utf8", b"data: \xe9\n\n", Outcome.FAIL),
        ("framing.field-names", b"Data: 1\n\n", Outcome.FAIL),
        ("framing.field-names", b"data : 1\n\n", Outcome.FAIL),
        ("framing.field-names", b'"event": 1\n\n', Outcome.FAIL),
        ("framing.field-names", b"\xef\xbb\xbfdata: 1\n\n", Outcome.PASS),
        ("framing.field-names", b"data: 0\n\n\xef\xbb\xbfdata: 1\n\n", Outcome.FAIL),
        ("framing.field-names", b"data: 1\nid\nretry: 1\nevent:\n: Data\nother: 1\n\n", Outcome.PASS),
        ("framing.one-event-a-frame", b"event: a\nid: 1\ndata: 1\ndata: 2\nretry: 1\nretry: 1\n\n", Outcome.PASS),
        ("framing.one-event-a-frame", b"event: a\ndata: 1\nevent: b\n\n", Outcome.FAIL),
        ("framing.one-event-a-frame", b"id: 1\ndata: 1\nid: 1\n\n", Outcome.FAIL),
        ("framing.id-without-nul", b"id: 1\0\ndata: 1\n\n", Outcome.FAIL),
        ("framing.id-without-nul", b"id: 1\ndata: 1\0\n\n", Outcome.PASS),
        ("framing.portable-ids", b"id: " + b"a" * 128 + b"\ndata: 1\n\n", Outcome.PASS),
        ("framing.portable-ids", b"id: " + b"a" * 129 + b"\ndata: 1\n\n", Outcome.WARN),
        ("framing.portable-ids", b"id:  a\ndata: 1\n\n", Outcome.WARN),
        ("framing.portable-ids", b"id: a \ndata: 1\n\n", Outcome.WARN),
        ("framing.portable-ids", b"id: a b\ndata: 1\n\n", Outcome.PASS),
        ("framing.portable-ids", b"id: a\tb\ndata: 1\n\n", Outcome.WARN),
        ("framing.portable-ids", "id: \u00e9\ndata: 1\n\n".encode(), Outcome.WARN),
        ("framing.portable-ids", b"id\ndata: 1\n\n", Outcome.PASS),
        ("framing.id-with-data", b"id: 1\ndata:\n\n", Outcome.PASS),
        ("framing.id-with-data", b"id: 1\n\n", Outcome.WARN),
        ("framing.id-with-data", b"event: a\n\n", Outcome.PASS),
        ("framing.plain-line-ends", b"data: 1\n\n", Outcome.PASS),
        ("framing.plain-line-ends", b"data: 1\r\n\r\n", Outcome.WARN),
        ("framing.plain-line-ends", b"data: 1\r\r", Outcome.WARN),
        ("framing.plain-line-ends", b"\xef\xbb\xbfdata: 1\n\n", Outcome.WARN),
        ("framing.strict-json", b'event: snapshot\ndata: {"a": 1}\n\n', Outcome.PASS),
        ("framing.strict-json", b'event: notification\ndata: {"a": NaN}\n\n', Outcome.FAIL),
        ("framing.strict-json", b"event: snapshot\ndata: [1]\n\n", Outcome.FAIL),
        ("framing.strict-json", b'event: snapshot\ndata: "{}"\n\n', Outcome.FAIL),
        ("framing.strict-json", b"event: other\ndata: x\n\n", Outcome.UNTESTED),
    ],
    ids=lambda value: value.decode("latin-1")[:40] if isinstance(value, bytes) else str(value),
)
def test_bytes_and_what_is_said_of_them(rule, body, wanted):
    assert verdict(rule, body).outcome is wanted


def test_a_finding_says_how_many_bytes_are_no_utf8_and_where_the_first_is():
    (breach,) = verdict("framing.utf8", b"data: 1\n\n", b"data: \xe9\xe8 x\n\n").breaches
    assert breach.actual == "2 undecodable, the first at byte 15: e9 e8 20 78"
    assert breach.evidence.start == 9


def test_a_byte_belongs_to_the_frame_that_begins_with_it():
    (breach,) = verdict("framing.utf8", b"data: 1\n\n\xe9\n\n").breaches
    assert breach.evidence.start == 9


def test_each_kind_of_line_end_is_named_once_a_stream():
    (breach,) = verdict("framing.plain-line-ends", b"data: 1\r\nid: 1\r\n\ndata: 1\r\r").breaches
    assert breach.actual == "CRLF"


@pytest.mark.parametrize(
    ("rest", "wanted"),
    [
        (b"", Outcome.PASS),
        (b"\n", Outcome.PASS),
        (b": a comment\n", Outcome.PASS),
        (b"data: 1\n", Outcome.FAIL),
        (b"da", Outcome.FAIL),
    ],
)
def test_only_a_comment_needs_no_blank_line(rest, wanted):
    assert verdict("framing.frames-complete", snapshot() + rest, ends=(9.0, e.EndKind.COMPLETE)).outcome is wanted


@pytest.mark.parametrize(
    ("ends", "wanted"),
    [
        ((5.9, e.EndKind.CLOSED), Outcome.PASS),
        ((6.0, e.EndKind.CLOSED), Outcome.FAIL),
        ((5.9, e.EndKind.COMPLETE), Outcome.FAIL),
        (None, Outcome.FAIL),
    ],
    ids=["hung up while it was underway", "not underway any more", "ended by the target", "open"],
)
def test_what_was_underway_when_the_suite_hung_up_may_have_become_whole(ends, wanted):
    pieces = ((1.0, snapshot()), (4.0, b"data: 1\n"))
    assert verdict("framing.frames-complete", *pieces, ends=ends).outcome is wanted
