"""What polling gives: its shape, its refusals, its newest items, and the same as a snapshot."""

import json

import pytest

from sse_conform import entries as e
from sse_conform.rules import BY_ID
from sse_conform.spec import Capability
from sse_conform.terms import Terms
from sse_conform.verdict import Outcome, judge

from ..records import completed, exchanged, ns, published, snapshot, stream, transcript

PAGES, OVERFLOW, REFUSALS = "polling.pages", "snapshot.overflow", "auth.refusals"
TERMS = Terms(snapshot_items=3, capabilities=tuple(Capability))
ITEM = {"id": 1, "type": "alert", "message": "m"}
EMPTY = {"unread": 0, "items": [], "next": None}


def verdict(rule, *lines):
    done = map(completed, (PAGES, OVERFLOW, REFUSALS, "delivery.burst"))
    return judge(BY_ID[rule], transcript(*lines, *done, terms=TERMS))


def poll(document=EMPTY, *, part="start", scene=PAGES, **fields):
    body = document if isinstance(document, bytes) else json.dumps(document).encode()
    return exchanged(scene=scene, part=part, body=body, **fields)


def item(sent, **changes):
    return {"id": sent.number, "type": "alert", "message": sent.marker} | changes


@pytest.mark.parametrize(
    ("document", "said"),
    [
        (EMPTY, []),
        (EMPTY | {"items": [ITEM], "more": 1}, []),
        ({"unread": 0, "items": []}, ["without next"]),
        ({}, ["without unread, items, next"]),
        (EMPTY | {"items": [ITEM, {"id": 1, "type": None}, {}]}, ["without type, message"]),
        ({"items": [{}]}, ["without unread, next", "without id, type, message"]),
        ([], ["200, list"]),
        (b"<html>", ["200, NoneType"]),
    ],
    ids=["empty", "with items", "no next", "nothing", "items, the first of which is named", "both", "bare", "no JSON"],
)
def test_a_page_has_its_keys_and_its_items_theirs(document, said):
    assert [breach.actual for breach in verdict("polling.shape", poll(document)).breaches] == said


def test_another_status_is_no_page_and_the_limiters_is_none_at_all():
    assert verdict("polling.shape", poll(status=201)).breaches[0].actual == "201, dict"
    assert verdict("polling.shape", poll(status=0, error="timed out")).breaches[0].actual == "timed out"
    assert verdict("polling.shape", poll(status=429)).outcome is Outcome.UNTESTED


@pytest.mark.parametrize("part", ["start", "page-3", "newest"])
def test_the_parts_that_ask_for_something_that_is_there_are_looked_at(part):
    assert verdict("polling.shape", poll({}, part=part)).outcome is Outcome.FAIL


@pytest.mark.parametrize("changes", [{"part": "anonymous"}, {"scene": "delivery.live"}], ids=str)
def test_others_are_not(changes):
    assert verdict("polling.shape", poll({}, **changes)).outcome is Outcome.UNTESTED


@pytest.mark.parametrize(
    ("status", "wanted"), [(401, Outcome.PASS), (403, Outcome.PASS), (200, Outcome.FAIL), (500, Outcome.FAIL)]
)
def test_a_stranger_is_refused(status, wanted):
    assert verdict("polling.auth", poll(part="anonymous", user="", status=status)).outcome is wanted


@pytest.mark.parametrize(
    ("part", "status", "wanted"),
    [
        ("rest-expired", 401, Outcome.PASS),
        ("rest-expired", 200, Outcome.FAIL),
        ("rest-expired", 500, Outcome.FAIL),
        ("rest-expired", 0, Outcome.UNTESTED),
        ("rest-expired", 429, Outcome.UNTESTED),
        ("rest-no-expiry", 200, Outcome.UNTESTED),
        ("rest-genuine", 200, Outcome.UNTESTED),
        ("rest-unknown", 200, Outcome.UNTESTED),
        ("expired", 200, Outcome.UNTESTED),
    ],
)
@pytest.mark.parametrize("control", [200, 500])
def test_polling_refuses_what_the_stream_must_where_the_valid_twin_was_answered(part, status, wanted, control):
    asked = (poll(part="rest-control", scene=REFUSALS, status=control), poll(part=part, scene=REFUSALS, status=status))
    assert verdict("polling.auth-tokens", *asked).outcome is (wanted if control == 200 else Outcome.UNTESTED)


@pytest.mark.parametrize(
    ("values", "wanted"),
    [
        (["no-store"], Outcome.PASS),
        (["private", "No-Cache"], Outcome.PASS),
        (["max-age=0, no-cache=x"], Outcome.PASS),
        (["private, max-age=0"], Outcome.FAIL),
        ([], Outcome.FAIL),
    ],
    ids=str,
)
def test_a_page_may_not_be_kept_by_caches(values, wanted):
    headers = tuple(("cache-control", value) for value in values)
    assert verdict("polling.uncacheable", poll(headers=(*headers, ("vary", "no-store")))).outcome is wanted


PAGED = [published(float(n), number=n, scene=PAGES, part="paged") for n in range(1, 6)]
OTHERS = [
    published(1.5, number=7, scene=PAGES, part="other"),
    published(1.6, number=8, scene=PAGES, part="paged", accepted=False),
    published(1.7, number=9, scene=OVERFLOW, part="paged"),
]


@pytest.mark.parametrize(
    ("listed", "said"),
    [
        ((3, 4, 5), []),
        ((5, 4, 3), []),
        ((2, 4, 5), ["1 are missing"]),
        ((), ["3 are missing"]),
        ((2, 3, 4, 5), ["4"]),
        ((1, 2, 3, 4), ["1 are missing", "4"]),
    ],
)
def test_without_a_cursor_a_page_has_the_newest_and_no_more_than_a_snapshot(listed, said):
    page = EMPTY | {"items": [item(PAGED[number - 1]) for number in listed]}
    found = verdict("polling.newest", *PAGED, *OTHERS, poll(page, part="newest"))
    assert [breach.actual for breach in found.breaches] == said
    assert [breach.expected for breach in found.breaches if "missing" in breach.actual] in (
        [],
        ["the 3 just published"],
    )


@pytest.mark.parametrize(("status", "wanted"), [(400, Outcome.PASS), (401, Outcome.FAIL), (200, Outcome.FAIL)])
def test_a_bad_cursor_is_answered_with_400(status, wanted):
    found = verdict("polling.bad-cursor", poll(part="bad-cursor-negative", status=status))
    assert found.outcome is wanted
    assert [breach.actual for breach in found.breaches] == [f"negative: {status}"] * found.findings


@pytest.mark.parametrize(
    ("changes", "wanted"),
    [
        ({"to": "bob"}, Outcome.FAIL),
        ({"to": "bob", "sender": "alice"}, Outcome.PASS),
        ({"to": "alice", "sender": "bob"}, Outcome.PASS),
        ({"to": "bob", "everyone": True}, Outcome.PASS),
        ({"to": "bob", "accepted": False}, Outcome.PASS),
    ],
    ids=str,
)
def test_a_page_lists_nothing_that_concerns_another_alone(changes, wanted):
    of = published(1.0, **changes)
    assert verdict("polling.own-items", of, poll(EMPTY | {"items": [item(of)]}, part="foreign-c")).outcome is wanted


def test_one_leak_is_named_a_page():
    leaks = [published(1.0, number=n, to="bob") for n in (1, 2)]
    page = poll(EMPTY | {"items": list(map(item, leaks))})
    assert verdict("polling.own-items", *leaks, page).findings == 1


@pytest.mark.parametrize(
    ("shown", "said"),
    [
        (ITEM, []),
        (ITEM | {"extra": 1}, []),
        (ITEM | {"type": "news"}, ["'alert'"]),
        (ITEM | {"type": "news", "message": "n"}, ["'alert'", "'m'"]),
        (ITEM | {"id": "1"}, ["1"]),
    ],
    ids=str,
)
def test_polling_and_snapshot_show_the_same(shown, said):
    again = stream((3.1, snapshot(shown)), scene=OVERFLOW, part="again", at=3.0)
    found = verdict("polling.agrees", poll({"items": [ITEM]}, part="missed", scene=OVERFLOW), again)
    assert [breach.actual for breach in found.breaches] == said


def test_items_that_only_one_of_them_shows_are_not_compared():
    again = stream((3.1, snapshot(ITEM | {"id": 2})), scene=OVERFLOW, part="again", at=3.0)
    assert verdict("polling.agrees", poll({"items": [ITEM]}, part="missed", scene=OVERFLOW), again).observations == 0


# page by page


def page(place, *sent, target="/api/items?limit=2", **fields):
    return poll(
        {"items": [item(each) for each in sent]}, part=f"page-{place}", t=ns(9 + place), target=target, **fields
    )


ONE, TWO, THREE, FOUR, FIVE = PAGED


@pytest.mark.parametrize(
    ("pages", "broken"),
    [
        (((ONE, TWO), (THREE, FOUR), (FIVE,)), set()),
        (((ONE, TWO), (FOUR, FIVE)), {"complete"}),
        (((ONE, TWO), (TWO, THREE), (FOUR, FIVE)), {"exclusive-cursor"}),
        (((TWO, ONE), (THREE, FOUR), (FIVE,)), {"oldest-first"}),
        (((ONE, TWO, THREE), (FOUR, FIVE)), {"limit"}),
    ],
    ids=["right", "a hole", "again", "newest first", "more than asked for"],
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
    assert verdict("polling.exclusive-cursor", *PAGED, *lines).breaches[0].actual == "again: 1, 2"


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


# what is counted and remembered


@pytest.mark.parametrize(
    ("unread", "wanted"),
    [(5, Outcome.PASS), (9, Outcome.PASS), (4, Outcome.FAIL), (None, Outcome.FAIL), (True, Outcome.FAIL)],
)
def test_unread_counts_all_that_was_published_and_not_only_what_a_page_has_room_for(unread, wanted):
    first = poll(EMPTY | {"unread": unread, "items": [item(ONE), item(TWO)]}, part="page-0")
    assert verdict("polling.unread-counts-all", *PAGED, *OTHERS, first).outcome is wanted


@pytest.mark.parametrize(
    ("start", "first", "last", "wanted"),
    [
        (1, 6, 6, Outcome.PASS),
        (1, 6, 7, Outcome.PASS),
        (1, 6, 5, Outcome.FAIL),
        (1, 5, 0, Outcome.PASS),
        (1, 6, None, Outcome.PASS),
        (None, 6, 0, Outcome.PASS),
    ],
    ids=["as many", "more since", "fewer", "read by being listed", "none there", "not known before"],
)
def test_a_later_page_counts_no_fewer_where_listing_takes_nothing_for_read(start, first, last, wanted):
    lines = (
        poll({"unread": start, "items": [ITEM]}, part="start"),
        poll({"unread": first, "items": [item(ONE), item(TWO)]}, part="page-0"),
        poll({"unread": last, "items": []}, part="page-1"),
    )
    assert verdict("polling.unread-counts-all", *PAGED, *lines).outcome is wanted


@pytest.mark.parametrize(
    ("start", "unread", "wanted"),
    [
        (1, (6, 6), Outcome.PASS),
        (1, (4, 4), Outcome.FAIL),
        (4, (4, 4), Outcome.UNTESTED),
        (1, (4, 3), Outcome.UNTESTED),
        (1, (4,), Outcome.UNTESTED),
        (None, (4, 4), Outcome.UNTESTED),
    ],
    ids=["all", "fewer", "read by being told", "being read", "a single page", "not known before"],
)
def test_pages_after_a_burst_count_all_of_it_where_what_came_live_is_not_taken_for_read(start, unread, wanted):
    burst = [published(1.0, number=n, scene="delivery.burst", part="burst") for n in range(1, 6)]
    asked = {"scene": "delivery.burst"}
    pages = [poll({"unread": n, "items": []}, part=f"burst-page-{at}", **asked) for at, n in enumerate(unread)]
    first = poll({"unread": start, "items": [ITEM]}, part="start", **asked)
    assert verdict("polling.unread-counts-all", *burst, first, *pages).outcome is wanted


def test_a_page_that_has_room_for_all_tells_nothing_of_the_count():
    full = poll(EMPTY | {"items": list(map(item, PAGED))}, part="page-0")
    assert verdict("polling.unread-counts-all", *PAGED, full).outcome is Outcome.UNTESTED
    failed = poll(EMPTY, part="page-0", status=500)
    assert verdict("polling.unread-counts-all", *PAGED, failed).outcome is Outcome.UNTESTED


@pytest.mark.parametrize(
    ("before", "live", "listed", "wanted"),
    [
        (200, True, True, Outcome.PASS),
        (200, True, False, Outcome.FAIL),
        (200, False, False, Outcome.UNTESTED),
        (500, True, False, Outcome.UNTESTED),
    ],
    ids=["listed", "forgotten", "not heard", "no poll before"],
)
def test_what_came_live_is_in_the_next_poll(before, live, listed, wanted):
    seen = published(2.0, scene=OVERFLOW, part="seen")
    told = stream((1.0, snapshot()), *([(2.1, _live(seen))] if live else []), scene=OVERFLOW, part="before")
    asked = {"scene": OVERFLOW}
    lines = (
        poll(part="before", status=before, **asked),
        poll({"items": [item(seen)] if listed else []}, part="seen", **asked),
    )
    assert verdict("polling.remembers", seen, told, *lines).outcome is wanted


def _live(sent):
    return b"event: notification\ndata: " + json.dumps(item(sent)).encode() + b"\n\n"
