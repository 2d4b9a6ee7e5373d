"""What concerns another alone counts as kept away where an event of one's own came later."""

import pytest

from sse_conform.rules import BY_ID
from sse_conform.spec import Capability
from sse_conform.terms import Terms
from sse_conform.verdict import Outcome, judge

from ..records import completed, notification, published, snapshot, stream, transcript

LIVE, NAMESAKES = "delivery.live", "isolation.namesakes"
TERMS = Terms(capabilities=tuple(Capability))
SECRET = published(3.0, scene=LIVE, to="bob")
OWN = published(5.0, scene=LIVE, number=2)


def item(sent):
    return {"id": sent.number, "type": "alert", "message": sent.marker}


def outcome(rule, *told, secret=SECRET, own=OWN, scene=LIVE, **attempt):
    lines = stream(*told, scene=scene, **attempt)
    recorded = transcript(lines, secret, own, completed(LIVE), completed(NAMESAKES), terms=TERMS)
    return judge(BY_ID[rule], recorded).outcome


def heard(at, sent):
    return at, notification(sent.marker)


GREETED, BARRIER = (1.0, snapshot()), heard(5.1, OWN)


@pytest.mark.parametrize(
    ("told", "wanted"),
    [
        ((GREETED, BARRIER), Outcome.PASS),
        ((GREETED, heard(3.1, SECRET), BARRIER), Outcome.FAIL),
        ((GREETED, (4.0, snapshot(item(SECRET))), BARRIER), Outcome.PASS),
        ((GREETED,), Outcome.UNTESTED),
        ((BARRIER,), Outcome.UNTESTED),
        (((4.0, snapshot()), BARRIER), Outcome.UNTESTED),
    ],
    ids=["kept away", "told", "in a snapshot, which is for another rule", "no barrier", "no snapshot", "opened later"],
)
def test_a_stream_hears_nothing_of_others_up_to_its_barrier(told, wanted):
    assert outcome("isolation.live", *told) is wanted


@pytest.mark.parametrize(
    "changes",
    [
        {"to": "alice"},
        {"to": "bob", "sender": "alice"},
        {"accepted": False},
        {"to": "bob", "everyone": True},
        {"to": ""},
    ],
    ids=str,
)
def test_what_concerns_its_user_or_everybody_is_no_secret(changes):
    free = published(3.0, scene=LIVE, **changes)
    assert outcome("isolation.live", GREETED, heard(3.1, free), BARRIER, secret=free) is Outcome.UNTESTED


def test_what_was_published_after_the_barrier_is_not_judged():
    late = published(6.0, scene=LIVE, to="bob")
    assert outcome("isolation.live", GREETED, BARRIER, secret=late) is Outcome.UNTESTED


@pytest.mark.parametrize(
    ("listed", "at", "wanted"),
    [((OWN,), 4.0, Outcome.PASS), ((OWN, SECRET), 4.0, Outcome.FAIL), ((OWN, SECRET), 2.0, Outcome.UNTESTED)],
    ids=["own", "another's", "opened before it happened"],
)
def test_a_snapshot_of_later_lists_no_item_of_others(listed, at, wanted):
    assert outcome("isolation.snapshot", (4.5, snapshot(*map(item, listed))), at=at) is wanted


@pytest.mark.parametrize("scene", ["auth.override", NAMESAKES])
def test_scenes_with_rules_of_their_own_are_left_to_these(scene):
    assert outcome("isolation.snapshot", (4.5, snapshot(item(SECRET))), at=4.0, scene=scene) is Outcome.UNTESTED


@pytest.mark.parametrize(
    ("rule", "part", "other"),
    [("isolation.similar-users", "bob", "longer"), ("isolation.odd-names", "bob", "folded")],
)
@pytest.mark.parametrize("way", ["kept apart", "live", "in the snapshot", "without a barrier"])
def test_like_names_are_apart_and_odd_ones_too(rule, part, other, way):
    secret = published(3.0, scene=NAMESAKES, to="bobby", part=other)
    own = published(5.0, scene=NAMESAKES, number=2, to="bob", part=f"heard-{part}")
    told = [(1.0, snapshot(item(secret)) if way == "in the snapshot" else snapshot())]
    told += [heard(3.1, secret)] if way == "live" else []
    told += [] if way == "without a barrier" else [heard(5.1, own)]
    wanted = {"kept apart": Outcome.PASS, "without a barrier": Outcome.UNTESTED}.get(way, Outcome.FAIL)
    fields = {"secret": secret, "own": own, "scene": NAMESAKES, "part": part, "user": "bob"}
    assert outcome(rule, *told, **fields) is wanted
    (opposite,) = {"isolation.similar-users", "isolation.odd-names"} - {rule}
    assert outcome(opposite, *told, **fields) is Outcome.UNTESTED


def test_a_snapshot_is_looked_at_whatever_happens_after_it():
    later = published(6.0, scene=LIVE, number=3, to="bob")
    lines = stream((4.5, snapshot(item(SECRET))), at=4.0, scene=LIVE)
    recorded = transcript(lines, SECRET, later, completed(LIVE), terms=TERMS)
    assert judge(BY_ID["isolation.snapshot"], recorded).outcome is Outcome.FAIL
