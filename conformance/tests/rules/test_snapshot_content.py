"""Which item of a snapshot is the newest one shows only where its neighbour is known to be older."""

import pytest

from sse_conform import entries as e
from sse_conform.rules.snapshot_content import id_is_that_of_the_newest, lists_what_was_live, unread_counts_all
from sse_conform.spec import Capability
from sse_conform.terms import Terms
from sse_conform.verdict import Outcome, judge

from ..records import completed, event, notification, ns, published, snapshot, stream, transcript

SCENE = "snapshot.overflow"
TERMS = Terms(capabilities=(Capability.TRIGGERS,))


def judged(*, told_at, snapshot_id, newest_first=True):
    """The verdict on a snapshot that lists what came live at 2 s and what another scene told everybody."""
    broadcast = published(told_at, scene="delivery.live", part="told", everyone=True)
    live = published(2.0, scene=SCENE, part="live", number=2)
    listed = [{"id": name, "type": "alert", "message": p.marker} for name, p in (("2", live), ("1", broadcast))]
    again = snapshot(*(listed if newest_first else reversed(listed)))
    heard = b"id: e2\n" + notification(live.marker, id="2")
    recorded = transcript(
        broadcast,
        live,
        stream((1.5, snapshot()), (2.1, heard), conn=1, at=1.4, scene=SCENE, part="after"),
        stream((3.1, f"id: {snapshot_id}\n".encode() + again), conn=2, at=3.0, scene=SCENE, part="again"),
        completed(SCENE),
        terms=TERMS,
        scenes=(SCENE,),
    )
    return judge(id_is_that_of_the_newest, recorded).outcome


@pytest.mark.parametrize("newest_first", [True, False])
def test_beside_what_everybody_was_told_before_the_newest_is_known(newest_first):
    assert judged(told_at=1.0, snapshot_id="1", newest_first=newest_first) is Outcome.FAIL


@pytest.mark.parametrize("given", ["2", "e2"])
def test_the_id_in_its_data_and_that_of_its_own_event_are_right(given):
    assert judged(told_at=1.0, snapshot_id=given) is Outcome.PASS


def test_beside_what_was_told_later_nothing_is_known():
    assert judged(told_at=2.5, snapshot_id="1") is Outcome.UNTESTED


# what is counted


@pytest.mark.parametrize(
    ("before", "after", "outcome"),
    [
        (0, 4, Outcome.PASS),
        (5, 9, Outcome.PASS),
        (5, 20, Outcome.PASS),
        (5, 8, Outcome.FAIL),
        (5, 5, Outcome.FAIL),
        (None, 3, Outcome.PASS),
        (5, "6", Outcome.PASS),
    ],
)
def test_unread_grows_by_all_that_was_missed(before, after, outcome):
    missed = [published(2.0 + n, number=n, scene=SCENE, part="missed") for n in range(4)]
    recorded = transcript(
        *missed,
        stream((1.1, event("snapshot", {"unread": before, "items": []})), at=1.0, scene=SCENE, part="before"),
        stream((9.1, event("snapshot", {"unread": after, "items": []})), at=9.0, scene=SCENE, part="after", conn=2),
        completed(SCENE),
        terms=Terms(snapshot_items=3, capabilities=(Capability.TRIGGERS,)),
    )
    found = judge(unread_counts_all, recorded)
    assert found.outcome is outcome
    assert [breach.actual for breach in found.breaches] == [f"unread: {after}"] * found.findings


# what is remembered


LIVE = published(2.0, number=1, scene=SCENE)


def remembered(*lines, listed=(), told=True, user="alice", at=5.0, room=3):
    heard = [(2.1, notification(LIVE.marker))] if told else []
    items = [{"id": each.number, "message": each.marker} for each in listed]
    recorded = transcript(
        LIVE,
        stream((1.1, snapshot()), *heard, at=1.0, scene=SCENE),
        stream((at + 0.1, snapshot(*items)), at=at, scene=SCENE, conn=2, user=user),
        *lines,
        completed(SCENE),
        terms=Terms(snapshot_items=room, capabilities=(Capability.TRIGGERS,)),
    )
    return judge(lists_what_was_live, recorded).outcome


def test_what_came_live_is_in_the_next_snapshot():
    assert remembered(listed=[LIVE]) is Outcome.PASS
    assert remembered() is Outcome.FAIL


@pytest.mark.parametrize(
    "changes", [{"told": False}, {"user": "bob"}, {"at": 1.5}], ids=["not told", "another user's", "opened before"]
)
def test_only_later_snapshots_of_who_was_told_owe_it(changes):
    assert remembered(**changes) is Outcome.UNTESTED


@pytest.mark.parametrize(
    ("order", "at", "outcome"),
    [
        (e.Order.START, 3.0, Outcome.UNTESTED),
        (e.Order.START, 1.5, Outcome.FAIL),
        (e.Order.START, 5.5, Outcome.FAIL),
        (e.Order.STOP, 3.0, Outcome.FAIL),
    ],
    ids=["between", "before", "afterwards", "a stop alone"],
)
def test_what_a_restart_lies_in_between_is_for_another_rule(order, at, outcome):
    assert remembered(e.Commanded(t=ns(at), scene=SCENE, order=order, done=ns(at))) is outcome


@pytest.mark.parametrize(
    ("newer_at", "outcome"),
    [(3.0, Outcome.UNTESTED), (1.5, Outcome.FAIL)],
    ids=["pushed out", "an older one is listed"],
)
def test_what_newer_ones_of_its_kind_pushed_out_of_a_full_list_is_not_owed(newer_at, outcome):
    others = [published(newer_at + n / 10, number=5 + n, scene=SCENE) for n in range(3)]
    assert remembered(*others, listed=others) is outcome
    assert remembered(*others, listed=others, room=4) is Outcome.FAIL
