"""Which item of a snapshot is the newest one shows only where its neighbour is known to be older."""

import pytest

from sse_conform.rules.snapshot_content import id_is_that_of_the_newest
from sse_conform.spec import Capability
from sse_conform.terms import Terms
from sse_conform.verdict import Outcome, judge

from ..records import completed, notification, published, snapshot, stream, transcript

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
