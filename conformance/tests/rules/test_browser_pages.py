"""What pages are told is compared with the bytes, and absence counts only where a page could have been told."""

from typing import Any

import pytest

from sse_conform import entries as e
from sse_conform.browser_entries import PageOpened, PageSaw, Sight
from sse_conform.browser_evidence import OPEN
from sse_conform.browser_session import EVERYWHERE, FROZEN, LEFT, RELOADED
from sse_conform.rules import BY_ID
from sse_conform.spec import Capability
from sse_conform.terms import Terms
from sse_conform.verdict import Outcome, judge

from ..records import EVENT_STREAM, completed, ns, published, stream, transcript

CREATION, TABS = "browser.creation", "browser.tabs"
TERMS = Terms(latency=2.0, capabilities=(Capability.BROWSER, Capability.TRIGGERS))
FRAMES = b'id: 7\nevent: snapshot\ndata: {"items":\ndata: []}\n\nevent: ping\ndata: {}\n\n'
TOLD = (("snapshot", '{"items":\n[]}', "7"), ("ping", "{}", "7"))


def page(scene: str, part: str = "tab", number: int = 1) -> list[e.AnyEntry]:
    opened = {"page": number, "device": 1, "part": part, "user": "alice", "token": e.TokenKind.GENUINE, "browser": "b"}
    return [
        PageOpened(t=0, scene=scene, **opened),
        PageSaw(t=ns(1), page=number, scene=scene, sight=Sight.OPEN, source=1, ready_state=OPEN),
    ]


def message(scene: str, kind: str, data: str, last_event_id: str = "", *, at: float = 2.0) -> PageSaw:
    return PageSaw(
        t=ns(at), page=1, scene=scene, sight=Sight.MESSAGE, source=1, ready_state=OPEN, type=kind, data=data,
        last_event_id=last_event_id,
    )  # fmt: skip


def outcome(rule: str, scene: str, *lines: Any, until: float = 100.0) -> Outcome:
    recorded = transcript(*lines, completed(scene, at=until), terms=TERMS, scenes=(scene,))
    return judge(BY_ID[rule], recorded).outcome


def dispatched(*told: tuple[str, str, str], until: float = 100.0, **head: Any) -> Outcome:
    lines = [message(CREATION, *each) for each in told]
    bytes_ = stream((1.5, FRAMES), page=1, scene=CREATION, **head)
    return outcome("framing.browser-dispatches", CREATION, page(CREATION), bytes_, lines, until=until)


def test_a_page_that_is_told_what_the_bytes_spell_is_what_is_wanted():
    assert dispatched(*TOLD) is Outcome.PASS


@pytest.mark.parametrize(
    "told",
    [
        (),
        TOLD[:1],
        TOLD[1:],
        (*TOLD, TOLD[1]),
        (TOLD[0], ("message", "{}", "7")),
        (TOLD[0], ("ping", "{} ", "7")),
        (TOLD[0], ("ping", "{}", "")),
    ],
    ids=["nothing", "the last is missing", "the first is missing", "twice", "type", "data", "id"],
)
def test_what_differs_is_a_breach(told):
    assert dispatched(*told) is Outcome.FAIL


def test_what_came_just_before_the_page_was_closed_may_be_missing():
    assert dispatched(*TOLD[:1], until=2.0) is Outcome.PASS


def test_bytes_that_the_suite_does_not_read_spell_nothing():
    assert dispatched(headers=(*EVENT_STREAM, ("content-encoding", "br"))) is Outcome.UNTESTED


@pytest.mark.parametrize(("told", "wanted"), [(True, Outcome.PASS), (False, Outcome.FAIL)])
def test_every_tab_is_to_be_told(told, wanted):
    of = published(3.0, scene=TABS, part=EVERYWHERE)
    lines = [message(TABS, "notification", of.marker, at=3.1)] if told else []
    assert outcome("delivery.every-tab-browser", TABS, page(TABS), of, lines) is wanted


@pytest.mark.parametrize("part", [RELOADED, LEFT, FROZEN])
@pytest.mark.parametrize(
    ("told_at", "until", "wanted"),
    [
        (4.0, 100.0, Outcome.PASS),
        (None, 100.0, Outcome.FAIL),
        (None, 5.0, Outcome.FAIL),
        (None, 4.9, Outcome.UNTESTED),
    ],
    ids=["told", "never told", "just time to be told", "no time to be told"],
)
def test_a_page_that_lives_on_is_to_know_what_happened_meanwhile(part, told_at, until, wanted):
    of = published(3.0, scene=TABS, part=part)
    lines = [message(TABS, "notification", of.marker, at=told_at)] if told_at else []
    assert outcome("reconnect.after-faults-page", TABS, page(TABS, part), of, lines, until=until) is wanted


def test_what_the_service_sent_to_a_page_it_told_it_whatever_the_browser_did_with_it():
    of = published(3.0, scene=TABS, part=FROZEN)
    bytes_ = stream((1.5, FRAMES), (3.1, f"event: notification\ndata: {of.marker}\n\n".encode()), page=1, scene=TABS)
    assert outcome("reconnect.after-faults-page", TABS, page(TABS, FROZEN), of, bytes_) is Outcome.PASS


def test_a_page_that_nothing_was_done_to_is_not_the_last_that_is_looked_at():
    pages = (page(TABS, "tab"), page(TABS, LEFT, number=2))
    assert outcome("reconnect.after-faults-page", TABS, *pages, published(3.0, scene=TABS, part=LEFT)) is Outcome.FAIL


def test_a_page_whose_bytes_cannot_be_compared_is_not_the_last_that_is_looked_at():
    lines = (page(CREATION), page(CREATION, number=2), stream((1.5, FRAMES), page=2, scene=CREATION))
    assert outcome("framing.browser-dispatches", CREATION, *lines) is Outcome.FAIL
