"""Whether a text arrived as it was sent, where no REST says what the service made of it."""

import json

import pytest

from sse_conform.markers import new_marker
from sse_conform.rules.framing_text import text_forges_nothing, text_is_intact
from sse_conform.spec import Capability
from sse_conform.terms import Terms
from sse_conform.verdict import Outcome, judge

from ..records import completed, exchanged, notification, ns, published, snapshot, stream, transcript

SCENE = "framing.hostile-text"
TERMS = Terms(capabilities=(Capability.TRIGGERS, Capability.MARKERS))


def judged(*, sent, came):
    """The verdict on a text of which a stream had this; {} is the marker in both."""
    marker = new_marker()
    octets = sent.format(marker).encode("utf-8", "surrogatepass")
    heard = notification(came.format(marker))
    recorded = transcript(
        published(1.0, scene=SCENE, part="odd", marker=marker, octets=octets),
        stream((0.1, snapshot()), (1.1, heard), scene=SCENE, part="reader"),
        completed(SCENE),
        terms=TERMS,
        scenes=(SCENE,),
    )
    return judge(text_is_intact, recorded).outcome


@pytest.mark.parametrize("instead", ["\ufffd", "?", "", "\ufffd\ufffd\ufffd"])
def test_whatever_stands_for_half_a_surrogate_pair_is_right(instead):
    assert judged(sent="{} a\ud800b end", came="{} a" + instead + "b end") is Outcome.PASS


@pytest.mark.parametrize("came", ["{} a", "{} b end", "{} b end a", "{} a\ufffdb"])
def test_what_stands_around_it_must_arrive_in_order(came):
    assert judged(sent="{} a\ud800b end", came=came) is Outcome.FAIL


def test_a_replaced_character_that_is_whole_is_a_loss():
    assert judged(sent="{} caf\u00e9", came="{} caf\ufffd") is Outcome.FAIL


# where it is read back


SENT = published(1.0, scene=SCENE, part="odd")


def read_back(*, live=None, stored=None, listed=None, **poll):
    """The verdict where the text came so live, from polling, and in the snapshot of the next connection."""
    said = {"id": 1, "type": "alert"}
    greeted, now = (0.1, snapshot()), [(1.1, notification(live))] if live else []
    body = json.dumps({"items": [said | {"message": stored}] if stored else []}).encode()
    again = snapshot(said | {"message": listed}) if listed else snapshot()
    recorded = transcript(
        SENT,
        stream(greeted, *now, scene=SCENE, part="reader"),
        exchanged(**{"scene": SCENE, "part": "read-back", "body": body} | poll),
        stream((3.1, again), scene=SCENE, part="read-back", at=3.0, conn=2),
        completed(SCENE),
        terms=TERMS,
    )
    return judge(text_is_intact, recorded)


CLEANED, OTHER = f"clean {SENT.marker}", f"other {SENT.marker}"


@pytest.mark.parametrize(
    ("paths", "wanted", "observations"),
    [
        ({"live": CLEANED, "stored": CLEANED, "listed": CLEANED}, Outcome.PASS, 2),
        ({"live": OTHER, "stored": CLEANED}, Outcome.FAIL, 1),
        ({"live": CLEANED, "stored": CLEANED, "listed": OTHER}, Outcome.FAIL, 2),
        ({"stored": CLEANED, "listed": OTHER}, Outcome.FAIL, 1),
        ({"live": CLEANED, "listed": OTHER}, Outcome.FAIL, 2),
        ({"live": CLEANED, "listed": CLEANED}, Outcome.PASS, 2),
        ({"listed": CLEANED}, Outcome.UNTESTED, 0),
        ({"stored": CLEANED}, Outcome.UNTESTED, 0),
    ],
    ids=[
        "the same everywhere",
        "other live than stored",
        "other listed than stored",
        "other listed than stored, not live",
        "other listed than live",
        "listed as it was live",
        "listed alone",
        "stored alone",
    ],
)
def test_a_text_is_the_same_on_every_path(paths, wanted, observations):
    verdict = read_back(**paths)
    assert verdict.outcome is wanted
    assert not verdict.observations or verdict.observations == observations


@pytest.mark.parametrize("poll", [{"status": 500}, {"part": "other"}, {"scene": "polling.pages"}], ids=str)
def test_only_what_the_scene_itself_read_back_counts(poll):
    assert read_back(stored=CLEANED, listed=OTHER, **poll).outcome is Outcome.UNTESTED


# forgery


@pytest.mark.parametrize(
    ("frame", "wanted"),
    [
        (b"event: forged\n\n", Outcome.FAIL),
        (b"id:  forged \n\n", Outcome.FAIL),
        (b"data: 1\ndata: forged\n\n", Outcome.FAIL),
        (b"retry: 1\n\n", Outcome.FAIL),
        (b"retry: 1000\n\n", Outcome.PASS),
        (b"data: 1\n\n", Outcome.PASS),
        (b"data: it was forged\n\n", Outcome.PASS),
        (b": forged\n\n", Outcome.PASS),
    ],
    ids=repr,
)
def test_a_forged_line_is_told_by_its_value(frame, wanted):
    recorded = transcript(SENT, stream((1.0, frame), scene=SCENE), completed(SCENE), terms=TERMS)
    assert judge(text_forges_nothing, recorded).outcome is wanted


@pytest.mark.parametrize("changes", [{"scene": "delivery.live"}, {"accepted": False}], ids=["elsewhere", "refused"])
def test_where_no_hostile_text_was_accepted_nothing_can_be_forged(changes):
    sent = published(1.0, **{"scene": SCENE} | changes)
    frames = stream((1.0, b"event: forged\n\n"), scene=SCENE)
    recorded = transcript(sent, frames, completed(SCENE), terms=TERMS)
    assert judge(text_forges_nothing, recorded).outcome is Outcome.UNTESTED


# which texts


def twice(first, second):
    """The verdict on a text that came live in two copies, and is read back as it was sent."""
    copies = [(1.1, notification(first)), (1.2, notification(second))]
    body = json.dumps({"items": [{"id": 1, "message": CLEANED}]}).encode()
    recorded = transcript(
        SENT,
        stream((0.1, snapshot()), *copies, scene=SCENE, part="reader"),
        exchanged(scene=SCENE, part="read-back", body=body),
        completed(SCENE),
        terms=TERMS,
    )
    return judge(text_is_intact, recorded)


def test_the_first_copy_of_a_text_is_the_one_that_is_read():
    assert twice(CLEANED, OTHER).outcome is Outcome.PASS


def test_a_finding_points_at_the_first_copy():
    assert twice(OTHER, OTHER).breaches[0].evidence.t == ns(1.1)


@pytest.mark.parametrize(
    "changes",
    [{"scene": "delivery.live"}, {"accepted": False}, {"planted": ("x",)}],
    ids=["elsewhere", "refused", "planted"],
)
def test_only_texts_of_the_scene_that_were_accepted_and_carry_no_secret_are_compared(changes):
    of = published(1.0, **{"scene": SCENE, "marker": SENT.marker} | changes)
    listed = snapshot({"id": 1, "type": "alert", "message": OTHER})
    recorded = transcript(
        of,
        exchanged(scene=SCENE, part="read-back", body=json.dumps({"items": [{"id": 1, "message": CLEANED}]}).encode()),
        stream((3.1, listed), scene=SCENE, part="read-back", at=3.0, conn=2),
        completed(SCENE),
        terms=TERMS,
    )
    assert judge(text_is_intact, recorded).outcome is Outcome.UNTESTED


@pytest.mark.parametrize(
    ("replayed", "wanted"), [(CLEANED, Outcome.PASS), (OTHER, Outcome.FAIL)], ids=["same", "other"]
)
def test_a_replayed_text_is_the_one_that_came_live(replayed, wanted):
    recorded = transcript(
        SENT,
        stream((0.1, snapshot()), (1.1, notification(CLEANED)), scene=SCENE, part="reader"),
        stream((3.1, snapshot()), (3.2, notification(replayed)), scene=SCENE, part="read-back", at=3.0, conn=2),
        completed(SCENE),
        terms=TERMS,
    )
    assert judge(text_is_intact, recorded).outcome is wanted
