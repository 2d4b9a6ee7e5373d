"""What polling counts and remembers."""

import json

import pytest

from sse_conform.verdict import Outcome

from ..records import published, snapshot, stream
from .polls import EMPTY, ITEM, ONE, OTHERS, OVERFLOW, PAGED, TWO, item, poll, verdict


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
