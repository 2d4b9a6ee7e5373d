"""The newest items of a full list: each kind of event has an order of its own, and others' events may lie between."""

import pytest

from sse_conform.entries import EventKind
from sse_conform.rules.snapshot_content import lists_the_newest
from sse_conform.spec import Capability
from sse_conform.terms import Terms
from sse_conform.verdict import Outcome, judge

from ..records import completed, published, snapshot, stream, transcript

SCENE = "snapshot.overflow"
TERMS = Terms(snapshot_items=3, capabilities=(Capability.TRIGGERS,))
NEW, ALERT = EventKind.VULNERABILITY, EventKind.ALERT


def judged(kinds, listed):
    """The verdict where these kinds were missed one after another, and ``listed`` names some of them by number."""
    missed = [published(2.0 + n, scene=SCENE, part="missed", kind=kind, number=n) for n, kind in enumerate(kinds)]
    old = {"id": "old", "type": "alert", "message": "known before"}
    known = {"old": old, "foreign": {"id": "foreign", "type": "alert", "message": "of somebody else"}}
    known |= {str(n): {"id": str(n), "type": "alert", "message": p.marker} for n, p in enumerate(missed)}
    recorded = transcript(
        *missed,
        stream((1.1, snapshot(old)), conn=1, at=1.0, scene=SCENE, part="before"),
        stream((20.1, snapshot(*(known[each] for each in listed.split()))), conn=2, at=20, scene=SCENE, part="after"),
        completed(SCENE),
        terms=TERMS,
        scenes=(SCENE,),
    )
    return judge(lists_the_newest, recorded).outcome


@pytest.mark.parametrize("listed", ["3 2 1", "1 2 3", "foreign 3 2", "3 2 foreign", "3 1 2"])
def test_the_newest_of_either_kind_are_right_in_either_order_and_beside_others(listed):
    assert judged([NEW, ALERT, NEW, ALERT], listed) is Outcome.PASS


@pytest.mark.parametrize(
    ("listed", "lack"),
    [
        ("2 0 old", "a kind that is forgotten"),
        ("3 1 0", "a newer one of the kind of an older one that is listed"),
        ("0 1 2", "the oldest instead of the newest"),
        ("3 2", "a list that is shorter than promised"),
        ("3 2 old", "what was there before all of them"),
    ],
)
def test_what_is_lacking_is_found(listed, lack):
    assert judged([NEW, ALERT, NEW, ALERT], listed) is Outcome.FAIL, lack


def test_within_a_kind_the_order_does_not_change():
    assert judged([NEW, NEW, NEW, NEW], "3 1 2") is Outcome.FAIL


def test_a_list_that_is_shorter_than_the_kinds_need_not_have_each():
    assert judged([ALERT, NEW, NEW, NEW], "3 2 1") is Outcome.PASS
