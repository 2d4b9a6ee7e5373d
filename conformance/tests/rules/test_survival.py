"""A target dies of what the suite does where it dies twice of the same; once may be chance."""

from sse_conform import entries as e
from sse_conform.death_entry import Act, Action
from sse_conform.rules import BY_ID
from sse_conform.spec import Capability
from sse_conform.terms import Terms
from sse_conform.verdict import Outcome, judge

from ..records import completed, ns, stream, transcript

RULE = BY_ID["stream.survives"]
SCENE = "framing.hostile-text"
ALL = Terms(capabilities=tuple(Capability))
ENDED = [completed(scene) for scene in RULE.scenes]
TEXT = ("text-64k", Act.PUBLISH)
PAGE = ("page", Act.REQUEST)


def died(at, *actions, scene=SCENE, back=None):
    after = tuple(
        Action(t=ns(at - 0.1 * n), scene=scene, part=part, act=act) for n, (part, act) in enumerate(actions, 1)
    )
    return e.Died(t=ns(at), endpoint="127.0.0.1:3000", back=ns(at + 1 if back is None else back), after=after)


def verdict(*lines):
    return judge(RULE, transcript(stream(scene=SCENE), *lines, *ENDED, terms=ALL))


def test_a_target_that_never_dies_passes():
    assert verdict().outcome is Outcome.PASS


def test_twice_of_the_same_action_is_a_breach_that_names_it():
    found = verdict(died(5, TEXT), died(8, PAGE, TEXT))
    assert found.outcome is Outcome.FAIL
    (breach,) = found.breaches
    assert breach.actual == f"it was gone 0.200 s after publish text-64k of {SCENE}, twice"
    assert (breach.evidence.scene, breach.evidence.t) == (SCENE, ns(8))


def test_once_is_no_breach_and_no_pass():
    found = verdict(died(5, TEXT))
    assert (found.outcome, found.breaches) == (Outcome.INCONCLUSIVE, ())
    assert f"the target died once, 0.100 s after publish text-64k of {SCENE}" in found.reason


def test_of_several_actions_the_latest_is_named():
    assert f"0.100 s after request page of {SCENE}" in verdict(died(5, PAGE, TEXT)).reason


def test_twice_of_different_actions_is_no_breach_and_no_pass():
    assert verdict(died(5, TEXT), died(8, PAGE)).outcome is Outcome.INCONCLUSIVE


def test_the_same_action_of_different_scenes_is_not_the_same():
    elsewhere = stream(scene="delivery.burst", conn=2)
    assert verdict(died(5, TEXT), elsewhere, died(8, TEXT, scene="delivery.burst")).outcome is Outcome.INCONCLUSIVE


def test_a_scene_that_happened_to_play_at_the_first_death_does_not_hide_the_guilty_one():
    elsewhere = stream(scene="idle.stream", conn=2)
    bystander = Action(t=ns(4.95), scene="idle.stream", part="", act=Act.ATTEMPT)
    first = died(5, TEXT)
    both = e.Died(t=first.t, endpoint=first.endpoint, back=first.back, after=(bystander, *first.after))
    assert verdict(elsewhere, both, died(8, TEXT)).outcome is Outcome.FAIL


def test_a_death_that_followed_nothing_is_no_breach_and_no_pass():
    assert verdict(died(5)).outcome is Outcome.INCONCLUSIVE


def test_a_scene_that_was_played_again_and_killed_nobody_leaves_the_first_death_open():
    again = [e.Repeated(t=ns(101), scene=SCENE, reason="it died"), stream(at=102, scene=SCENE, conn=9)]
    found = verdict(died(5, TEXT), *again, completed(SCENE, at=110))
    assert found.outcome is Outcome.INCONCLUSIVE
    assert found.reason.endswith("; played again: it lived on")


def test_five_of_the_actions_before_a_death_are_shown():
    actions = [(f"part-{n}", Act.REQUEST) for n in range(6)]
    (breach,) = verdict(died(5, *actions), died(8, *actions)).breaches
    assert [f"part-{n}" in breach.evidence.wire for n in range(6)] == [True] * 5 + [False]


def test_a_doubt_says_whether_it_came_back():
    assert verdict(died(5, TEXT, back=0)).reason.endswith(", and did not come back")
    assert "come back" not in verdict(died(5, TEXT)).reason
