"""What the rules on the target's own page must not take for a breach, and what they must."""

from typing import Any

import pytest

from sse_conform import entries as e
from sse_conform.browser_entries import Deed, PageOpened, Relayed
from sse_conform.own_page_evidence import (
    BACK,
    BEFORE,
    CREATED,
    FULL,
    LEFT,
    MISSED,
    PINGED,
    POLLED,
    SESSION_OVER,
    TOLD,
    number,
)
from sse_conform.rules import BY_ID
from sse_conform.spec import Capability
from sse_conform.terms import Terms
from sse_conform.verdict import Outcome, Verdict, judge

from ..records import completed, disturbed, event, ns, published, showed, snapshot, stream, transcript

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


def verdict(rule: str, scene: str, *lines: Any) -> Verdict:
    recorded = transcript(opened(scene), *lines, completed(scene), terms=TERMS, scenes=(scene,))
    return judge(BY_ID[rule], recorded)


def outcome(rule: str, scene: str, *lines: Any) -> Outcome:
    return verdict(rule, scene, *lines).outcome


# the list


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


def test_a_page_that_did_not_come_back_shows_nothing_again():
    assert returned("client.reconnects-ui-once", *"212", again=None) is Outcome.UNTESTED


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


# to and from polling


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
    polls = [deed(FALLBACK, Deed.POLL, at) for at in (1, 5, 10, 25)]
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


# what is created


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


# what replaces, and what a ping may not do


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


def test_a_page_without_anything_on_show_is_not_the_last_that_is_looked_at():
    (one,) = made(LIST, TOLD)
    other = PageOpened(
        t=0, page=2, device=2, scene=LIST, part="", user="bob", token=e.TokenKind.GENUINE, browser="b", own=True
    )
    other_stream = stream((0.1, snapshot()), (5, event("ping", {})), conn=2, page=2, scene=LIST)
    seen = [look(LIST, one.marker, at=2, part=FULL, page=2), look(LIST, at=5.1, page=2)]
    seen += [look(LIST, at=6, part=PINGED, page=2)]
    assert outcome("client.ping-changes-nothing", LIST, other, other_stream, one, seen) is Outcome.FAIL


# in time


@pytest.mark.parametrize(
    ("again", "expected"), [(4.4, Outcome.FAIL), (4.5, Outcome.PASS), (10.5, Outcome.PASS), (10.6, Outcome.FAIL)]
)
def test_it_waits_for_half_to_one_and_a_half_times_what_the_server_said_and_a_second(again, expected):
    assert returned("client.honours-retry-ui", "3", "2", again=again) is expected


@pytest.mark.parametrize(("closed", "expected"), [(10.1, Outcome.PASS), (None, Outcome.FAIL)])
def test_of_several_streams_the_last_is_the_one_that_is_left(closed, expected):
    first = on_page(SESSION, (0.1, snapshot()), ends=(5.0, e.EndKind.COMPLETE))
    ends = (closed, e.EndKind.CLOSED) if closed else None
    lines = (
        first, on_page(SESSION, (6.1, snapshot()), conn=2, at=6.0, ends=ends),
        e.Noted(t=ns(10), scene=SESSION, name=LEFT, value="logged out"),
        e.Waited(t=ns(10), scene=SESSION, until=ns(20), what="a stream"),
    )  # fmt: skip
    assert outcome("client.unmount-closes", SESSION, *lines) is expected


@pytest.mark.parametrize("looked", [True, False])
def test_where_only_the_page_told_of_the_end_a_finding_points_at_it(looked):
    lines = [
        *on_page(SESSION, (0.1, snapshot())), *cut(SESSION, 2), look(SESSION, at=4, prompt=True),
        *asked(SESSION, 8), e.Noted(t=ns(30), scene=SESSION, name=SESSION_OVER),
    ]  # fmt: skip
    lines += [look(SESSION, at=20, part=SESSION_OVER)] if looked else []
    (breach,) = verdict("client.stops-at-401-ui", SESSION, *lines).breaches
    assert breach.evidence.t == ns(20 if looked else 4)


def test_further_requests_after_leaving_are_counted():
    assert left(15) is Outcome.FAIL
    assert left(10.05) is Outcome.PASS
    assert left(21) is Outcome.PASS
