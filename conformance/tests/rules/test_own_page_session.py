"""A page of the target ends with its session, or with whoever leaves it."""

import pytest

from sse_conform import entries as e
from sse_conform.own_page_evidence import (
    LEAVING,
    LEFT,
    SESSION_OVER,
)
from sse_conform.verdict import Outcome

from ..records import ns, snapshot
from .own_pages import SESSION, asked, cut, look, on_page, outcome, verdict


def ended(rule: str, *further: float, prompt: float | None = 4.0, status: int = 401) -> Outcome:
    """The stream is cut at 2 s, refused at 3 s, and watched until 30 s."""
    shown = [look(SESSION, at=prompt, prompt=True)] if prompt else []
    lines = (
        on_page(SESSION, (0.1, snapshot())), cut(SESSION, 2), on_page(SESSION, conn=2, at=3, status=status), shown,
        asked(SESSION, *further), look(SESSION, at=20, part=SESSION_OVER),
        e.Noted(t=ns(30), scene=SESSION, name=SESSION_OVER),
    )  # fmt: skip
    return outcome(rule, SESSION, *lines)


def test_a_page_that_stops_and_asks_for_a_login_passes():
    assert ended("client.stops-at-401-ui") is Outcome.PASS
    assert ended("client.stops-at-401-ui-login") is Outcome.PASS


def test_a_further_request_fails_and_one_after_the_next_login_does_not():
    assert ended("client.stops-at-401-ui", 8) is Outcome.FAIL
    assert ended("client.stops-at-401-ui", 31) is Outcome.PASS


def test_a_page_that_shows_nothing_of_it_fails():
    assert ended("client.stops-at-401-ui-login", prompt=None) is Outcome.FAIL


def test_a_page_that_got_itself_a_new_token_is_not_judged():
    assert ended("client.stops-at-401-ui", status=200) is Outcome.UNTESTED


def test_a_page_that_learned_of_it_by_polling_need_not_ask_for_the_stream():
    lines = (
        on_page(SESSION, (0.1, snapshot())), cut(SESSION, 2), look(SESSION, at=4, prompt=True),
        e.Noted(t=ns(30), scene=SESSION, name=SESSION_OVER),
    )  # fmt: skip
    assert outcome("client.stops-at-401-ui", SESSION, *lines) is Outcome.PASS


def left(*further: float, closed: float | None = 10.1, by: e.EndKind = e.EndKind.CLOSED) -> Outcome:
    """Somebody leaves, which takes from 8 to 10 s, and the page is watched for 10 s."""
    ends = [e.Ended(t=ns(closed), conn=1, kind=by)] if closed else []
    lines = (
        on_page(SESSION, (0.1, snapshot())), e.Noted(t=ns(8), scene=SESSION, name=LEAVING), ends,
        e.Noted(t=ns(10), scene=SESSION, name=LEFT, value="logged out"),
        e.Waited(t=ns(1), scene=SESSION, until=ns(5), what="a page"),
        e.Waited(t=ns(10), scene=SESSION, until=ns(20), what="a stream"), asked(SESSION, *further),
    )  # fmt: skip
    return outcome("client.unmount-closes", SESSION, *lines)


def test_whoever_closes_the_stream_when_it_is_left_it_is_closed():
    assert left() is Outcome.PASS
    assert left(closed=8.1, by=e.EndKind.COMPLETE) is Outcome.PASS


def test_a_stream_that_stays_or_comes_back_fails():
    assert left(closed=None) is Outcome.FAIL
    assert left(closed=18) is Outcome.FAIL
    assert left(15, by=e.EndKind.COMPLETE) is Outcome.FAIL


def test_a_page_that_nobody_watched_after_it_was_left_tells_nothing():
    lines = (
        on_page(SESSION, (0.1, snapshot())), e.Waited(t=ns(1), scene=SESSION, until=ns(5), what="a page"),
        e.Noted(t=ns(10), scene=SESSION, name=LEFT, value="logged out"),
    )  # fmt: skip
    assert outcome("client.unmount-closes", SESSION, *lines) is Outcome.UNTESTED


def test_a_stream_that_had_ended_before_tells_nothing():
    assert left(closed=7.9) is Outcome.UNTESTED


@pytest.mark.parametrize(("closed", "expected"), [(10.1, Outcome.PASS), (None, Outcome.FAIL)])
def test_of_several_streams_the_last_is_the_one_that_is_left(closed, expected):
    first = on_page(SESSION, (0.1, snapshot()), ends=(5.0, e.EndKind.COMPLETE))
    ends = (closed, e.EndKind.CLOSED) if closed else None
    lines = (
        first, on_page(SESSION, (6.1, snapshot()), conn=2, at=6.0, ends=ends),
        e.Noted(t=ns(10), scene=SESSION, name=LEFT, value="logged out"),
        e.Waited(t=ns(10), scene=SESSION, until=ns(20), what="a stream"),
    )  # fmt: skip
    assert outcome("client.unmount-closes", SESSION, *lines) is expected


@pytest.mark.parametrize("looked", [True, False])
def test_where_only_the_page_told_of_the_end_a_finding_points_at_it(looked):
    lines = [
        *on_page(SESSION, (0.1, snapshot())), *cut(SESSION, 2), look(SESSION, at=4, prompt=True),
        *asked(SESSION, 8), e.Noted(t=ns(30), scene=SESSION, name=SESSION_OVER),
    ]  # fmt: skip
    lines += [look(SESSION, at=20, part=SESSION_OVER)] if looked else []
    (breach,) = verdict("client.stops-at-401-ui", SESSION, *lines).breaches
    assert breach.evidence.t == ns(20 if looked else 4)


def test_further_requests_after_leaving_are_counted():
    assert left(15) is Outcome.FAIL
    assert left(10.05) is Outcome.PASS
    assert left(21) is Outcome.PASS
