"""Each event once, in order, with an id of its own; nothing of what was refused."""

import pytest

from sse_conform import entries as e
from sse_conform.rules import BY_ID
from sse_conform.spec import Capability
from sse_conform.terms import Terms
from sse_conform.verdict import Outcome, judge

from ..records import completed, event, notification, published, snapshot, stream, transcript

LIVE, BURST = "delivery.live", "delivery.burst"
TERMS = Terms(latency=2.0, capabilities=tuple(Capability))
FIRST, SECOND = (published(float(at), number=at, scene=LIVE, part="sequence") for at in (2, 3))


def verdict(rule, *lines):
    return judge(BY_ID[rule], transcript(*lines, completed(LIVE), completed(BURST), terms=TERMS))


def tab(*told, scene=LIVE, **attempt):
    return stream((1.0, snapshot()), *told, scene=scene, **attempt)


def note(message, *, at=2.0, id=1, name="notification"):
    return at, event(name, {"id": id, "type": "alert", "message": message})


@pytest.mark.parametrize(
    ("told", "wanted"),
    [
        ((note("a"), note("b")), Outcome.PASS),
        ((note("a"), note("a", id=2)), Outcome.PASS),
        ((note("a"), note("a")), Outcome.FAIL),
        ((note("a"), note("b", id=2), note("a")), Outcome.FAIL),
        ((note("a", id=None), note("a", id=None)), Outcome.PASS),
        ((note("a"), note("a", name="other")), Outcome.PASS),
        ((note("a", name="other"), note("a", name="other")), Outcome.UNTESTED),
        ((), Outcome.UNTESTED),
    ],
    ids=["texts", "ids", "twice", "later", "without ids", "another type", "no notification", "nothing"],
)
def test_a_copy_has_the_same_id_and_text(told, wanted):
    assert verdict("delivery.once", tab(*told)).outcome is wanted


def test_a_copy_is_named_once_a_stream_and_hostile_texts_may_forge_some():
    copies = (note("a", id=7), note("a", id=7), note("a", id=7))
    assert [breach.actual for breach in verdict("delivery.once", tab(*copies)).breaches] == ["another copy of id 7"]
    assert verdict("delivery.once", tab(*copies, scene="framing.hostile-text")).outcome is Outcome.UNTESTED


@pytest.mark.parametrize(
    ("told", "wanted"),
    [
        ((note("a"), note("b", id=2)), Outcome.PASS),
        ((note("a"), note("a")), Outcome.PASS),
        ((note("a"), note("b")), Outcome.FAIL),
        ((note("a"), note("b", id=2), note("c")), Outcome.FAIL),
        ((note("a"), note("b", name="other")), Outcome.PASS),
        ((note("a", id=None), note("b", id=None)), Outcome.PASS),
        ((note("a", name="other"),), Outcome.UNTESTED),
    ],
    ids=["ids", "the same", "reused", "reused later", "another type", "without ids", "no notification"],
)
def test_an_id_is_reused_for_no_other_text(told, wanted):
    assert verdict("delivery.unique-ids", tab(*told)).outcome is wanted


@pytest.mark.parametrize(
    ("order", "wanted"),
    [
        ((FIRST, SECOND), Outcome.PASS),
        ((SECOND, FIRST), Outcome.FAIL),
        ((FIRST,), Outcome.UNTESTED),
    ],
    ids=["in order", "the other way round", "one alone"],
)
def test_two_events_have_the_order_of_their_publishes(order, wanted):
    told = ((4.0 + place, notification(each.marker, id=each.number)) for place, each in enumerate(order))
    assert verdict("delivery.in-order", FIRST, SECOND, tab(*told)).outcome is wanted


def test_one_event_that_tells_of_two_publishes_tells_them_in_order():
    both = (4.0, notification(f"{SECOND.marker} {FIRST.marker}"))
    assert verdict("delivery.in-order", FIRST, SECOND, tab(both)).outcome is Outcome.PASS


def test_each_stream_has_an_order_of_its_own():
    told = {1: (FIRST, SECOND), 2: (SECOND, FIRST)}
    tabs = [
        tab(*((4.0 + at, notification(each.marker)) for at, each in enumerate(order)), conn=conn)
        for conn, order in told.items()
    ]
    assert verdict("delivery.in-order", FIRST, SECOND, *tabs).findings == 1


@pytest.mark.parametrize(
    ("changes", "heard", "wanted"),
    [
        ({}, False, Outcome.PASS),
        ({}, True, Outcome.FAIL),
        ({"status": 500}, True, Outcome.UNTESTED),
        ({"part": "round"}, True, Outcome.UNTESTED),
        ({"marker": "", "octets": b""}, True, Outcome.UNTESTED),
    ],
    ids=["silent", "told", "an error of the server", "not meant to be refused", "without a marker"],
)
def test_what_was_refused_is_not_told(changes, heard, wanted):
    refused = published(1.5, scene=LIVE, number=9, **{"part": "invalid", "status": 422, "accepted": False} | changes)
    told = [(2.1, notification(FIRST.marker)), *([(2.2, notification(refused.marker or "x"))] if heard else [])]
    assert verdict("delivery.refused-publish", refused, FIRST, tab(*told)).outcome is wanted


def test_that_nothing_came_of_it_counts_only_where_a_later_event_came():
    refused = published(1.5, scene=LIVE, number=9, part="invalid", status=422, accepted=False)
    assert verdict("delivery.refused-publish", refused, FIRST, tab()).outcome is Outcome.UNTESTED


def test_one_that_slept_has_not_been_away():
    back = published(3.0, scene="reconnect.drops")
    lines = (back, tab(scene="reconnect.drops"), completed("reconnect.drops"))
    assert verdict("delivery.after-return", *lines).outcome is Outcome.FAIL
    slept = e.Disturbed(t=0, until=1, kind=e.Disturbance.PAUSE, conn=1)
    assert verdict("delivery.after-return", slept, *lines).outcome is Outcome.UNTESTED
    cut = e.Disturbed(t=0, until=1, kind=e.Disturbance.CUT, conn=1)
    assert verdict("delivery.after-return", cut, *lines).outcome is Outcome.FAIL
