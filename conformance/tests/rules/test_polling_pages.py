"""Page by page polling lists everything once, in its order, and no more at a time than was asked for."""

import pytest

from sse_conform import entries as e
from sse_conform.rules import BY_ID
from sse_conform.verdict import Outcome, judge

from ..records import ns, published, transcript
from .polls import EMPTY, FIVE, FOUR, ONE, OTHERS, OVERFLOW, PAGED, PAGES, TERMS, THREE, TWO, item, poll, verdict


def page(place, *sent, target="/api/items?limit=2", **fields):
    return poll(
        {"items": [item(each) for each in sent]}, part=f"page-{place}", t=ns(9 + place), target=target, **fields
    )


@pytest.mark.parametrize(
    ("pages", "broken"),
    [
        (((ONE, TWO), (THREE, FOUR), (FIVE,)), set()),
        (((ONE, TWO), (FOUR, FIVE)), {"complete"}),
        (((ONE, TWO), (TWO, THREE), (FOUR, FIVE)), {"exclusive-cursor"}),
        (((ONE, TWO), (ONE, THREE), (FOUR, FIVE)), {"exclusive-cursor"}),
        (((TWO, ONE), (THREE, FOUR), (FIVE,)), {"oldest-first"}),
        (((ONE, TWO, THREE), (FOUR, FIVE)), {"limit"}),
    ],
    ids=["right", "a hole", "again", "an earlier one again", "newest first", "more than asked for"],
)
def test_a_walk_through_pages_breaks_one_rule_at_a_time(pages, broken):
    lines = [page(place, *sent) for place, sent in enumerate((*pages, ()))]
    rules = ("complete", "exclusive-cursor", "oldest-first", "limit")
    found = {rule: verdict(f"polling.{rule}", *PAGED, *OTHERS, *lines).outcome for rule in rules}
    assert found == {rule: Outcome.FAIL if rule in broken else Outcome.PASS for rule in rules}


def test_what_was_published_later_belongs_to_the_walk_and_findings_count():
    later = published(6.0, number=6, scene=PAGES, part="paged-later")
    lines = [page(0, ONE, TWO), page(1, ONE, TWO), page(2)]
    (hole,) = verdict("polling.complete", *PAGED, later, *lines).breaches
    assert (hole.expected, hole.actual) == ("all 6 items over the pages", "4 are on none")
    (again,) = verdict("polling.exclusive-cursor", *PAGED, *lines).breaches
    assert again.actual == "again: 1, 2"
    assert all(breach.evidence.wire.endswith('{"items": []}') for breach in (hole, again))  # the last page


@pytest.mark.parametrize(
    ("last", "wanted"),
    [
        ((page(1),), Outcome.FAIL),
        ((page(1, THREE),), Outcome.UNTESTED),
        ((page(1, status=500),), Outcome.UNTESTED),
        ((page(1, THREE, FOUR, FIVE),), Outcome.PASS),
        ((), Outcome.UNTESTED),
    ],
    ids=["an empty page", "more to come", "an error", "all shown", "a full page"],
)
def test_only_an_empty_page_says_that_the_rest_is_on_none(last, wanted):
    """A service may give fewer items than were asked for, and then there is more after a page that is not full."""
    assert verdict("polling.complete", *PAGED, page(0, ONE, TWO), *last).outcome is wanted


def test_each_kind_has_an_order_of_its_own():
    other = published(2.5, number=6, scene=PAGES, part="paged", kind="assignment")
    lines = [page(0, other, ONE), page(1, TWO)]
    assert verdict("polling.oldest-first", ONE, TWO, other, *lines).outcome is Outcome.PASS


@pytest.mark.parametrize("target", ["/api/items", "/api/items?limit=", "/api/items?limit=x", "/api/items?limit=3"])
def test_a_page_of_no_stated_size_has_no_limit(target):
    assert verdict("polling.limit", page(0, ONE, TWO, THREE, target=target)).outcome is Outcome.PASS


@pytest.mark.parametrize(("scene", "part"), [("delivery.burst", "burst"), (PAGES, "paged")])
def test_a_walk_that_was_cut_short_skips_nothing(scene, part):
    sent = [published(1.0, number=n, scene=scene, part=part) for n in (1, 2)]
    first = poll({"items": [item(sent[0])]}, scene=scene, part="burst-page-0" if part == "burst" else "page-0")
    last = poll(scene=scene, part="burst-page-1" if part == "burst" else "page-1")
    broken = e.SceneEnded(t=ns(9), scene=scene, outcome=e.SceneOutcome.BROKEN)
    assert verdict("polling.complete", *sent, first, last).outcome is Outcome.FAIL
    recorded = transcript(*sent, first, last, broken, terms=TERMS)
    assert judge(BY_ID["polling.complete"], recorded).outcome is Outcome.UNTESTED


@pytest.mark.parametrize(
    ("part", "due", "said"),
    [
        ("unlimited-0", (2, 3), []),
        ("unlimited-0", (3,), ["1 are on none"]),
        ("from-before-0", (1, 2, 3), []),
        ("from-before-0", (2, 3), ["1 are on none"]),
        ("missed-0", (), []),
    ],
)
def test_an_absence_is_on_pages_of_any_size_and_behind_the_cursor_of_a_list_before(part, due, said):
    sent = [published(float(n), number=n, scene=OVERFLOW, part="seen" if n == 1 else "missed") for n in (1, 2, 3)]
    lines = [
        poll(EMPTY | {"items": [item(sent[number - 1]) for number in due]}, scene=OVERFLOW, part=part),
        poll(scene=OVERFLOW, part=f"{part[:-1]}1", t=ns(12)),
    ]
    assert [breach.actual for breach in verdict("polling.complete", *sent, *lines).breaches] == said


def test_after_a_burst_the_order_is_open_and_the_rest_is_not():
    burst = [published(1.0, number=n, scene="delivery.burst", part="burst") for n in (1, 2)]
    others = [published(1.0, number=7, scene="delivery.burst", part="large"), published(1.0, number=8, part="burst")]
    asked = {"scene": "delivery.burst", "part": "burst-page-0"}
    both = poll({"items": [item(burst[1]), item(burst[0])]}, **asked)
    assert verdict("polling.complete", *burst, *others, both).outcome is Outcome.PASS
    assert verdict("polling.oldest-first", *burst, both).outcome is Outcome.UNTESTED
    hole = poll({"items": [item(burst[0])]}, **asked)
    assert verdict("polling.complete", *burst, hole, poll(**asked)).outcome is Outcome.FAIL
    assert verdict("polling.complete", *burst, poll({"items": []}, status=500, **asked)).outcome is Outcome.UNTESTED
