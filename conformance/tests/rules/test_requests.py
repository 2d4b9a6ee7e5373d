"""Other methods, odd headers and a compressed stream."""

import msgspec
import pytest

from sse_conform import entries as e
from sse_conform.rules import BY_ID
from sse_conform.spec import Capability
from sse_conform.terms import Terms
from sse_conform.verdict import Outcome, judge

from ..records import completed, disturbed, notification, published, snapshot, stream, transcript

METHODS, ODD, COMPRESSED = "stream.methods", "stream.odd-requests", "stream.compressed"
TERMS = Terms(latency=2.0, capabilities=tuple(Capability))
ORDINARY = stream((0.2, snapshot()), scene="preflight", part="control", conn=50)


def verdict(rule, *lines, ordinary=ORDINARY):
    done = map(completed, (METHODS, ODD, COMPRESSED))
    return judge(BY_ID[rule], transcript(ordinary, *lines, *done, terms=TERMS))


def asked(method, *pieces, **fields):
    return stream(*pieces, scene=METHODS, method=method, **{"headers": ()} | fields)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (asked("HEAD", ends=(1.0, e.EndKind.COMPLETE)), []),
        (asked("HEAD", status=405, ends=(1.0, e.EndKind.EOF)), []),
        (asked("HEAD", (0.5, b"abc"), ends=(1.0, e.EndKind.COMPLETE)), ["3 bytes"]),
        (asked("HEAD", ends=(2.0, e.EndKind.CLOSED)), ["it was still open after 2 s"]),
        (asked("HEAD", status=None, ends=(2.0, e.EndKind.HEAD_TIMEOUT)), ["it ended"]),
        (asked("HEAD", status=None), ["no answer"]),
    ],
    ids=["ends", "refused", "a body", "hangs", "no head", "nothing"],
)
def test_head_ends_without_a_body(line, said):
    assert [breach.actual for breach in verdict("stream.head-method", line).breaches] == said


@pytest.mark.parametrize(
    ("status", "headers", "opens", "refused"),
    [
        (405, (("allow", "GET"),), Outcome.PASS, Outcome.PASS),
        (405, (), Outcome.PASS, Outcome.WARN),
        (404, (("allow", "GET"),), Outcome.PASS, Outcome.WARN),
        (200, (("content-type", "text/event-stream"),), Outcome.FAIL, Outcome.WARN),
        (200, (("content-type", "text/html"),), Outcome.PASS, Outcome.WARN),
        (201, (("content-type", "text/event-stream"),), Outcome.PASS, Outcome.WARN),
        (None, (), Outcome.PASS, Outcome.UNTESTED),
        (429, (), Outcome.UNTESTED, Outcome.UNTESTED),
    ],
)
@pytest.mark.parametrize("place", [("POST", METHODS), ("PUT", METHODS), ("DELETE", "rate_limit.burst")])
def test_another_method_opens_nothing_and_had_better_be_told_so(place, status, headers, opens, refused):
    method, scene = place
    line = stream(scene=scene, method=method, status=status, headers=headers)
    assert verdict("stream.get-only", line).outcome is opens
    assert verdict("stream.method-not-allowed", line).outcome is refused
    assert verdict("stream.head-method", line).outcome is Outcome.UNTESTED


def test_other_methods_tell_nothing_where_no_get_worked():
    assert verdict("stream.get-only", asked("POST"), ordinary=[]).outcome is Outcome.UNTESTED


def odd(*pieces, part="no-accept", sent=(), conn=1, **fields):
    attempt, *rest = stream(*pieces, scene=ODD, part=part, conn=conn, **fields)
    return [msgspec.structs.replace(attempt, headers=sent), *rest]


CLOSED = (9.0, e.EndKind.CLOSED)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (odd((0.5, snapshot()), ends=CLOSED), []),
        (odd(status=406), []),
        (odd(status=415), []),
        (odd(status=500), ["no-accept: 500"]),
        (odd(status=400), ["no-accept: 400"]),
        (odd(ends=CLOSED), ["no-accept: none came"]),
        (odd(ends=(9.0, e.EndKind.COMPLETE)), []),
        (odd(status=None, ends=(2.0, e.EndKind.RESET)), ["no-accept: it ended"]),
        (odd(status=None), ["no-accept: none"]),
    ],
    ids=["well", "406", "415", "500", "400", "silence", "ended, which is for another rule", "reset", "nothing"],
)
def test_an_odd_header_does_no_harm(line, said):
    assert [breach.actual for breach in verdict("stream.odd-headers", line).breaches] == said


def test_which_attempt_tells_of_odd_headers():
    together, alone = odd(part="all-at-once", status=500), odd(status=200, conn=2)
    lower = odd(part="lower-case-scheme", status=401, conn=3)
    assert verdict("stream.odd-headers", together).outcome is Outcome.FAIL
    assert verdict("stream.odd-headers", together, alone).outcome is Outcome.PASS
    assert verdict("stream.odd-headers", lower).outcome is Outcome.UNTESTED
    assert verdict("stream.odd-headers", odd(status=429)).outcome is Outcome.UNTESTED
    assert verdict("stream.odd-headers", together, ordinary=[]).outcome is Outcome.UNTESTED


BEARER = (("authorization", "bearer <token>"),)


@pytest.mark.parametrize(
    ("part", "status", "sent", "wanted"),
    [
        ("lower-case-scheme", 200, BEARER, Outcome.PASS),
        ("lower-case-scheme", 401, BEARER, Outcome.WARN),
        ("lower-case-scheme", 429, BEARER, Outcome.UNTESTED),
        ("lower-case-scheme", None, BEARER, Outcome.UNTESTED),
        ("lower-case-scheme", 401, (), Outcome.UNTESTED),
        ("all-at-once", 200, BEARER, Outcome.PASS),
        ("all-at-once", 401, BEARER, Outcome.UNTESTED),
        ("no-accept", 401, BEARER, Outcome.UNTESTED),
    ],
)
def test_a_scheme_in_lower_case_is_the_same(part, status, sent, wanted):
    assert verdict("auth.scheme-case", odd(part=part, status=status, sent=sent)).outcome is wanted


SENT = published(3.0, acked=3.5, scene=COMPRESSED)


def compressed(*told, **fields):
    return stream((1.0, snapshot()), *told, scene=COMPRESSED, **fields)


def test_a_compressed_event_is_in_time_up_to_the_end_of_the_budget():
    def found(at, *more):
        return verdict("stream.compressed-in-time", SENT, compressed((at, notification(SENT.marker))), *more)

    assert found(5.5).outcome is Outcome.PASS
    assert found(5.75).breaches[0].actual == "after 2.250 s"
    assert found(5.75, disturbed(4, 4.2)).outcome is Outcome.FAIL
    assert found(5.75, disturbed(4, 4.3)).outcome is Outcome.INCONCLUSIVE


def test_of_an_event_that_comes_twice_the_first_counts():
    copies = [(at, notification(SENT.marker)) for at in (4.0, 8.0)]
    assert verdict("stream.compressed-in-time", SENT, compressed(*copies)).outcome is Outcome.PASS


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (compressed(), ["the event within 2 s"]),
        (stream(scene=COMPRESSED), ["the snapshot within 2 s"]),
        (stream(scene=COMPRESSED, status=406), []),
    ],
    ids=["no event", "no snapshot", "refused"],
)
def test_what_never_came_is_told(line, expected):
    found = verdict("stream.compressed-in-time", SENT, line)
    assert [breach.expected for breach in found.breaches] == expected
    assert not found.breaches or found.breaches[0].actual == "it never came"


def test_a_target_that_greets_nobody_owes_no_compressed_snapshot():
    assert verdict("stream.compressed-in-time", stream(scene=COMPRESSED), ordinary=[]).outcome is Outcome.UNTESTED


def in_br(*octets, until=9.0, accepted="gzip, br", coding="br"):
    head = (("content-type", "text/event-stream"), ("content-encoding", coding))
    attempt, *rest = stream(*octets, scene=COMPRESSED, headers=head, ends=(until, e.EndKind.CLOSED))
    return [msgspec.structs.replace(attempt, headers=(("accept-encoding", accepted),)), *rest]


@pytest.mark.parametrize(
    ("line", "wanted"),
    [
        (in_br((1.0, b"\n\n"), (5.5, b"\x03")), Outcome.PASS),
        (in_br((1.0, b"\n\n"), (5.75, b"\x03")), Outcome.FAIL),
        (in_br((1.0, b"\n\n"), (3.0, b"\x03")), Outcome.FAIL),
        (in_br(), Outcome.FAIL),
        (in_br(until=5.0), Outcome.UNTESTED),
        (in_br((4.0, b"\x03"), accepted="gzip"), Outcome.FAIL),
    ],
    ids=["in time", "late", "too soon to be it", "nothing", "not watched for long enough", "not asked for"],
)
def test_of_what_cannot_be_undone_some_octets_come_in_time(line, wanted):
    assert verdict("stream.compressed-in-time", SENT, line).outcome is wanted


@pytest.mark.parametrize(
    "changes",
    [{"accepted": False}, {"to": "bob"}, {"scene": "delivery.live"}],
    ids=["refused", "another's", "elsewhere"],
)
def test_of_what_cannot_be_undone_only_what_its_user_was_sent_then_is_due(changes):
    other = published(3.0, acked=3.5, **{"scene": COMPRESSED} | changes)
    assert verdict("stream.compressed-in-time", other, in_br((1.0, b"\n\n"))).outcome is Outcome.UNTESTED


def test_what_cannot_be_undone_is_not_read():
    assert verdict("framing.field-names", in_br((1.0, b"Data: x\n\n"))).findings == 0
