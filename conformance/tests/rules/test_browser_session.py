"""A page that is refused once and gives up keeps the rules; one that comes back, or would, breaks them."""

from typing import Any

import pytest

from sse_conform import entries as e
from sse_conform.browser_entries import PageOpened, PageSaw, Sight
from sse_conform.browser_evidence import CLOSED, CONNECTING
from sse_conform.browser_session import AT_LOAD, CONNECTED, LIMITED
from sse_conform.rules import BY_ID
from sse_conform.spec import Capability
from sse_conform.terms import Terms
from sse_conform.verdict import Outcome, judge

from ..records import completed, ns, snapshot, stream, transcript

TABS, OFFLINE, BURST = "browser.tabs", "browser.offline", "rate_limit.burst"
TERMS = Terms(capabilities=(Capability.BROWSER, Capability.TRIGGERS, Capability.RATE_LIMIT))


def page(number: int, scene: str, part: str, *, sees: int = CLOSED) -> list[e.AnyEntry]:
    """A page that saw its EventSource last in this state."""
    opened = PageOpened(
        t=0, page=number, device=1, scene=scene, part=part, user="alice", token=e.TokenKind.GENUINE, browser="b 1"
    )
    seen = PageSaw(t=ns(9), page=number, scene=scene, sight=Sight.ERROR, source=1, ready_state=sees)
    return [opened, seen]


def refused(number: int, scene: str, part: str, *, conn: int, at: float = 5.0, **more: Any) -> list[e.AnyEntry]:
    """An attempt of the page that is answered by 401, unless ``more`` says otherwise."""
    settings = {"status": 401, "token": e.TokenKind.EXPIRED} | more
    pieces = settings.pop("pieces", ())
    return stream(*pieces, conn=conn, at=at, page=number, scene=scene, part=part, **settings)


def expired(number: int, scene: str, part: str, **sees: int) -> list[e.AnyEntry]:
    return page(number, scene, part, **sees) + refused(number, scene, part, conn=number)


def outcome(rule: str, *lines: Any) -> Outcome:
    scenes = (TABS, OFFLINE, BURST)
    recorded = transcript(*lines, *map(completed, scenes), terms=TERMS, scenes=scenes)
    return judge(BY_ID[rule], recorded).outcome


def at_401(*lines: Any) -> Outcome:
    return outcome("client.stops-at-401-native", *lines)


ALL = (expired(1, TABS, CONNECTED), expired(2, TABS, AT_LOAD), expired(3, OFFLINE, "reader"))


def test_one_refusal_each_time_and_a_closed_eventsource_is_what_is_wanted():
    assert at_401(*ALL) is Outcome.PASS


@pytest.mark.parametrize("place", range(3))
def test_a_part_proves_no_whole(place):
    assert at_401(*(page for number, page in enumerate(ALL) if number != place)) is Outcome.UNTESTED


def test_a_further_attempt_is_a_breach_also_where_the_rest_was_not_seen():
    assert at_401(ALL[0], refused(1, TABS, CONNECTED, conn=9, at=7.0)) is Outcome.FAIL


def test_an_eventsource_that_would_come_back_is_a_breach():
    assert at_401(*ALL[1:], expired(1, TABS, CONNECTED, sees=CONNECTING)) is Outcome.FAIL


@pytest.mark.parametrize(("further", "wanted"), [(False, Outcome.UNTESTED), (True, Outcome.FAIL)])
def test_a_page_that_has_not_noticed_yet_is_judged_by_its_further_requests_alone(further, wanted):
    unaware = [*page(1, TABS, CONNECTED, sees=CONNECTING), *refused(1, TABS, CONNECTED, conn=1, at=10.0)]
    more = refused(1, TABS, CONNECTED, conn=9, at=11.0) if further else []
    assert at_401(*ALL[1:], unaware, more) is wanted


def test_a_target_that_takes_the_token_is_for_other_rules():
    admitted = refused(1, TABS, CONNECTED, conn=1, status=200, pieces=((5.1, snapshot()),))
    assert at_401(page(1, TABS, CONNECTED), admitted) is Outcome.UNTESTED


def limit(*of_page: Any) -> Outcome:
    suite = stream(conn=90, at=4.0, status=429, scene=BURST, part="burst")
    return outcome("client.backs-off-native", suite, *of_page)


def at_the_limit(**more: Any) -> list[e.AnyEntry]:
    return refused(1, BURST, LIMITED, conn=1, **({"status": 429, "token": e.TokenKind.GENUINE} | more))


def test_a_page_beyond_the_limit_stops_at_429():
    assert limit(page(1, BURST, LIMITED), at_the_limit()) is Outcome.PASS


def test_a_page_that_is_told_in_a_stream_comes_back():
    told = at_the_limit(status=200, pieces=((5.1, b"event: refused\ndata: 429\n\n"),))
    assert limit(page(1, BURST, LIMITED, sees=CONNECTING), told) is Outcome.FAIL


def test_a_page_that_came_when_the_limit_was_over_proves_nothing():
    admitted = at_the_limit(status=200, pieces=((5.1, snapshot()),))
    assert limit(page(1, BURST, LIMITED, sees=CONNECTING), admitted) is Outcome.UNTESTED


@pytest.mark.parametrize(("sees", "wanted"), [(CLOSED, Outcome.PASS), (CONNECTING, Outcome.FAIL)])
def test_a_page_that_was_let_in_at_first_is_judged_when_it_comes_anew(sees, wanted):
    admitted = at_the_limit(status=200, pieces=((5.1, snapshot()),))
    anew = refused(1, BURST, LIMITED, conn=2, at=6.0, status=429, token=e.TokenKind.GENUINE)
    assert limit(page(1, BURST, LIMITED, sees=sees), admitted, anew) is wanted
