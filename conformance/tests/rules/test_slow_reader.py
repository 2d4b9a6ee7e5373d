"""A reader that falls asleep delays nobody, and is told all or closed."""

import pytest

from sse_conform import entries as e
from sse_conform.rules import BY_ID
from sse_conform.spec import Capability
from sse_conform.terms import Terms
from sse_conform.verdict import Outcome, judge

from ..records import completed, disturbed, notification, published, snapshot, stream, transcript

SCENE = "delivery.burst"
TERMS = Terms(latency=2.0, capabilities=tuple(Capability))
LARGE = [published(3.0, acked=3.5, number=n, scene=SCENE, part="large") for n in (1, 2)]
LAST = published(8.0, number=3, scene=SCENE, part="after-waking")
ASLEEP = disturbed(2.0, 7.0, conn=1, kind=e.Disturbance.PAUSE)


def verdict(rule, *lines):
    return judge(BY_ID[rule], transcript(*lines, completed(SCENE), terms=TERMS))


def reader(*instants, part="reader"):
    heard = [(at, notification(LARGE[0].marker)) for at in instants]
    return stream((1.0, snapshot()), *heard, scene=SCENE, part=part, conn=2)


def test_the_tab_that_reads_on_hears_it_within_the_budget():
    assert verdict("delivery.slow-reader", LARGE[0], reader(5.5)).outcome is Outcome.PASS
    (late,) = verdict("delivery.slow-reader", LARGE[0], reader(5.75)).breaches
    assert late.actual == "after 2.250 s"
    (lost,) = verdict("delivery.slow-reader", LARGE[0], reader()).breaches
    assert lost.actual == "it never came"


def test_of_an_event_that_comes_twice_the_first_counts():
    assert verdict("delivery.slow-reader", LARGE[0], reader(5.0, 9.0)).outcome is Outcome.PASS
    assert verdict("delivery.slow-reader", LARGE[0], reader(5.75, 9.0)).breaches[0].actual == "after 2.250 s"


@pytest.mark.parametrize(("lag", "wanted"), [(0.2, Outcome.FAIL), (0.3, Outcome.INCONCLUSIVE)])
def test_lag_explains_a_late_event_where_it_was_as_long(lag, wanted):
    assert verdict("delivery.slow-reader", LARGE[0], reader(5.75), disturbed(4, 4 + lag)).outcome is wanted


def test_only_large_events_to_the_reader_are_looked_at():
    assert verdict("delivery.slow-reader", LARGE[0], reader(part="sleeper")).outcome is Outcome.UNTESTED
    other = published(3.0, scene=SCENE, part="burst")
    assert verdict("delivery.slow-reader", other, reader()).outcome is Outcome.UNTESTED


def slept(*got, ends=None, lines=(ASLEEP,), greeted=True):
    greeting = [(1.0, snapshot())] if greeted else []
    line = stream(
        *greeting, *((8.5, notification(each.marker)) for each in got), scene=SCENE, part="sleeper", ends=ends
    )
    return verdict("delivery.no-silent-skip", *LARGE, LAST, line, *lines)


ONE, TWO = LARGE
CLOSED_BY_US, CLOSED = (20.0, e.EndKind.CLOSED), (9.0, e.EndKind.COMPLETE)


@pytest.mark.parametrize(
    ("got", "ends", "said"),
    [
        ((ONE, TWO, LAST), CLOSED_BY_US, []),
        ((ONE, LAST), CLOSED_BY_US, ["event 2 of 3 is missing, later ones came"]),
        ((ONE, LAST), CLOSED, ["event 2 of 3 is missing, later ones came"]),
        ((TWO, LAST), CLOSED_BY_US, ["event 1 of 3 is missing, later ones came"]),
        ((ONE,), CLOSED_BY_US, ["2 of 3 never came, and the stream stayed open"]),
        ((), CLOSED_BY_US, ["3 of 3 never came, and the stream stayed open"]),
        ((ONE,), CLOSED, []),
        ((), CLOSED, []),
    ],
    ids=[
        "all",
        "a hole",
        "a hole, then closed",
        "at the beginning",
        "the end is missing",
        "none",
        "closed",
        "closed at once",
    ],
)
def test_a_sleeper_is_told_without_holes_or_closed(got, ends, said):
    assert [breach.actual for breach in slept(*got, ends=ends).breaches] == said


@pytest.mark.parametrize(
    "changes",
    [{"lines": ()}, {"lines": [disturbed(2.0, 7.0, conn=1, kind=e.Disturbance.CUT)]}, {"greeted": False}],
    ids=["it did not sleep", "it was cut", "it had not begun well"],
)
def test_only_one_that_slept_and_had_begun_well_tells(changes):
    assert slept(**changes).outcome is Outcome.UNTESTED
