"""What comes to the other instance, by the record alone."""

import pytest

from sse_conform import entries as e
from sse_conform.rules import BY_ID
from sse_conform.spec import Capability
from sse_conform.terms import Terms
from sse_conform.verdict import Outcome, judge

from ..records import completed, notification, published, snapshot, stream, transcript

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


def test_a_stream_that_was_closed_before_the_event_was_due_owes_nothing():
    assert outcome(ends=(2.0, e.EndKind.CLOSED)) is Outcome.UNTESTED
