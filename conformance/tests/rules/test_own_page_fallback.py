"""A page of the target whom push is refused polls, and returns to push."""

import pytest

from sse_conform.browser_entries import Deed
from sse_conform.own_page_evidence import (
    BACK,
    BEFORE,
    POLLED,
)
from sse_conform.verdict import Outcome, Verdict

from ..records import ns, snapshot
from .own_pages import FALLBACK, RETRY, asked, cut, deed, listing, look, made, on_page, outcome, verdict


def refused(*attempts: float, mended: float = 20.0) -> Outcome:
    """The verdict on how often a page asks, which lost its stream at 0 s."""
    lines = (
        on_page(FALLBACK, (0, RETRY + snapshot())), cut(FALLBACK, 0), asked(FALLBACK, *attempts),
        deed(FALLBACK, Deed.OFF, mended),
    )  # fmt: skip
    return outcome("client.backs-off-ui", FALLBACK, *lines)


@pytest.mark.parametrize("attempts", [(), (5, 10, 15), (1, 3, 7, 15), (0.5, 1.5, 3.5, 7.5, 15.5)])
def test_a_page_may_wait_evenly_grow_slowly_or_not_ask_at_all(attempts):
    assert refused(*attempts) is Outcome.PASS


def test_a_page_that_asks_every_second_hammers():
    assert refused(*range(1, 20)) is Outcome.FAIL


@pytest.mark.parametrize(("looked", "at"), [(True, 15.0), (False, 0.0)])
def test_that_it_hammers_is_shown_by_the_look_at_it_or_by_the_stream_that_it_lost(looked, at):
    lines = (
        on_page(FALLBACK, (0, RETRY + snapshot())), cut(FALLBACK, 0), asked(FALLBACK, *range(1, 20)),
        look(FALLBACK, at=15, part=POLLED) if looked else [], deed(FALLBACK, Deed.OFF, 20),
    )  # fmt: skip
    (breach,) = verdict("client.backs-off-ui", FALLBACK, *lines).breaches
    assert breach.evidence.t == ns(at)


@pytest.mark.parametrize(("at", "expected"), [(10.0, Outcome.PASS), (21.0, Outcome.FAIL)])
def test_what_is_polled_is_to_be_shown_before_push_is_back(at, expected):
    (one,) = made(FALLBACK, POLLED)
    lines = (
        on_page(FALLBACK, (0, snapshot())), cut(FALLBACK, 0.5), one, deed(FALLBACK, Deed.OFF, 20),
        look(FALLBACK, one.marker, at=at),
    )  # fmt: skip
    assert outcome("client.falls-back", FALLBACK, *lines) is expected


def test_a_page_whose_push_was_refused_to_the_end_of_the_record_is_not_judged():
    (one,) = made(FALLBACK, POLLED)
    lines = (on_page(FALLBACK, (0, snapshot())), cut(FALLBACK, 0.5), one)
    assert outcome("client.falls-back", FALLBACK, *lines) is Outcome.UNTESTED


def changed(*, polled: str, back: str, returned: bool = True) -> Verdict:
    """Push is refused from 2 s to 20 s; 1 was made before, 2 and 3 meanwhile; these are shown then and at last."""
    one, two, three = made(FALLBACK, BEFORE, POLLED, POLLED)
    markers = {"1": one.marker, "2": two.marker, "3": three.marker}
    again = on_page(FALLBACK, (21, listing(one, two, three)), conn=2, at=21) if returned else []
    lines = (
        on_page(FALLBACK, (0.1, snapshot())), cut(FALLBACK, 2), [one, two, three], deed(FALLBACK, Deed.OFF, 20), again,
        look(FALLBACK, *[markers[each] for each in polled], at=10, part=POLLED),
        look(FALLBACK, *[markers[each] for each in back], at=30, part=BACK),
    )  # fmt: skip
    return verdict("client.fallback-is-lossless", FALLBACK, *lines)


@pytest.mark.parametrize(
    ("polled", "back", "said"),
    [
        ("21", "321", []),
        ("21", "3212", ["publish 2 is shown 2 times"]),
        ("212", "321", ["publish 2 is shown 2 times"]),
        ("2", "2", ["it is not shown"]),
    ],
    ids=["all once", "twice at last", "twice meanwhile", "lost"],
)
def test_between_push_and_polling_nothing_is_lost_or_doubled(polled, back, said):
    assert [breach.actual for breach in changed(polled=polled, back=back).breaches] == said


def test_a_finding_says_what_was_lost_and_when_it_was_made():
    (lost,) = changed(polled="2", back="2").breaches
    assert lost.expected == "publish 1, made before push was refused"


def test_a_page_of_which_only_the_end_was_looked_at_is_judged_by_that():
    one, two = made(FALLBACK, BEFORE, POLLED)
    lines = (
        on_page(FALLBACK, (0.1, snapshot())), cut(FALLBACK, 2), one, two, deed(FALLBACK, Deed.OFF, 20),
        on_page(FALLBACK, (21, listing(one, two)), conn=2, at=21), look(FALLBACK, two.marker, at=10),
        look(FALLBACK, two.marker, at=30, part=BACK),
    )  # fmt: skip
    assert outcome("client.fallback-is-lossless", FALLBACK, *lines) is Outcome.FAIL


def test_a_page_that_never_had_its_stream_again_did_not_change_over():
    assert changed(polled="21", back="21", returned=False).outcome is Outcome.UNTESTED


def test_a_finding_says_how_often_a_page_polled_while_push_was_refused():
    (one,) = made(FALLBACK, POLLED, at=3.0)
    polls = [deed(FALLBACK, Deed.POLL, at) for at in (1, 2, 5, 10, 20, 25)]
    lines = (on_page(FALLBACK, (0, snapshot())), cut(FALLBACK, 2), one, polls, deed(FALLBACK, Deed.OFF, 20))
    (breach,) = verdict("client.falls-back", FALLBACK, *lines).breaches
    assert breach.actual == "it was not shown while push was refused; the page polled 2 times"


@pytest.mark.parametrize(
    ("asks", "again", "expected"),
    [
        ((), None, Outcome.FAIL),
        ((), 25.0, Outcome.PASS),
        ((25.0,), None, Outcome.UNTESTED),
        ((15.0,), None, Outcome.FAIL),
    ],
    ids=["never asked", "back", "asked and was refused", "asked too early"],
)
def test_a_page_is_to_ask_for_its_stream_once_it_would_be_admitted(asks, again, expected):
    lines = (
        on_page(FALLBACK, (0, snapshot())), cut(FALLBACK, 2), deed(FALLBACK, Deed.OFF, 20), asked(FALLBACK, *asks),
        on_page(FALLBACK, (25.1, snapshot()), conn=2, at=again) if again else [], look(FALLBACK, at=90, part=BACK),
    )  # fmt: skip
    assert outcome("client.falls-back-returns", FALLBACK, *lines) is expected


@pytest.mark.parametrize(("count", "expected"), [(6, Outcome.PASS), (7, Outcome.FAIL)])
def test_it_may_ask_once_a_reconnection_time_and_twice_more(count, expected):
    assert refused(*(1 + n / 10 for n in range(count))) is expected
