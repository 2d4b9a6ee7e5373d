"""What is created in one browser is due in another within the budget; more lag than it was late by explains it."""

import pytest

from sse_conform import entries as e
from sse_conform.browser_entries import PageOpened, PageSaw, Sight
from sse_conform.browser_evidence import OPEN
from sse_conform.rules.browser_delivery import is_seen_in_the_other_browser
from sse_conform.spec import Capability
from sse_conform.terms import Terms
from sse_conform.verdict import Outcome, judge

from ..records import completed, disturbed, ns, published, transcript

SCENE = "browser.creation"
TERMS = Terms(latency=2.0, capabilities=(Capability.BROWSER, Capability.TRIGGERS))
SENT = published(3.0, acked=3.5, scene=SCENE)


def verdict(told_at, *more):
    fields = {"page": 1, "scene": SCENE, "source": 1, "ready_state": OPEN}
    lines = [
        PageOpened(
            t=0, page=1, device=1, scene=SCENE, part="tab", user="alice", token=e.TokenKind.GENUINE, browser="b"
        ),
        PageSaw(t=ns(1), sight=Sight.OPEN, **fields),
        PageSaw(t=ns(told_at), sight=Sight.MESSAGE, type="notification", data=SENT.marker, **fields),
    ]
    return judge(is_seen_in_the_other_browser, transcript(lines, SENT, *more, completed(SCENE), terms=TERMS))


def test_it_is_in_time_up_to_the_end_of_the_budget_after_the_acknowledgement():
    assert verdict(5.5).outcome is Outcome.PASS
    late = verdict(5.75)
    assert late.outcome is Outcome.FAIL
    assert late.breaches[0].actual == "dispatched 2.250 s after the acknowledgement"


@pytest.mark.parametrize(("lag", "wanted"), [(0.2, Outcome.FAIL), (0.3, Outcome.INCONCLUSIVE)])
def test_lag_of_the_suite_explains_it_where_it_was_as_long_as_the_event_was_late(lag, wanted):
    assert verdict(5.75, disturbed(4.0, 4.0 + lag)).outcome is wanted
