"""A resume brings what came after its id, once, in order, and of its own user."""

import msgspec
import pytest

from sse_conform.rules import BY_ID
from sse_conform.spec import Capability
from sse_conform.terms import Terms
from sse_conform.verdict import Outcome, judge

from ..records import completed, notification, published, snapshot, stream, transcript

SCENE = "reconnect.replay"
TERMS = Terms(capabilities=tuple(Capability))
SPAN = [published(1.0 + n / 10, number=n, scene=SCENE, part="span") for n in range(1, 6)]


def event(sent, name=None):
    return f"id: {name or sent.number}\n".encode() + notification(sent.marker, id=sent.number)


def verdict(rule, part, *told, last="2", barrier=True, more=(), first=SPAN):
    fence = published(9.0, number=9, scene=SCENE, part=f"barrier-{part}")
    lines = [
        stream((0.5, snapshot()), *((2.0, event(each)) for each in first), scene=SCENE, part="first"),
        stream(
            (5.0, snapshot()), *((5.1, event(each)) for each in told), *([(9.1, event(fence))] if barrier else []),
            scene=SCENE, part=part, at=4.9, conn=2, headers=(), target="/stream",
        ),
    ]  # fmt: skip
    lines[1][0] = _asking(lines[1][0], last)
    return judge(BY_ID[rule], transcript(*lines, *SPAN, fence, *more, completed(SCENE), terms=TERMS))


def _asking(attempt, last):
    return msgspec.structs.replace(attempt, headers=(("last-event-id", last),))


ONE, TWO, THREE, FOUR, FIVE = SPAN


@pytest.mark.parametrize(
    ("told", "said"),
    [
        ((THREE, FOUR, FIVE), []),
        ((TWO, THREE, FOUR, FIVE), ["again: alert (publish 2)"]),
        ((THREE, THREE, FOUR, FIVE), ["again: alert (publish 3), alert (publish 3)"]),
        (
            (ONE, TWO, THREE, THREE, FOUR, FOUR),
            ["again: " + ", ".join(f"alert (publish {n})" for n in (1, 2, 3, 3, 4))],
        ),
        ((THREE, FIVE), ["without alert (publish 4)"]),
        ((), ["without alert (publish 3), alert (publish 4), alert (publish 5)"]),
        ((THREE, FIVE, FOUR), ["alert (publish 3), alert (publish 5), alert (publish 4)"]),
    ],
    ids=["exact", "one too many", "twice", "so many that five are named", "a hole", "nothing", "another order"],
)
def test_a_resume_in_the_middle_is_exact(told, said):
    assert [breach.actual for breach in verdict("reconnect.replay-exact", "resume-middle", *told).breaches] == said


def test_all_that_was_seen_before_an_id_that_nobody_knows_counts_as_seen():
    found = verdict("reconnect.replay-exact", "resume-middle", FOUR, FIVE, last="other").breaches
    assert [breach.actual for breach in found] == ["again: alert (publish 4), alert (publish 5)"]


@pytest.mark.parametrize(("told", "wanted"), [((), Outcome.PASS), ((FIVE,), Outcome.FAIL)])
def test_a_resume_at_the_end_is_quiet(told, wanted):
    assert verdict("reconnect.replay-nothing-new", "resume-last", *told, last="5").outcome is wanted


@pytest.mark.parametrize(
    ("rule", "part"),
    [
        ("reconnect.replay-exact", "resume-middle"),
        ("reconnect.replay-nothing-new", "resume-last"),
        ("reconnect.replay-own", "resume-foreign"),
    ],
)
def test_a_resume_whose_barrier_was_not_heard_says_nothing(rule, part):
    assert verdict(rule, part, barrier=False).outcome is Outcome.UNTESTED


def test_a_resume_with_anothers_id_brings_none_of_the_others_events():
    foreign = [published(3.0, number=n, scene=SCENE, part="foreign", to="bob") for n in (7, 8)]
    found = [
        verdict("reconnect.replay-own", "resume-foreign", *told, more=foreign) for told in ((), foreign[:1], foreign)
    ]
    assert [each.outcome for each in found] == [Outcome.PASS, Outcome.FAIL, Outcome.FAIL]
    assert found[2].findings == 1
    refused = [published(3.0, number=7, scene=SCENE, part="foreign", to="bob", accepted=False)]
    assert verdict("reconnect.replay-own", "resume-foreign", *refused, more=refused).outcome is Outcome.PASS


@pytest.mark.parametrize("part", ["resume-last", "resume-middle"])
def test_a_resume_with_an_own_id_brings_none_of_anothers_events_either(part):
    foreign = published(3.0, number=7, scene=SCENE, part="foreign", to="bob")
    assert verdict("reconnect.replay-own", part, foreign, more=[foreign]).outcome is Outcome.FAIL
    assert verdict("reconnect.replay-own", part, more=[foreign]).outcome is Outcome.PASS


def test_every_notification_of_the_scene_has_an_id():
    def outcome(data, scene=SCENE):
        recorded = transcript(stream((1.0, data), scene=scene), completed(SCENE), terms=TERMS)
        return judge(BY_ID["reconnect.replay-ids"], recorded).outcome

    assert outcome(event(ONE)) is Outcome.PASS
    assert outcome(b"id\n" + notification()) is Outcome.PASS
    assert outcome(notification()) is Outcome.FAIL
    assert outcome(notification(), scene="delivery.live") is Outcome.UNTESTED


@pytest.mark.parametrize(
    ("ids", "wanted"),
    [
        ((3, 4, 5), Outcome.PASS),
        ((13, 14, 15), Outcome.PASS),
        ((8, 8, 8), Outcome.FAIL),
        ((2, 4, 5), Outcome.FAIL),
    ],
    ids=["the same", "of their own", "the newest on all", "that of another"],
)
def test_a_replayed_event_does_not_carry_the_id_of_another(ids, wanted):
    again = stream(
        (5.0, snapshot()),
        *((5.1, event(sent, name)) for sent, name in zip((THREE, FOUR, FIVE), ids, strict=True)),
        (9.1, event(FENCE)),
        scene=SCENE,
        part="resume-middle",
        at=4.9,
        conn=2,
    )
    again[0] = _asking(again[0], "2")
    first = stream((0.5, snapshot()), *((2.0, event(each)) for each in SPAN), scene=SCENE, part="first")
    recorded = transcript(first, again, *SPAN, FENCE, completed(SCENE), terms=TERMS)
    assert judge(BY_ID["reconnect.replay-exact"], recorded).outcome is wanted


FENCE = published(9.0, number=9, scene=SCENE, part="barrier-resume-middle")


@pytest.mark.parametrize(
    ("listed", "told", "said"),
    [
        ((4, 5), (1, 2, 3, 4, 5), []),
        ((4, 5), (), []),
        ((4, 5), (1, 2, 3), []),
        ((3, 4, 5), (4, 5), []),
        ((3, 4, 5), (1, 2, 3), ["without alert (publish 4), alert (publish 5)"]),
        ((4, 5), (1, 2), ["without alert (publish 3)"]),
    ],
    ids=["all", "nothing", "what is not listed", "the newest", "a beginning", "less than what is not listed"],
)
def test_a_replay_after_a_long_absence_does_not_stop_short(listed, told, said):
    scene = "snapshot.overflow"
    missed = [published(1.0 + n / 10, number=n, scene=scene, part="missed") for n in range(1, 6)]
    live = published(9.0, number=9, scene=scene, part="live")
    shown = snapshot(*({"id": n, "type": "alert", "message": missed[n - 1].marker} for n in listed))
    replayed = ((5.1, event(missed[n - 1])) for n in told)
    after = stream((5.0, shown), *replayed, (9.1, event(live)), scene=scene, part="after", at=4.9)
    after[0] = _asking(after[0], "0")
    recorded = transcript(after, *missed, live, completed(SCENE), completed(scene), terms=TERMS)
    found = judge(BY_ID["reconnect.replay-exact"], recorded)
    assert [breach.actual for breach in found.breaches] == said
