"""What the rules on the target's own page must not take for a breach, and what they must."""

from typing import Any

import pytest

from sse_conform import entries as e
from sse_conform.browser_entries import Deed, PageOpened, Relayed
from sse_conform.own_page_evidence import BACK, FULL, LEFT, MISSED, PINGED, POLLED, SESSION_OVER, TOLD, number
from sse_conform.rules import BY_ID
from sse_conform.spec import Capability
from sse_conform.terms import Terms
from sse_conform.verdict import Outcome, judge

from ..records import completed, event, ns, published, showed, snapshot, stream, transcript

LIST, FALLBACK, SESSION = "page.list", "page.fallback", "page.session"
TERMS = Terms(
    retry=5000,
    kept_items=3,
    fallback=60.0,
    capabilities=(
        Capability.BROWSER, Capability.UI, Capability.TRIGGERS, Capability.MARKERS, Capability.POLLING,
    ),
)  # fmt: skip
RETRY = b"retry: 5000\n"


def opened(scene: str) -> PageOpened:
    return PageOpened(
        t=0, page=1, device=1, scene=scene, part="", user="alice", token=e.TokenKind.GENUINE, browser="b", own=True
    )


def deed(scene: str, kind: Deed, at: float, *, conn: int = 0) -> Relayed:
    return Relayed(t=ns(at), device=1, scene=scene, deed=kind, conn=conn)


def asked(scene: str, *instants: float) -> list[e.AnyEntry]:
    return [deed(scene, Deed.PUSH, at) for at in instants]


def on_page(scene: str, *pieces: tuple[float, bytes], conn: int = 1, at: float = 0.0, **more: Any) -> list[e.AnyEntry]:
    """A stream of the page, which it asked for."""
    return [*asked(scene, at), *stream(*pieces, conn=conn, at=at, page=1, scene=scene, **more)]


def cut(scene: str, at: float) -> list[e.AnyEntry]:
    """The proxy cuts the first stream."""
    return [deed(scene, Deed.CUT, at, conn=1), e.Ended(t=ns(at), conn=1, kind=e.EndKind.CLOSED)]


def told(of: e.Published) -> bytes:
    return event("notification", {"id": of.number, "type": "NEW", "message": of.marker})


def listing(*of: e.Published, unread: int | None = None) -> bytes:
    items = [{"id": each.number, "type": "NEW", "message": each.marker} for each in of]
    return event("snapshot", {"unread": len(items) if unread is None else unread, "items": items})


def look(scene: str, *texts: str, at: float, part: str = "", **more: Any) -> e.PageShowed:
    return showed(*texts, at=at, scene=scene, part=part, **more)


def made(scene: str, *parts: str, at: float = 1.0) -> list[e.Published]:
    return [
        published(at + number / 10, scene=scene, part=part, number=number) for number, part in enumerate(parts, start=1)
    ]


def outcome(rule: str, scene: str, *lines: Any) -> Outcome:
    recorded = transcript(opened(scene), *lines, completed(scene), terms=TERMS, scenes=(scene,))
    return judge(BY_ID[rule], recorded).outcome


# the list


def full(*shown: str) -> Outcome:
    """A page that was told of five and shows these, by their numbers; anything else is somebody else's event."""
    events = made(LIST, *[TOLD] * 5)
    markers = {str(each.number): each.marker for each in events}
    body = [(1.0 + each.number / 10, told(each)) for each in events]
    texts = [markers.get(name, name) for name in shown]
    return outcome("client.keeps-newest", LIST, on_page(LIST, (0.1, snapshot()), *body), events, look(
        LIST, *texts, at=3, part=FULL
    ))  # fmt: skip


@pytest.mark.parametrize("shown", ["543", "345", "5x4", "x54"])
def test_a_list_of_the_newest_may_have_any_order_and_hold_others(shown):
    assert full(*shown) is Outcome.PASS


@pytest.mark.parametrize("shown", ["5432", "54", "321", "542"])
def test_a_list_that_is_too_long_too_short_or_lacks_a_newer_one_fails(shown):
    assert full(*shown) is Outcome.FAIL


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


# the return


def returned(rule: str, *shown: str, again: float | None = 7.0, status: int = 200, **seen: Any) -> Outcome:
    """Known before the cut at 2 s: 1 and 2; missed: 3; the snapshot after it lists 2 and 3 and counts two."""
    one, two, three = made(LIST, TOLD, TOLD, MISSED)
    three = published(2.5, scene=LIST, part=MISSED, number=3)
    markers = {"1": one.marker, "2": two.marker, "3": three.marker}
    before = look(LIST, two.marker, one.marker, at=1.8, unread="2")
    after = on_page(LIST, (again or 0, listing(two, three)), conn=2, at=again or 0, status=status) if again else []
    lines = (
        on_page(LIST, (0.1, RETRY + snapshot()), (1.2, told(one)), (1.3, told(two))), cut(LIST, 2.0), before, after,
        [one, two, three],
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


def test_a_page_whom_the_target_refuses_a_stream_is_not_to_blame():
    assert returned("client.reconnects-ui", "2", "1", status=503) is Outcome.UNTESTED


def test_without_a_cut_that_the_proxy_saw_nothing_is_judged():
    (one,) = made(LIST, MISSED)
    lines = (on_page(LIST, (0.1, snapshot())), one, look(LIST, at=9, part=BACK))
    assert outcome("client.reconnects-ui", LIST, *lines) is Outcome.UNTESTED


# push is refused


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


@pytest.mark.parametrize(("at", "expected"), [(10.0, Outcome.PASS), (21.0, Outcome.FAIL)])
def test_what_is_polled_is_to_be_shown_before_push_is_back(at, expected):
    (one,) = made(FALLBACK, POLLED)
    lines = (
        on_page(FALLBACK, (0, snapshot())), cut(FALLBACK, 0.5), one, deed(FALLBACK, Deed.OFF, 20),
        look(FALLBACK, one.marker, at=at),
    )  # fmt: skip
    assert outcome("client.falls-back", FALLBACK, *lines) is expected


# the session


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
    """Somebody leaves at 10 s, and the page is watched for 10 s."""
    ends = [e.Ended(t=ns(closed), conn=1, kind=by)] if closed else []
    lines = (
        on_page(SESSION, (0.1, snapshot())), ends, e.Noted(t=ns(10), scene=SESSION, name=LEFT, value="logged out"),
        e.Waited(t=ns(10), scene=SESSION, until=ns(20), what="a stream"), asked(SESSION, *further),
    )  # fmt: skip
    return outcome("client.unmount-closes", SESSION, *lines)


def test_whoever_closes_the_stream_when_it_is_left_it_is_closed():
    assert left() is Outcome.PASS
    assert left(closed=9.9, by=e.EndKind.COMPLETE) is Outcome.PASS


def test_a_stream_that_stays_or_comes_back_fails():
    assert left(closed=None) is Outcome.FAIL
    assert left(closed=18) is Outcome.FAIL
    assert left(15, by=e.EndKind.COMPLETE) is Outcome.FAIL


def test_a_stream_that_had_ended_long_before_tells_nothing():
    assert left(closed=5) is Outcome.UNTESTED
