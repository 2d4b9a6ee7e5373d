"""A page of the target that lost its stream comes back to what is true now."""

from typing import Any

import pytest

from sse_conform.own_page_evidence import (
    BACK,
    HIDDEN,
    MISSED,
    SEEN,
    TOLD,
)
from sse_conform.verdict import Outcome

from ..records import disturbed, published, snapshot
from .own_pages import LIST, RETRY, cut, listing, look, made, on_page, outcome, told, verdict


def returned(
    rule: str, *shown: str, again: float | None = 7.0, status: int = 200, lag: float = 0.0, **seen: Any
) -> Outcome:
    """Known before the cut at 2 s: 1 and 2; missed: 3; the snapshot after it lists 2 and 3 and counts two."""
    one, two, three = made(LIST, TOLD, TOLD, MISSED)
    three = published(2.5, scene=LIST, part=MISSED, number=3)
    markers = {"1": one.marker, "2": two.marker, "3": three.marker}
    before = look(LIST, two.marker, one.marker, at=1.8, unread="2")
    after = on_page(LIST, (again or 0, listing(two, three)), conn=2, at=again or 0, status=status) if again else []
    lines = (
        on_page(LIST, (0.1, RETRY + snapshot()), (1.2, told(one)), (1.3, told(two))), cut(LIST, 2.0), before, after,
        [one, two, three], [disturbed(3.0, 3.0 + lag)] if lag else [],
    )  # fmt: skip
    last = look(LIST, *[markers[each] for each in shown], at=max(12, (again or 0) + 1), part=BACK, **seen)
    return outcome(rule, LIST, *lines, last)


def test_a_page_that_is_back_in_time_with_the_new_list_passes():
    for rule in (
        "client.reconnects-ui", "client.reconnects-ui-once", "client.honours-retry-ui", "client.snapshot-replaces",
    ):  # fmt: skip
        assert returned(rule, "3", "2", unread="2") is Outcome.PASS, rule


@pytest.mark.parametrize(
    ("rule", "shown", "unread"),
    [
        ("client.reconnects-ui", "2", "2"),
        ("client.reconnects-ui-once", "323", "2"),
        ("client.snapshot-replaces", "321", "2"),
        ("client.snapshot-replaces", "32", "3"),
    ],
)
def test_what_is_missed_doubled_kept_or_miscounted_fails(rule, shown, unread):
    assert returned(rule, *shown, unread=unread) is Outcome.FAIL


def test_a_page_that_never_asks_again_fails():
    assert returned("client.reconnects-ui", "2", "1", again=None) is Outcome.FAIL
    assert returned("client.honours-retry-ui", "2", "1", again=None) is Outcome.FAIL


@pytest.mark.parametrize(("again", "expected"), [(2.1, Outcome.FAIL), (5.0, Outcome.PASS), (30.0, Outcome.FAIL)])
def test_it_comes_back_neither_too_soon_nor_too_late(again, expected):
    assert returned("client.honours-retry-ui", "3", "2", again=again) is expected


def test_a_page_that_did_not_come_back_shows_nothing_again():
    assert returned("client.reconnects-ui-once", *"212", again=None) is Outcome.UNTESTED


def test_a_page_whom_the_target_refuses_a_stream_is_not_to_blame():
    assert returned("client.reconnects-ui", "2", "1", status=503) is Outcome.UNTESTED


def test_without_a_cut_that_the_proxy_saw_nothing_is_judged():
    (one,) = made(LIST, MISSED)
    lines = (on_page(LIST, (0.1, snapshot())), one, look(LIST, at=9, part=BACK))
    assert outcome("client.reconnects-ui", LIST, *lines) is Outcome.UNTESTED


@pytest.mark.parametrize(
    ("again", "expected"), [(4.4, Outcome.FAIL), (4.5, Outcome.PASS), (10.5, Outcome.PASS), (10.6, Outcome.FAIL)]
)
def test_it_waits_for_half_to_one_and_a_half_times_what_the_server_said_and_a_second(again, expected):
    assert returned("client.honours-retry-ui", "3", "2", again=again) is expected


@pytest.mark.parametrize(
    ("again", "lag", "expected"),
    [(10.7, 0.1, Outcome.FAIL), (10.7, 0.3, Outcome.INCONCLUSIVE), (4.3, 0.1, Outcome.INCONCLUSIVE)],
    ids=["later than it explains", "late by less", "too soon, which any lag makes doubtful"],
)
def test_lag_explains_a_late_request_where_it_was_as_long(again, lag, expected):
    assert returned("client.honours-retry-ui", "3", "2", again=again, lag=lag) is expected


@pytest.mark.parametrize(("again", "said"), [(2.0, []), (62.0, []), (62.5, ["after 60.500 s"])])
def test_where_nobody_names_a_time_it_comes_back_until_it_would_fall_back(again, said):
    lines = (
        on_page(LIST, (0.1, snapshot())), cut(LIST, 2.0), on_page(LIST, (again, snapshot()), conn=2, at=again),
    )  # fmt: skip
    found = verdict("client.honours-retry-ui", LIST, *lines).breaches
    assert [breach.actual for breach in found] == said
    assert all(breach.expected == "a request for the stream between 0 and 60 s after the cut" for breach in found)


def unhidden(*, shown: bool, streams: tuple[tuple[float, int], ...] = ((0.1, 200),)) -> Outcome:
    """In sight until 2 s, again from 4 s; one event in between. The streams begin then, with these statuses."""
    event = published(3.0, scene=LIST, part=HIDDEN, number=1)
    lines = [
        on_page(LIST, (at, snapshot() if status == 200 else b""), conn=conn, at=at, status=status)
        for conn, (at, status) in enumerate(streams, start=1)
    ]
    seen = look(LIST, *[event.marker] * shown, at=9, part=SEEN)
    return outcome("client.hidden-catches-up", LIST, *lines, look(LIST, at=2, part=BACK), event, seen)


@pytest.mark.parametrize(("shown", "expected"), [(True, Outcome.PASS), (False, Outcome.WARN)])
@pytest.mark.parametrize("streams", [((0.1, 200),), ((0.1, 200), (4.1, 200))], ids=["kept", "opened again"])
def test_a_page_that_is_seen_again_shows_what_happened_out_of_sight(shown, expected, streams):
    assert unhidden(shown=shown, streams=streams) is expected


@pytest.mark.parametrize("streams", [(), ((0.1, 503),), ((0.1, 200), (4.1, 503))])
def test_a_page_that_had_no_stream_or_was_refused_one_owes_nothing_when_it_is_seen_again(streams):
    assert unhidden(shown=False, streams=streams) is Outcome.UNTESTED
