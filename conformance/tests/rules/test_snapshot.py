"""A snapshot comes first, has its shape, and comes again."""

import pytest

from sse_conform import entries as e
from sse_conform.rules import BY_ID
from sse_conform.spec import Capability
from sse_conform.terms import Terms
from sse_conform.verdict import Outcome, judge

from ..records import completed, event, notification, published, snapshot, stream, transcript

OVERFLOW = "snapshot.overflow"
TERMS = Terms(latency=2.0, snapshot_items=3, capabilities=tuple(Capability))
ITEM = {"id": 1, "type": "alert", "message": "m"}


def verdict(rule, *lines):
    done = map(completed, ("preflight", "idle.stream", OVERFLOW))
    return judge(BY_ID[rule], transcript(*lines, *done, terms=TERMS))


def of(document):
    return stream((1.0, event("snapshot", document)), scene="preflight")


@pytest.mark.parametrize(
    ("body", "ends", "wanted"),
    [
        (snapshot() + notification(), None, Outcome.PASS),
        (notification() + snapshot(), None, Outcome.FAIL),
        (event("ping", {}) + snapshot(), None, Outcome.FAIL),
        (b": hello\n\n" + snapshot(), None, Outcome.PASS),
        (b": hello\n\n", None, Outcome.FAIL),
        (b": hello\n\n", (2.0, e.EndKind.CLOSED), Outcome.FAIL),
        (b": hello\n\n", (1.9, e.EndKind.CLOSED), Outcome.UNTESTED),
        (b": hello\n\n", (1.9, e.EndKind.COMPLETE), Outcome.FAIL),
    ],
    ids=["first", "second", "after a ping", "after a comment", "never", "not in time", "not due yet", "ended before"],
)
def test_the_first_event_is_the_snapshot(body, ends, wanted):
    assert verdict("snapshot.first", stream((1.0, body), scene="preflight", ends=ends)).outcome is wanted


@pytest.mark.parametrize(
    ("document", "said"),
    [
        ({"unread": 0, "items": []}, []),
        ({"unread": 7, "items": [1], "more": None}, []),
        ({"items": []}, ['"unread": None']),
        ({"unread": -1, "items": []}, ['"unread": -1']),
        ({"unread": True, "items": []}, ['"unread": True']),
        ({"unread": 1.5, "items": []}, ['"unread": 1.5']),
        ({"unread": "1", "items": {}}, ["\"unread\": '1'", '"items": {}']),
        ([], []),
    ],
    ids=str,
)
def test_unread_is_a_count_and_items_a_list(document, said):
    assert [breach.actual for breach in verdict("snapshot.shape", of(document)).breaches] == said


@pytest.mark.parametrize(
    ("items", "said"),
    [
        ([ITEM, ITEM], []),
        ([ITEM, {"id": 1, "message": None}, {}], ["without type, message: {'id': 1, 'message': None}"]),
        (["text"], ["without id, type, message: 'text'"]),
    ],
    ids=["right", "one after another", "no object"],
)
def test_items_have_their_keys(items, said):
    assert [breach.actual for breach in verdict("snapshot.item-shape", of({"items": items})).breaches] == said


@pytest.mark.parametrize("document", [{"items": []}, {"items": {"a": 1}}, {}], ids=str)
def test_without_items_there_is_no_shape_to_see(document):
    assert verdict("snapshot.item-shape", of(document)).outcome is Outcome.UNTESTED


@pytest.mark.parametrize(("length", "wanted"), [(3, Outcome.PASS), (4, Outcome.FAIL)])
def test_a_list_is_as_long_as_promised_at_most(length, wanted):
    assert verdict("snapshot.length", of({"items": [ITEM] * length})).outcome is wanted


@pytest.mark.parametrize(
    ("ids", "said"),
    [
        ([1, 2, 3], []),
        ([1, 2, "1"], ["twice: 1"]),
        ([None, None], []),
        ([2, 1, 1, 2, 2], ["twice: 1, 2"]),
        ([0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5], ["twice: 0, 1, 2, 3, 4"]),
    ],
    ids=str,
)
def test_no_id_is_listed_twice(ids, said):
    found = verdict("snapshot.unique-items", of({"items": [{"id": one} for one in ids]}))
    assert [breach.actual for breach in found.breaches] == said


def newcomer(document, *, at=5.0, **attempt):
    return stream((at + 0.1, event("snapshot", document)), at=at, scene="idle.stream", **attempt)


EMPTY, FULL = {"unread": 0, "items": []}, {"unread": 1, "items": [ITEM]}


@pytest.mark.parametrize(
    ("document", "wanted"),
    [
        (EMPTY, Outcome.PASS),
        ({"unread": 1, "items": []}, Outcome.FAIL),
        ({"unread": 0, "items": [ITEM]}, Outcome.FAIL),
        ({"unread": None, "items": {"a": 1}}, Outcome.PASS),
    ],
    ids=str,
)
def test_a_new_user_has_nothing(document, wanted):
    assert verdict("snapshot.fresh-user", newcomer(document)).outcome is wanted


@pytest.mark.parametrize(
    ("changes", "wanted"),
    [
        ({}, Outcome.UNTESTED),
        ({"to": "bob", "sender": "alice"}, Outcome.UNTESTED),
        ({"to": "bob", "everyone": True}, Outcome.UNTESTED),
        ({"to": "bob", "sender": "bob"}, Outcome.FAIL),
        ({"accepted": False}, Outcome.FAIL),
        ({"t": 6.0}, Outcome.FAIL),
    ],
    ids=["to the user", "by the user", "to everybody", "among others", "refused", "later"],
)
def test_what_concerned_a_user_before_may_be_listed(changes, wanted):
    sent = published(changes.pop("t", 1.0), **changes)
    assert verdict("snapshot.fresh-user", sent, newcomer(FULL)).outcome is wanted


def test_what_was_meant_for_others_is_for_the_rules_on_isolation():
    secret = published(1.0, to="bob")
    leak = newcomer({"unread": 1, "items": [ITEM | {"message": secret.marker}]})
    assert verdict("snapshot.fresh-user", secret, leak).outcome is Outcome.UNTESTED


def test_only_the_first_snapshot_of_a_user_is_that_of_a_newcomer():
    again = newcomer(FULL, at=9.0, conn=2)
    assert verdict("snapshot.fresh-user", newcomer(EMPTY), again).observations == 1
    other = newcomer(FULL, at=9.0, conn=2, user="bob")
    assert (
        verdict("snapshot.fresh-user", newcomer(EMPTY), other, newcomer(EMPTY, at=10.0, conn=3, user="eve")).findings
        == 1
    )
    untold = stream(scene="idle.stream", at=1.0, conn=3)
    assert verdict("snapshot.fresh-user", untold, newcomer(FULL)).outcome is Outcome.FAIL


@pytest.mark.parametrize("part", ["after", "again"])
@pytest.mark.parametrize(
    ("before", "again", "wanted"),
    [
        ([(1.0, snapshot())], [(5.1, snapshot())], Outcome.PASS),
        ([(1.0, snapshot())], [(5.1, event("ping", {}))], Outcome.FAIL),
        ([(1.0, event("ping", {}))], [], Outcome.UNTESTED),
    ],
    ids=["again", "not again", "never"],
)
def test_a_snapshot_comes_again_where_it_came_before(part, before, again, wanted):
    lines = (stream(*before, scene=OVERFLOW, part="before"), stream(*again, at=5.0, scene=OVERFLOW, part=part, conn=2))
    assert verdict("snapshot.on-reconnect", *lines).outcome is wanted


def test_a_reconnect_of_another_user_or_one_that_opened_nothing_owes_none():
    before = stream((1.0, snapshot()), scene=OVERFLOW, part="before")
    for fields in ({"user": "bob"}, {"status": 500}, {"part": "other"}):
        later = stream(**{"at": 5.0, "scene": OVERFLOW, "part": "after", "conn": 2} | fields)
        assert verdict("snapshot.on-reconnect", before, later).outcome is Outcome.UNTESTED


# around a connect


DROPS = "reconnect.drops"
AROUND = published(4.99, acked=4.995, number=1, scene=DROPS, part="around-tab")
BARRIER = published(6.0, number=2, scene=DROPS, part="around-tab-barrier")


def item(sent, **changes):
    return {"id": sent.number, "type": "alert", "message": sent.marker} | changes


def connecting(*listed, told=(BARRIER,), more=(), document=None):
    first = event("snapshot", document) if document else snapshot(*listed)
    pieces = [(5.1, first), *((6.1, notification(each.marker, id=each.number)) for each in told)]
    lines = stream(*pieces, at=5.0, scene=DROPS)
    done = (completed(DROPS), completed(OVERFLOW))
    return lambda rule: judge(BY_ID[rule], transcript(AROUND, BARRIER, *more, lines, *done, terms=TERMS))


@pytest.mark.parametrize(
    ("race", "wanted"),
    [
        (connecting(item(AROUND)), Outcome.PASS),
        (connecting(told=(AROUND, BARRIER)), Outcome.PASS),
        (connecting(), Outcome.FAIL),
        (connecting(told=()), Outcome.UNTESTED),
        (connecting(document={"items": None}), Outcome.UNTESTED),
    ],
    ids=["listed", "live", "a gap", "no barrier", "no list"],
)
def test_what_is_published_around_a_connect_falls_in_no_gap(race, wanted):
    assert race("snapshot.no-gap").outcome is wanted


def test_without_a_barrier_nothing_shows_that_it_will_not_come():
    lines = stream((5.1, snapshot()), at=5.0, scene=DROPS)
    assert verdict("snapshot.no-gap", AROUND, lines, completed(DROPS)).outcome is Outcome.UNTESTED


def test_a_finding_says_how_far_from_the_request_it_was_published():
    (gap,) = connecting()("snapshot.no-gap").breaches
    assert gap.expected == f"{AROUND.marker} in the snapshot or live"
    assert gap.actual.endswith("published -10.0 ms from the request")


@pytest.mark.parametrize(("at", "wanted"), [(4.995, Outcome.PASS), (4.994, Outcome.FAIL)])
def test_what_three_newer_ones_pushed_out_of_a_full_list_fell_in_no_gap(at, wanted):
    newer = [published(at, number=5 + n, scene=DROPS) for n in range(3)]
    assert connecting(*map(item, newer), more=newer)("snapshot.no-gap").outcome is wanted
    room = connecting(*map(item, newer[:2]), more=newer)
    assert room("snapshot.no-gap").outcome is Outcome.FAIL


@pytest.mark.parametrize(
    ("listed", "wanted"),
    [(item(AROUND), Outcome.PASS), (item(AROUND, id="other"), Outcome.FAIL)],
    ids=["same", "other"],
)
def test_what_is_listed_and_live_has_one_id(listed, wanted):
    assert connecting(listed, told=(AROUND, BARRIER))("snapshot.same-id").outcome is wanted


def test_an_id_is_compared_only_where_both_have_one():
    assert connecting(item(AROUND))("snapshot.same-id").outcome is Outcome.UNTESTED
    without = {"type": "alert", "message": AROUND.marker}
    assert connecting(without, told=(AROUND, BARRIER))("snapshot.same-id").outcome is Outcome.UNTESTED
