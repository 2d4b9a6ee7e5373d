"""A page of the target shows what its stream tells, and nothing else."""

import pytest

from sse_conform import entries as e
from sse_conform.browser_entries import PageOpened
from sse_conform.own_page_evidence import (
    BACK,
    CREATED,
    FULL,
    MISSED,
    PINGED,
    TOLD,
    number,
)
from sse_conform.verdict import Outcome, Verdict

from ..records import disturbed, event, published, snapshot, stream
from .own_pages import LIST, RETRY, cut, listing, look, made, on_page, outcome, told, verdict


def full(*shown: str) -> Verdict:
    """A page that was told of five and shows these, by their numbers; anything else is somebody else's event."""
    events = made(LIST, *[TOLD] * 5)
    markers = {str(each.number): each.marker for each in events}
    body = [(1.0 + each.number / 10, told(each)) for each in events]
    texts = [markers.get(name, name) for name in shown]
    return verdict("client.keeps-newest", LIST, on_page(LIST, (0.1, snapshot()), *body), events, look(
        LIST, *texts, at=3, part=FULL
    ))  # fmt: skip


@pytest.mark.parametrize("shown", ["543", "345", "5x4", "x54"])
def test_a_list_of_the_newest_may_have_any_order_and_hold_others(shown):
    assert full(*shown).outcome is Outcome.PASS


@pytest.mark.parametrize("shown", ["5432", "54", "321", "542"])
def test_a_list_that_is_too_long_too_short_or_lacks_a_newer_one_fails(shown):
    assert full(*shown).outcome is Outcome.FAIL


def test_a_finding_names_an_older_one_that_is_shown_and_the_newest_that_is_not():
    assert full(*"542").breaches[0].actual == "publish 2 is shown, and 3 is not"
    assert full(*"321").breaches[0].actual == "publish 1 is shown, and 5 is not"


def test_without_word_of_all_events_on_its_stream_the_page_owes_nothing():
    events = made(LIST, *[TOLD] * 5)
    body = [(1.0 + each.number / 10, told(each)) for each in events[:-1]]
    seen = look(LIST, events[0].marker, at=3, part=FULL)
    lines = (on_page(LIST, (0.1, snapshot()), *body), events, seen)
    assert outcome("client.keeps-newest", LIST, *lines) is Outcome.UNTESTED


@pytest.mark.parametrize(
    ("after", "unread", "expected"),
    [
        ("{marker} two minutes ago", "1", Outcome.PASS),
        ("{marker} one minute ago", "2", Outcome.FAIL),
        ("ping", "1", Outcome.FAIL),
    ],
)
def test_a_ping_may_let_times_go_on_and_nothing_else(after, unread, expected):
    (one,) = made(LIST, TOLD)
    before = look(LIST, f"{one.marker} one minute ago", at=2, part=FULL, unread="1")
    later = look(LIST, after.format(marker=one.marker), at=5.1, unread=unread)
    lines = (on_page(LIST, (0.1, snapshot()), (1.5, told(one)), (5, event("ping", {}))), one, before, later)
    assert outcome("client.ping-changes-nothing", LIST, *lines, look(LIST, at=6, part=PINGED)) is expected


def test_what_comes_just_beside_a_ping_is_not_blamed_on_it():
    one, other = made(LIST, TOLD, TOLD)
    before, later = look(LIST, one.marker, at=2, part=FULL), look(LIST, other.marker, one.marker, at=5.2)
    body = ((0.1, snapshot()), (1.5, told(one)), (5, event("ping", {})), (5.1, told(other)))
    lines = (on_page(LIST, *body), one, other, before, later, look(LIST, at=6, part=PINGED))
    assert outcome("client.ping-changes-nothing", LIST, *lines) is Outcome.UNTESTED


@pytest.mark.parametrize(
    ("text", "expected"), [("7", 7), ("(7) unread", 7), ("99+", None), ("", None), ("1 of 2", None)]
)
def test_a_badge_is_a_number_where_it_says_one_and_no_more(text, expected):
    assert number(text) == expected


CREATION = "page.creation"


def created_at(shown: float | None, *, ends: float | None = None, greeted: float = 0.1, more: tuple = ()) -> Verdict:
    """Somebody creates something at 3 s, acknowledged at once; it is due at 5 s."""
    (one,) = made(CREATION, CREATED, at=2.9)
    seen = [look(CREATION, one.marker, at=shown)] if shown else []
    end = (ends, e.EndKind.COMPLETE) if ends else None
    lines = (on_page(CREATION, (greeted, snapshot()), ends=end), one, look(CREATION, at=2), seen, list(more))
    return verdict("delivery.browser-to-browser-ui", CREATION, *lines)


def test_what_is_created_is_shown_up_to_the_end_of_the_budget():
    assert created_at(5.0).outcome is Outcome.PASS
    (late,) = created_at(5.25).breaches
    assert late.actual == "shown 2.250 s after the answer"
    (never,) = created_at(None).breaches
    assert never.actual == "it is not shown"


@pytest.mark.parametrize(("lag", "expected"), [(0.2, Outcome.FAIL), (0.3, Outcome.INCONCLUSIVE)])
def test_lag_explains_a_late_page_where_it_was_as_long(lag, expected):
    assert created_at(5.25, more=(disturbed(4, 4 + lag),)).outcome is expected


@pytest.mark.parametrize(
    ("shown", "ends", "greeted", "expected"),
    [
        (None, 5.0, 0.1, Outcome.FAIL),
        (None, 4.9, 0.1, Outcome.UNTESTED),
        (4.0, 4.0, 0.1, Outcome.PASS),
        (4.0, 3.9, 0.1, Outcome.UNTESTED),
        (None, None, 3.0, Outcome.FAIL),
        (None, None, 3.1, Outcome.UNTESTED),
    ],
    ids=["kept until due", "not kept", "kept until shown", "not until shown", "greeted just before", "greeted after"],
)
def test_the_page_has_to_have_its_stream_from_before_until_it_is_due_or_shown(shown, ends, greeted, expected):
    assert created_at(shown, ends=ends, greeted=greeted).outcome is expected


def test_a_finding_names_the_first_of_the_older_ones_that_are_kept():
    (one, two, three), four = made(LIST, TOLD, TOLD, TOLD), published(2.5, scene=LIST, part=MISSED, number=4)
    markers = [each.marker for each in (three, two, one)]
    body = [(1.1 + each.number / 10, told(each)) for each in (one, two, three)]
    lines = (
        on_page(LIST, (0.1, RETRY + snapshot()), *body), cut(LIST, 2.0), look(LIST, *markers, at=1.8, unread="3"),
        on_page(LIST, (7.0, listing(four)), conn=2, at=7.0), [one, two, three, four],
        look(LIST, four.marker, *markers, at=12, part=BACK, unread="1"),
    )  # fmt: skip
    (kept,) = verdict("client.snapshot-replaces", LIST, *lines).breaches
    assert kept.actual == "3 older ones are still shown, the first is publish 1"


@pytest.mark.parametrize(
    ("at", "named", "wanted"),
    [(8.0, 5, Outcome.PASS), (13.0, 5, Outcome.FAIL), (8.0, 4, Outcome.FAIL)],
    ids=["told before the look", "told after it", "told before, and listed already"],
)
def test_only_what_a_new_stream_told_beyond_its_snapshot_explains_more_unread(at, named, wanted):
    old, new = made(LIST, TOLD)[0], published(2.5, scene=LIST, part=MISSED, number=4)
    more = event("notification", {"id": named, "type": "NEW", "message": "somebody else's"})
    lines = (
        on_page(LIST, (0.1, RETRY + snapshot()), (1.1, told(old))), cut(LIST, 2.0), look(LIST, old.marker, at=1.8),
        on_page(LIST, (7.0, listing(new)), (at, more), conn=2, at=7.0), old, new,
        look(LIST, new.marker, at=12, part=BACK, unread="2"),
    )  # fmt: skip
    assert outcome("client.snapshot-replaces", LIST, *lines) is wanted


def test_a_page_without_anything_on_show_is_not_the_last_that_is_looked_at():
    (one,) = made(LIST, TOLD)
    other = PageOpened(
        t=0, page=2, device=2, scene=LIST, part="", user="bob", token=e.TokenKind.GENUINE, browser="b", own=True
    )
    other_stream = stream((0.1, snapshot()), (5, event("ping", {})), conn=2, page=2, scene=LIST)
    seen = [look(LIST, one.marker, at=2, part=FULL, page=2), look(LIST, at=5.1, page=2)]
    seen += [look(LIST, at=6, part=PINGED, page=2)]
    assert outcome("client.ping-changes-nothing", LIST, other, other_stream, one, seen) is Outcome.FAIL
