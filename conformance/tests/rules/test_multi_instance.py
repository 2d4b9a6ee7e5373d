"""What comes to the other instance, by the record alone."""

import pytest

from sse_conform import entries as e
from sse_conform.rules import BY_ID
from sse_conform.spec import Capability
from sse_conform.terms import Terms
from sse_conform.verdict import Outcome, judge

from ..records import completed, notification, ns, published, snapshot, stream, transcript

SCENE = "multi_instance.far"
RULE = BY_ID["multi_instance.delivers"]
TERMS = Terms(latency=2.0, capabilities=tuple(Capability))
SENT = published(at=1.0, scene=SCENE, part="near")


def outcome(*came, ends=(9.0, e.EndKind.CLOSED)):
    told = ((at, notification(SENT.marker)) for at in came)
    far = stream((0.5, snapshot()), *told, scene=SCENE, part="far", ends=ends, instance="http://two.example")
    return judge(RULE, transcript(far, SENT, completed(SCENE), terms=TERMS)).outcome


@pytest.mark.parametrize(
    ("came", "expected"),
    [
        ((1.1,), Outcome.PASS),
        ((2.9,), Outcome.PASS),
        ((3.5,), Outcome.FAIL),
        ((), Outcome.FAIL),
        ((1.1, 1.2), Outcome.FAIL),
    ],
    ids=["soon", "just in time", "late", "never", "twice"],
)
def test_an_event_is_due_in_time_and_once(came, expected):
    assert outcome(*came) is expected


def test_of_two_copies_the_second_is_pointed_at():
    told = ((at, notification(SENT.marker)) for at in (1.1, 1.2))
    far = stream((0.5, snapshot()), *told, scene=SCENE, part="far", ends=(9.0, e.EndKind.CLOSED))
    (breach,) = judge(RULE, transcript(far, SENT, completed(SCENE), terms=TERMS)).breaches
    assert breach.evidence.t == ns(1.2)


def test_a_stream_that_was_closed_before_the_event_was_due_owes_nothing():
    assert outcome(ends=(2.0, e.EndKind.CLOSED)) is Outcome.UNTESTED


# the broker between them


BROKER = "multi_instance.broker"
DOWN, RESTART = BY_ID["multi_instance.broker-down"], BY_ID["multi_instance.broker-restart"]
OUTAGE = [
    e.Commanded(t=ns(at), scene=BROKER, order=order, done=ns(at + 0.5))
    for at, order in ((2, e.Order.BROKER_STOP), (4, e.Order.BROKER_START))
]
MEANWHILE = published(at=3.0, scene=BROKER, part="down")
REFUSED = published(at=3.0, scene=BROKER, part="down", accepted=False, status=500)
AFTER = published(at=6.0, scene=BROKER, part="after", number=2)


BEFORE = published(at=1.0, scene=BROKER, part="before", number=5)


def listening(*told, ends=(9.0, e.EndKind.CLOSED)):
    return stream((0.5, snapshot()), *told, scene=BROKER, part="far", at=0.4, ends=ends)


def of_broker(rule, *lines):
    return judge(rule, transcript(*lines, *OUTAGE, completed(BROKER), terms=TERMS)).outcome


def heard(at, event):
    return at, notification(event.marker)


WELL = heard(1.1, BEFORE)


def listing(*events):
    return snapshot(*({"id": number, "type": "alert", "message": each.marker} for number, each in enumerate(events)))


def test_what_is_refused_told_later_or_left_to_a_snapshot_is_not_lost_in_silence():
    assert of_broker(DOWN, BEFORE, REFUSED, listening(WELL)) is Outcome.PASS
    assert of_broker(DOWN, BEFORE, MEANWHILE, listening(WELL, heard(5.0, MEANWHILE))) is Outcome.PASS
    assert of_broker(DOWN, BEFORE, MEANWHILE, listening(WELL, ends=(4.6, e.EndKind.COMPLETE))) is Outcome.PASS
    again = stream((5.1, listing(MEANWHILE)), scene=BROKER, part="again", at=5.0, conn=2)
    assert of_broker(DOWN, BEFORE, MEANWHILE, listening(WELL), again) is Outcome.PASS


def test_what_is_accepted_and_kept_from_an_open_stream_is_lost_in_silence():
    assert of_broker(DOWN, BEFORE, MEANWHILE, listening(WELL)) is Outcome.FAIL


def test_one_event_across_proves_that_the_broker_was_found_again():
    early = published(at=5.0, scene=BROKER, part="after", number=3)
    assert of_broker(RESTART, BEFORE, early, AFTER, listening(WELL, heard(6.1, AFTER))) is Outcome.PASS
    assert of_broker(RESTART, BEFORE, AFTER, listening(WELL, ends=(4.6, e.EndKind.COMPLETE))) is Outcome.FAIL
    assert of_broker(RESTART, BEFORE, early, AFTER, listening(WELL)) is Outcome.FAIL


def test_up_to_the_end_of_the_budget_an_event_before_the_outage_was_heard_across():
    assert of_broker(DOWN, BEFORE, MEANWHILE, listening(heard(3.0, BEFORE))) is Outcome.FAIL


@pytest.mark.parametrize("told", [(), (heard(3.5, BEFORE),)], ids=["never", "late"])
def test_where_events_were_not_heard_across_before_either_the_broker_is_not_to_blame(told):
    for rule in (DOWN, RESTART):
        assert of_broker(rule, BEFORE, MEANWHILE, AFTER, listening(*told)) is Outcome.UNTESTED


@pytest.mark.parametrize("rule", [DOWN, RESTART], ids=lambda rule: rule.id)
def test_without_an_outage_nothing_is_said(rule):
    lines = (BEFORE, MEANWHILE, AFTER, listening(WELL), completed(BROKER))
    assert judge(rule, transcript(*lines, terms=TERMS)).outcome is Outcome.UNTESTED
