"""What a stop and a restart say of a target, by the record alone."""

import json

import pytest

from sse_conform import entries as e
from sse_conform.rules import BY_ID
from sse_conform.spec import Capability
from sse_conform.terms import Terms
from sse_conform.verdict import Outcome, judge

from ..records import completed, disturbed, exchanged, ns, published, snapshot, stream, transcript

SCENE = "shutdown.restart"
TERMS = Terms(grace=10.0, capabilities=tuple(Capability))
ENDS, DRAIN, LOSES = (
    BY_ID[name] for name in ("shutdown.ends-cleanly", "framing.clean-drain", "shutdown.loses-nothing")
)
STOP = e.Commanded(t=ns(5), scene=SCENE, order=e.Order.STOP, done=ns(6))
START = e.Commanded(t=ns(20), scene=SCENE, order=e.Order.START, done=ns(21), answers=ns(21))


def outcome(rule, *lines):
    return judge(rule, transcript(*lines, completed(SCENE), terms=TERMS)).outcome


def ended(at, kind, *pieces):
    pieces = pieces or ((1, snapshot()),)
    return stream(*pieces, scene=SCENE, part="open", ends=(at, kind)), STOP


# how the streams end


@pytest.mark.parametrize("kind", [e.EndKind.COMPLETE, e.EndKind.CLOSE_DELIMITED])
@pytest.mark.parametrize("at", [14.5, 16.0])
def test_an_end_in_order_and_in_time_passes(at, kind):
    assert [outcome(rule, *ended(at, kind)) for rule in (ENDS, DRAIN)] == [Outcome.PASS, Outcome.PASS]


@pytest.mark.parametrize("kind", [e.EndKind.RESET, e.EndKind.EOF])
def test_a_stream_that_breaks_off_is_a_breach_of_both(kind):
    assert [outcome(rule, *ended(5.2, kind)) for rule in (ENDS, DRAIN)] == [Outcome.FAIL, Outcome.WARN]


@pytest.mark.parametrize("kind", [e.EndKind.COMPLETE, e.EndKind.EOF, e.EndKind.CLOSED])
def test_after_the_grace_it_is_late_however_it_ends_and_no_drain(kind):
    assert [outcome(rule, *ended(17, kind)) for rule in (ENDS, DRAIN)] == [Outcome.FAIL, Outcome.UNTESTED]


@pytest.mark.parametrize(("lag", "wanted"), [(0.9, Outcome.FAIL), (1.1, Outcome.INCONCLUSIVE)])
def test_lag_explains_a_late_end_where_it_was_as_long(lag, wanted):
    assert outcome(ENDS, *ended(17, e.EndKind.COMPLETE), disturbed(8, 8 + lag)) is wanted


def test_what_the_suite_closed_within_the_grace_proves_nothing_against_the_target():
    assert outcome(ENDS, *ended(8, e.EndKind.CLOSED)) is Outcome.PASS


def test_an_event_that_is_begun_and_left_is_a_breach():
    half = (5.1, b"event: notification\ndata: {")
    assert outcome(DRAIN, *ended(5.2, e.EndKind.COMPLETE, (1, snapshot()), half)) is Outcome.WARN


def test_where_no_frame_is_ever_completed_nothing_is_said_of_the_drain():
    melted = snapshot()[:-1]
    assert outcome(DRAIN, *ended(5.2, e.EndKind.COMPLETE, (1, melted), (2, melted))) is Outcome.UNTESTED


@pytest.mark.parametrize("last", [b": going down\n", b"retry: 100\n\n", b"\n"])
def test_last_words_that_are_no_event_are_none(last):
    assert outcome(DRAIN, *ended(5.2, e.EndKind.COMPLETE, (1, snapshot()), (5.1, last))) is Outcome.PASS


def test_a_stream_that_was_over_before_the_stop_says_nothing():
    assert outcome(ENDS, *ended(4, e.EndKind.RESET)) is Outcome.UNTESTED


# what is left


def publish(part, at, *, accepted=True, number=1):
    return published(at=at, scene=SCENE, part=part, accepted=accepted, number=number)


KEPT, LATER = publish("kept", 0.5), publish("meanwhile", 5.1, number=2)


def told(*events):
    items = [{"id": number, "type": "alert", "message": event.marker} for number, event in enumerate(events)]
    return snapshot(*items)


def polled(*events, status=200):
    body = told(*events).split(b"data: ")[1]
    return exchanged(t=ns(22), scene=SCENE, part="after", status=status, body=json.dumps(json.loads(body)).encode())


OPEN = stream((1, told(KEPT)), scene=SCENE, part="open", at=0.9, ends=(5.5, e.EndKind.COMPLETE))
BEFORE = (KEPT, LATER, OPEN, STOP, START)


def after(*pieces, status=200):
    return stream(*pieces, scene=SCENE, part="after", conn=2, at=23, status=status)


def test_what_polling_or_the_stream_still_tells_is_not_lost():
    assert outcome(LOSES, *BEFORE, polled(KEPT, LATER)) is Outcome.PASS
    assert outcome(LOSES, *BEFORE, polled(KEPT), after((24, told(LATER)))) is Outcome.PASS
    assert outcome(LOSES, *BEFORE, polled(KEPT), polled(LATER)) is Outcome.PASS
    late = b'event: notification\ndata: {"id": 2, "message": "%s"}\n\n' % LATER.marker.encode()
    assert outcome(LOSES, *BEFORE, after((24, told(KEPT)), (25, late))) is Outcome.PASS


def test_what_neither_tells_is_lost():
    found = judge(LOSES, transcript(*BEFORE, polled(KEPT), after((24, told(KEPT))), completed(SCENE), terms=TERMS))
    assert (found.outcome, found.findings) == (Outcome.FAIL, 1)
    assert found.breaches[0].actual == "it is not: polling answers 200 and the stream answers 200"


def test_a_target_that_no_longer_knows_the_user_has_lost_everything():
    assert outcome(LOSES, *BEFORE, polled(status=401), after(status=401)) is Outcome.FAIL


def test_what_was_refused_is_not_owed():
    assert (
        outcome(LOSES, KEPT, publish("meanwhile", 5.1, accepted=False), OPEN, STOP, START, polled(KEPT)) is Outcome.PASS
    )


@pytest.mark.parametrize(
    "lines",
    [
        (KEPT, LATER, OPEN, STOP, polled()),
        (KEPT, LATER, stream((1, told()), scene=SCENE, part="open", at=0.9), STOP, START, polled()),
        (*BEFORE, polled(status=500)),
    ],
    ids=["no restart", "keeps nothing anyway", "nobody could be asked"],
)
def test_where_nothing_follows_nothing_is_said(lines):
    assert outcome(LOSES, *lines) is Outcome.UNTESTED
