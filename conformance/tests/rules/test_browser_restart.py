"""A page that is open while the service is restarted comes back, and knows what happened meanwhile."""

import json

import pytest

from sse_conform import entries as e
from sse_conform.browser_entries import PageOpened, PageSaw, Sight
from sse_conform.browser_evidence import CLOSED, CONNECTING, OPEN
from sse_conform.rules import BY_ID
from sse_conform.spec import Capability
from sse_conform.terms import Terms
from sse_conform.verdict import Outcome, judge

from ..records import completed, ns, published, stream, transcript

SCENE = "shutdown.restart"
STOP, START, BACK = 10.0, 12.0, 14.0


def saw(at, sight, state, **details):
    return PageSaw(t=ns(at), page=1, scene=SCENE, sight=sight, source=1, ready_state=state, **details)


def told(*markers, at=BACK + 0.5):
    listed = json.dumps({"unread": len(markers), "items": [{"id": each, "message": each} for each in markers]})
    return saw(at, Sight.MESSAGE, OPEN, type="snapshot", data=listed)


def verdict(*sights, status=200, returned=True, until=100.0, after=BACK, before=OPEN, started=True):
    """A page that was connected when the service was stopped, and was answered with this status once it was back."""
    opened = PageOpened(
        t=0, page=1, device=1, scene=SCENE, part="page", user="alice", token=e.TokenKind.GENUINE, browser="chromium 1"
    )
    lines = [
        opened,
        saw(1, Sight.OPEN, before),
        *stream(scene=SCENE, page=1, at=0.5, ends=(STOP + 0.5, e.EndKind.COMPLETE)),
        e.Commanded(t=ns(STOP), scene=SCENE, order=e.Order.STOP, done=ns(STOP + 1)),
    ]
    if started:
        answers = ns(START + 1)
        lines.append(e.Commanded(t=ns(START), scene=SCENE, order=e.Order.START, done=answers, answers=answers))
    if after is not None:
        lines += stream(scene=SCENE, page=1, conn=2, at=after, status=status)
    if returned:
        lines.append(published(BACK, number=7, scene=SCENE, part="returned", marker="mk7"))
    terms = Terms(latency=2.0, capabilities=(Capability.BROWSER, Capability.RESTART, Capability.TRIGGERS))
    found = transcript(lines, *sights, completed(SCENE, at=until), terms=terms)
    return judge(BY_ID["reconnect.after-faults-restart"], found)


def test_a_page_that_is_open_again_and_was_told_is_what_is_wanted():
    assert verdict(saw(BACK, Sight.OPEN, OPEN), told("mk7")).outcome is Outcome.PASS


def test_a_page_that_was_told_just_before_the_end_is_enough():
    assert verdict(saw(BACK, Sight.OPEN, OPEN), told("mk7"), until=BACK + 0.5).outcome is Outcome.PASS


@pytest.mark.parametrize(("state", "said"), [(CLOSED, "closed for good"), (CONNECTING, "still connecting")])
def test_a_page_that_met_a_refusal_is_not_back(state, said):
    judged = verdict(saw(BACK + 0.1, Sight.ERROR, state), status=503)
    assert judged.outcome is Outcome.FAIL
    assert judged.breaches[0].actual.startswith(f"{said} after 503")


def test_a_page_that_is_back_and_was_not_told_misses_something():
    judged = verdict(saw(BACK, Sight.OPEN, OPEN), told())
    assert judged.outcome is Outcome.FAIL
    assert judged.breaches[0].expected == "publish 7, made after the restart, in the page"


@pytest.mark.parametrize(
    "how",
    [
        {"status": 401},
        {"status": 429},
        {"after": None},
        {"before": CONNECTING},
        {"started": False},
        {"returned": False},
        {"until": BACK + 1.9},
    ],
    ids=["its session is over", "it comes too often", "it did not ask", "it was not connected", "there was no start",
         "nothing happened then", "there was no time to tell it"],
)  # fmt: skip
def test_nothing_follows_where(how):
    assert verdict(saw(BACK, Sight.OPEN, OPEN), told(), **how).outcome is Outcome.UNTESTED
