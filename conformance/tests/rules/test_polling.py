"""What polling gives: its shape, its refusals, its newest items, and the same as a snapshot."""

import pytest

from sse_conform.verdict import Outcome

from ..records import published, snapshot, stream
from .polls import EMPTY, ITEM, OTHERS, OVERFLOW, PAGED, REFUSALS, item, poll, verdict


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
    ("answer", "wanted"),
    [
        ({}, Outcome.FAIL),
        ({"status": 404}, Outcome.PASS),
        ({"status": 302}, Outcome.PASS),
        ({"document": b"<!doctype html>"}, Outcome.PASS),
        ({"document": b'{"items": "none"}'}, Outcome.PASS),
    ],
    ids=["a page", "no such path", "a redirect", "the application's shell", "another document"],
)
def test_another_spelling_of_the_path_gives_no_page_without_a_token(answer, wanted):
    anonymous = poll(part="anonymous", user="", status=401)
    door = poll(part="door-parameter", user="", **answer)
    assert verdict("polling.auth", anonymous, door).outcome is wanted


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


def test_one_leak_is_named_a_page_and_it_is_the_earliest():
    leaks = [published(1.0, number=n, to=to) for n, to in enumerate(("bob", "carol", "dave"), start=1)]
    page = poll(EMPTY | {"items": list(map(item, (leaks[1], leaks[0], leaks[2])))})
    found = verdict("polling.own-items", *leaks, page)
    assert (found.findings, found.breaches[0].actual) == (1, "an item of bob")


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
