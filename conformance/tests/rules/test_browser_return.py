"""A browser that was cut off comes back by itself, and after the time that was promised."""

import pytest

from sse_conform import entries as e
from sse_conform.browser_entries import Deed, PageOpened, PageSaw, Relayed, Sight
from sse_conform.browser_evidence import CLOSED, OPEN
from sse_conform.rules import BY_ID
from sse_conform.spec import Capability
from sse_conform.terms import Terms
from sse_conform.verdict import Outcome, judge

from ..records import completed, disturbed, ns, stream, transcript

DROPS = "browser.drops"
CUT = 10.0


def saw(at, sight, ready_state=OPEN, source=1):
    return PageSaw(t=ns(at), page=1, scene=DROPS, sight=sight, source=source, ready_state=ready_state)


def verdict(
    rule, *more, after=12.0, how="reset", body=b"retry: 2000\n\n", retry=0, until=100.0, browser="chromium 1", **head
):
    """A page whose stream was cut, and what it asked for next at ``after``, None for nothing."""
    opened = PageOpened(
        t=0, page=1, device=1, scene=DROPS, part="tab", user="alice", token=e.TokenKind.GENUINE, browser=browser
    )
    lines = [
        opened,
        saw(1, Sight.OPEN),
        *stream((1.0, body), scene=DROPS, page=1, at=0.5, ends=(CUT, e.EndKind.RESET)),
        e.Noted(t=ns(CUT - 1), scene=DROPS, name="outage", value=how),
        Relayed(t=ns(CUT), device=1, scene=DROPS, deed=Deed.CUT, conn=1, detail="RST"),
    ]
    if after is not None:
        lines += stream(scene=DROPS, page=1, conn=2, at=after, **head)
    others = completed("browser.offline", at=until)
    terms = Terms(latency=2.0, retry=retry, capabilities=(Capability.BROWSER, Capability.TRIGGERS))
    return judge(BY_ID[rule], transcript(lines, *more, others, completed(DROPS, at=until), terms=terms))


# in time


@pytest.mark.parametrize(
    ("said", "soonest", "latest"),
    [
        ({}, 1.0, 4.0),
        ({"body": b"retry: 8000\n\nretry: 2000\n\n"}, 1.0, 4.0),
        ({"retry": 6000}, 3.0, 10.0),
        ({"body": b": none\n\n"}, 1.5, 5.5),
        ({"body": b": none\n\n", "browser": "firefox 120"}, 2.5, 8.5),
    ],
    ids=["the server's", "the server's last", "the profile's before the server's", "chromium's", "firefox's"],
)
def test_the_time_is_the_promised_one_or_the_servers_or_the_browsers_own(said, soonest, latest):
    asked_after = (soonest - 0.125, soonest, latest, latest + 0.125)
    found = [verdict("client.honours-retry-native", after=CUT + waited, **said).outcome for waited in asked_after]
    assert found == [Outcome.FAIL, Outcome.PASS, Outcome.PASS, Outcome.FAIL]


@pytest.mark.parametrize(("again", "wanted"), [(22.0, Outcome.PASS), (25.0, Outcome.FAIL)])
def test_one_late_return_is_the_machines_doing_where_another_is_in_time(again, wanted):
    second = [
        e.Noted(t=ns(19), scene=DROPS, name="outage", value="close"),
        Relayed(t=ns(20), device=1, scene=DROPS, deed=Deed.CUT, conn=2, detail="FIN"),
        *stream(scene=DROPS, page=1, conn=3, at=again),
    ]
    assert verdict("client.honours-retry-native", *second, after=15.0, retry=2000).outcome is wanted


def test_a_finding_says_when_it_asked_and_what_it_had_been_told():
    (late,) = verdict("client.honours-retry-native", after=15.0).breaches
    assert late.expected == "the next request between 1 and 4 s after the cut"
    assert late.actual == "a request after 5.000 s; the stream said retry: 2000"
    (never,) = verdict("client.honours-retry-native", after=None, body=b": none\n\n", until=30.0).breaches
    assert never.actual == "none in 20.000 s; the stream said no retry"


@pytest.mark.parametrize(
    ("after", "lag", "wanted"),
    [(15.0, 0.5, Outcome.FAIL), (15.0, 1.25, Outcome.INCONCLUSIVE), (10.5, 0.25, Outcome.INCONCLUSIVE)],
    ids=["late by more than the lag", "late by less", "too soon"],
)
def test_what_the_lag_of_the_suite_explains_is_no_breach(after, lag, wanted):
    assert verdict("client.honours-retry-native", disturbed(10.1, 10.1 + lag), after=after).outcome is wanted


def test_only_after_a_moments_failure_the_next_request_shows_how_long_it_waited():
    assert verdict("client.honours-retry-native", how="close").outcome is Outcome.PASS
    assert verdict("client.honours-retry-native", how="refused").outcome is Outcome.UNTESTED


def test_a_browser_that_gave_up_for_good_waits_for_nothing():
    gave_up = saw(11, Sight.ERROR, CLOSED)
    assert verdict("client.honours-retry-native", gave_up, after=None).outcome is Outcome.UNTESTED
    assert verdict("client.honours-retry-native", gave_up).outcome is Outcome.PASS


# by itself


def test_a_source_that_opens_again_has_come_back():
    assert verdict("client.reconnects-native", saw(12.5, Sight.OPEN)).outcome is Outcome.PASS


@pytest.mark.parametrize(
    ("sights", "actual"),
    [
        ((), "still connecting after 500 text/html"),
        ((saw(12.5, Sight.ERROR, CLOSED),), "closed for good after 500 text/html"),
    ],
)
def test_one_that_does_not_open_again_has_not(sights, actual):
    found = verdict("client.reconnects-native", *sights, status=500, headers=(("content-type", "text/html"),))
    assert [breach.actual for breach in found.breaches] == [actual]


@pytest.mark.parametrize(("until", "wanted"), [(14.0, Outcome.FAIL), (13.9, Outcome.UNTESTED)])
def test_it_is_given_the_budget_to_hear_the_answer(until, wanted):
    assert verdict("client.reconnects-native", until=until).outcome is wanted


@pytest.mark.parametrize("head", [{"status": 429}, {"status": None}], ids=str)
def test_an_answer_of_the_limiter_or_none_tells_nothing_of_the_browser(head):
    assert verdict("client.reconnects-native", **head).outcome is Outcome.UNTESTED


def test_a_page_that_made_a_new_source_did_not_wait_for_the_old_one():
    assert verdict("client.reconnects-native", saw(11.0, Sight.CONNECTING, 0, source=2)).outcome is Outcome.UNTESTED
