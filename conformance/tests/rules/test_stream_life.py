"""A stream starts within the budget, and stays open for as long as was promised."""

import pytest
from msgspec.structs import replace

from sse_conform import entries as e
from sse_conform.rules import BY_ID
from sse_conform.terms import Terms
from sse_conform.verdict import Outcome, judge

from ..records import completed, disturbed, event, ns, snapshot, stream, transcript

IDLE = "idle.stream"
#: An idle stream is watched for 32 seconds.
TERMS = Terms(latency=2.0, heartbeat=10.0)


def verdict(rule, *pieces, scene=IDLE, more=(), ends=(100.0, e.EndKind.CLOSED), **attempt):
    lines = stream(*pieces, scene=scene, ends=ends, **attempt)
    return judge(BY_ID[rule], transcript(lines, *more, completed("preflight"), completed(IDLE), terms=TERMS))


@pytest.mark.parametrize(
    ("pieces", "ends", "wanted"),
    [
        (((2.0, snapshot()),), 100.0, Outcome.PASS),
        (((2.25, snapshot()),), 100.0, Outcome.FAIL),
        (((1.0, b":\n\n"), (2.25, snapshot())), 100.0, Outcome.FAIL),
        (((1.0, b":\n\n"),), 100.0, Outcome.PASS),
        (((2.25, b":\n\n"),), 100.0, Outcome.FAIL),
        (((1.0, b":\n\n"), (2.25, event("ping", {}))), 100.0, Outcome.FAIL),
        (((1.0, event("ping", {})), (2.25, snapshot())), 100.0, Outcome.FAIL),
        (((1.0, event("ping", {})), (2.25, b":\n\n")), 100.0, Outcome.PASS),
        ((), 2.25, Outcome.FAIL),
        ((), 2.0, Outcome.UNTESTED),
    ],
    ids=[
        "in time",
        "late",
        "late after a comment",
        "a sign",
        "a late sign",
        "a late event",
        "late after an event",
        "an event",
        "nothing",
        "nothing yet",
    ],
)
def test_the_snapshot_or_the_first_sign_of_one_is_due_within_the_budget(pieces, ends, wanted):
    assert verdict("stream.starts-in-time", *pieces, ends=(ends, e.EndKind.CLOSED)).outcome is wanted


def test_the_budget_begins_when_the_connection_is_there():
    connected = [e.Connected(t=ns(0.5), conn=1, address="127.0.0.1")]
    found = [verdict("stream.starts-in-time", (at, snapshot()), more=connected) for at in (2.5, 2.75)]
    assert [each.outcome for each in found] == [Outcome.PASS, Outcome.FAIL]
    assert found[1].breaches[0].actual == "it came after 2.250 s"


@pytest.mark.parametrize(("lag", "wanted"), [(0.2, Outcome.FAIL), (0.3, Outcome.INCONCLUSIVE)])
def test_lag_explains_a_late_start_where_it_was_as_long(lag, wanted):
    assert verdict("stream.starts-in-time", (2.25, snapshot()), more=[disturbed(1, 1 + lag)]).outcome is wanted


def test_in_a_crowd_that_the_suite_makes_itself_a_start_may_take_longer():
    assert verdict("stream.starts-in-time", (9.0, snapshot()), scene="delivery.burst").outcome is Outcome.UNTESTED


@pytest.mark.parametrize(
    ("ends", "wanted"),
    [
        ((32.5, e.EndKind.COMPLETE), Outcome.PASS),
        ((32.25, e.EndKind.COMPLETE), Outcome.FAIL),
        ((20.0, e.EndKind.CLOSED), Outcome.PASS),
        (None, Outcome.PASS),
    ],
    ids=["as long as promised", "shorter", "closed by us", "open to the end"],
)
def test_a_stream_stays_open_for_longer_than_three_heartbeats(ends, wanted):
    assert verdict("stream.stays-open", (1.0, snapshot()), at=0.5, ends=ends).outcome is wanted


def test_its_age_counts_from_the_request_though_its_head_came_late():
    asked, *rest = stream((2.0, snapshot()), at=1.0, scene=IDLE, ends=(32.5, e.EndKind.COMPLETE))
    lines = replace(asked, t=ns(0.5)), *rest
    assert judge(BY_ID["stream.stays-open"], transcript(*lines, completed(IDLE), terms=TERMS)).outcome is Outcome.PASS


def test_one_whose_reader_slept_may_be_ended():
    ends, slept = (3.0, e.EndKind.COMPLETE), disturbed(1, 2, conn=1, kind=e.Disturbance.PAUSE)
    fields = {"scene": "delivery.live", "ends": ends}
    assert verdict("stream.stays-open", (1.0, snapshot()), **fields).outcome is Outcome.FAIL
    assert verdict("stream.stays-open", (1.0, snapshot()), more=[slept], **fields).outcome is Outcome.UNTESTED


@pytest.mark.parametrize("kind", e.EndKind)
def test_a_reset_a_cut_and_what_is_no_http_are_broken_ends(kind):
    broken = {e.EndKind.RESET, e.EndKind.EOF, e.EndKind.PROTOCOL_ERROR, e.EndKind.OVERFLOW}
    found = verdict("stream.no-broken-end", (1.0, snapshot()), ends=(9.0, kind)).outcome
    assert found is (Outcome.FAIL if kind in broken else Outcome.PASS)


@pytest.mark.parametrize("rule", ["stream.no-broken-end", "stream.stays-open"])
def test_an_end_that_should_not_be_is_shown_by_the_last_event_before_it(rule):
    found = verdict(rule, (1.0, snapshot()), (2.0, event("ping", {})), ends=(9.0, e.EndKind.RESET))
    assert found.breaches[0].evidence.t == ns(2)
