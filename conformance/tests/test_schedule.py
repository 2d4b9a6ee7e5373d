import pytest

from sse_conform import entries as e
from sse_conform.errors import ConformError
from sse_conform.scenario import Nature, Scenario
from sse_conform.schedule import PREFLIGHT, PREFLIGHT_ATTEMPTS, bound, bound_of, make_plan, share_out
from sse_conform.spec import Capability
from sse_conform.terms import Terms

from .records import ns, rule_of, stream, transcript

TERMS = Terms(rate_limit=20, rate_window=60.0, capabilities=(Capability.TRIGGERS,))


async def play(stage):
    """Not called."""


def scene(id, *, attempts=1, nature=Nature.PLAIN, waits=0.0, needs=(), usually=None):
    return Scenario(
        id=id, title="", play=play, users=(), attempts=attempts, nature=nature, needs=frozenset(needs),
        usually=usually, waits=lambda terms: waits,
    )  # fmt: skip


def catalogue(*scenes):
    return {each.id: each for each in scenes}


def plan_of(*scenes, terms=TERMS, needs=(), addresses=1):
    rule = rule_of(scenes=tuple(each.id for each in scenes), needs=needs)
    return make_plan(terms, [rule], catalogue(*scenes), addresses=addresses)


# which scenes are played


def test_only_the_scenes_that_the_rules_ask_for_are_played_each_once():
    rules = [rule_of(scenes=("a", "b")), rule_of(scenes=("b",))]
    plan = make_plan(TERMS, rules, catalogue(scene("a"), scene("b"), scene("c")))
    assert sorted(each.id for each in plan.scenes) == ["a", "b"]
    assert plan.rules == tuple(rules)


def test_the_preflight_is_no_scene_of_a_pack():
    plan = make_plan(TERMS, [rule_of(scenes=(PREFLIGHT,))], {})
    assert (plan.scenes, plan.attempts) == ((), PREFLIGHT_ATTEMPTS)


def test_a_rule_that_is_not_applicable_asks_for_no_scene():
    plan = plan_of(scene("a"), needs={Capability.POLLING})
    assert (plan.scenes, plan.skipped) == ((), ())
    assert len(plan.rules) == 1


def test_a_rule_that_will_be_untested_still_has_its_scene_played():
    assert [each.id for each in plan_of(scene("a"), needs={Capability.SIGNING_KEY}).scenes] == ["a"]


def test_a_scene_that_lacks_something_is_skipped_with_every_remedy():
    plan = plan_of(scene("a", needs={Capability.REST, Capability.SIGNING_KEY, Capability.TRIGGERS}), scene("b"))
    assert [each.id for each in plan.scenes] == ["b"]
    assert plan.skipped == (("a", f"{Capability.SIGNING_KEY.remedy}; {Capability.REST.remedy}"),)


def test_a_skipped_scene_costs_nothing():
    plan = plan_of(scene("a", attempts=50, waits=500.0, needs={Capability.REST}), scene("b", attempts=3, waits=4.0))
    assert (plan.attempts, plan.seconds) == (PREFLIGHT_ATTEMPTS + 3, 4.0)


def test_a_plan_counts_what_a_conforming_target_brings_about_and_apart_from_it_the_most():
    plan = plan_of(scene("a", attempts=9, usually=2), scene("b", attempts=lambda terms: terms.rate_limit))
    assert (plan.attempts, plan.most) == (PREFLIGHT_ATTEMPTS + 22, PREFLIGHT_ATTEMPTS + 29)
    assert plan.seconds == bound(TERMS, attempts=PREFLIGHT_ATTEMPTS + 22, longest=0.0, limiter=None, addresses=1)


def test_a_scene_that_no_pack_has_is_our_trouble():
    with pytest.raises(ConformError, match="no installed pack has the scene gone"):
        make_plan(TERMS, [rule_of(scenes=("gone",))], {})


def test_what_waits_longest_begins_first_then_timed_ones_then_loud_ones():
    plan = plan_of(
        scene("z.loud", nature=Nature.LOUD),
        scene("y.timed", nature=Nature.TIMED),
        scene("b.plain"),
        scene("a.plain"),
        scene("x.long", waits=80.0, nature=Nature.LOUD),
    )
    assert [each.id for each in plan.scenes] == ["x.long", "y.timed", "z.loud", "a.plain", "b.plain"]


def test_the_order_does_not_depend_on_the_order_of_the_rules():
    scenes = [scene("a"), scene("b", waits=3.0), scene("c", nature=Nature.LOUD)]
    rules = [rule_of(scenes=(each.id,)) for each in scenes]
    plans = [make_plan(TERMS, chosen, catalogue(*scenes)) for chosen in (rules, rules[::-1])]
    assert plans[0].scenes == plans[1].scenes


# the bound, worked by hand: 20 a minute less 2 in reserve are 18 in each window of 60 s


@pytest.mark.parametrize(
    ("attempts", "longest", "limiter", "addresses", "seconds"),
    [
        (18, 0.0, None, 1, 0.0),  # one window holds all: the last attempt needs no wait
        (19, 0.0, None, 1, 60.0),
        (36, 0.0, None, 1, 60.0),
        (37, 0.0, None, 1, 120.0),
        (37, 80.2, None, 1, 120.0),  # waits pass meanwhile
        (19, 80.2, None, 1, 80.2),
        (36, 0.0, None, 2, 0.0),  # two addresses hold twice as many
        (37, 0.0, None, 2, 60.0),
        (18, 0.0, 68.0, 1, 68.0),  # what the limiter's scene waits comes after the last window ...
        (37, 80.2, 68.0, 1, 188.0),
        (1, 80.2, 68.0, 1, 80.2),
        (37, 0.0, 0.0, 1, 120.0),  # ... and a target without a limit is waited for no longer
        (18, 0.0, 68.0, 2, 68.0),  # the limiter has the second address for itself
        (19, 0.0, 68.0, 2, 68.0),
        (37, 0.0, 68.0, 2, 120.0),
        (37, 0.0, 68.0, 3, 68.0),
        (37, 0.0, 0.0, 3, 60.0),
        (0, 0.0, None, 1, 0.0),
    ],
)
def test_the_bound_worked_by_hand(attempts, longest, limiter, addresses, seconds):
    got = bound(TERMS, attempts=attempts, longest=longest, limiter=limiter, addresses=addresses)
    assert got == pytest.approx(seconds)


def test_without_a_limit_only_waits_take_time():
    assert bound(Terms(rate_limit=0), attempts=900, longest=80.0, limiter=None, addresses=1) == 80.0


def test_of_the_smallest_limit_one_attempt_a_window_is_left():
    assert bound(Terms(rate_limit=1, rate_window=3.0), attempts=4, longest=0.0, limiter=None, addresses=1) == 9.0


@pytest.mark.parametrize("addresses", [1, 2, 3])
def test_a_plan_is_bounded_by_all_attempts_but_the_limiters_and_the_longest_wait(addresses):
    scenes = scene("a", attempts=30, waits=10.0), scene("b", attempts=20, waits=70.0)
    limiter = scene("c", attempts=66, waits=60.5, nature=Nature.LIMITER)
    plan = plan_of(*scenes, limiter, addresses=addresses)
    assert plan.attempts == PREFLIGHT_ATTEMPTS + 50 + 66
    assert plan.seconds == bound(TERMS, attempts=52, longest=70.0, limiter=60.5, addresses=addresses)


# the bound recomputed from what was done


def played(plan, *, addresses=("",), limiter_address=None):
    """What a run that follows its plan to the letter records."""
    limiters = tuple(each.id for each in plan.scenes if each.nature is Nature.LIMITER)
    lines, conn = [], 0
    attempts = {PREFLIGHT: PREFLIGHT_ATTEMPTS} | {each.id: each.attempts for each in plan.scenes}
    for name, number in sorted(attempts.items(), key=lambda item: item[0] in limiters):
        for _ in range(number):
            conn += 1
            address = limiter_address if name in limiters and limiter_address else addresses[conn % len(addresses)]
            window = (conn - 1) // (18 * len(addresses))
            lines.append(stream(conn=conn, at=60.0 * window, scene=name, address=address))
    for each in plan.scenes:
        wait = each.waits(TERMS)
        if wait:
            lines.append(e.Waited(t=ns(1), scene=each.id, until=ns(1 + wait), what="beats"))
    return transcript(*lines, terms=TERMS, limiters=limiters)


SCENES = (scene("a", attempts=30, waits=10.0), scene("b", attempts=7, waits=70.0))
LIMITER = scene("c", attempts=66, waits=60.5, nature=Nature.LIMITER)


def test_the_bound_of_a_run_that_followed_its_plan_is_that_of_the_plan():
    plan = plan_of(*SCENES)
    assert bound_of(played(plan)) == plan.seconds
    plan = plan_of(*SCENES, LIMITER)
    assert bound_of(played(plan)) == plan.seconds
    plan = plan_of(*SCENES, addresses=2)
    assert bound_of(played(plan, addresses=("a", "b"))) == plan.seconds
    plan = plan_of(*SCENES, LIMITER, addresses=3)
    assert bound_of(played(plan, addresses=("a", "b"), limiter_address="c")) == plan.seconds


def test_attempts_that_nothing_held_back_count_no_window_that_did_not_pass():
    hasty = [stream(conn=n, at=n * 0.5, page=1) for n in range(1, 60)]
    assert bound_of(transcript(*hasty, terms=TERMS)) == 0.0
    held_back = [stream(conn=n, at=61.0, page=1) for n in range(60, 70)]
    assert bound_of(transcript(*hasty, *held_back, terms=TERMS)) == 60.0


def test_what_is_attempted_while_the_limiter_is_waited_for_counts_no_window_again():
    early = [stream(conn=n, at=n) for n in range(1, 19)]
    burst, late = stream(conn=30, at=20, scene="c"), [stream(conn=40 + n, at=80 + n) for n in range(18)]
    recovery = waited(21, 81.5, "c")
    assert bound_of(transcript(*early, burst, recovery, *late, terms=TERMS, limiters=("c",))) == 60.5


def waited(since, until, name="a"):
    return e.Waited(t=ns(since), scene=name, until=ns(until), what="")


def test_waits_of_one_scene_add_up():
    assert bound_of(transcript(waited(0, 3), waited(4, 6), terms=TERMS)) == 5.0


def test_waits_that_overlap_in_one_scene_count_once():
    assert bound_of(transcript(waited(0, 3), waited(1, 4), waited(1, 2), waited(6, 7), terms=TERMS)) == 5.0


def test_waits_of_several_scenes_pass_at_the_same_time():
    assert bound_of(transcript(waited(0, 3), waited(4, 6, "b"), terms=TERMS)) == 3.0


def test_of_the_limiters_scene_counts_what_it_waited_and_no_window_that_it_did_not():
    lines = waited(0, 7.5, "c"), waited(8, 68.5, "c"), waited(10, 12, "c"), stream(scene="c")
    assert bound_of(transcript(*lines, terms=TERMS, limiters=("c",))) == 68.0
    assert bound_of(transcript(stream(scene="c"), terms=TERMS, limiters=("c",))) == 0.0


OUTAGE = scene("d", attempts=2, waits=4.0, nature=Nature.OUTAGE)


def test_what_an_outage_waits_comes_on_top():
    assert plan_of(*SCENES, OUTAGE).seconds == plan_of(*SCENES).seconds + 4.0
    lines = waited(0, 3), waited(4, 6, "d")
    assert bound_of(transcript(*lines, terms=TERMS, outages=("d",))) == 5.0


def test_an_outage_makes_its_attempts_within_the_limit_of_all():
    assert plan_of(scene("a", attempts=15), OUTAGE).seconds == 64.0


def test_an_empty_run_needs_no_time():
    assert bound_of(transcript(terms=TERMS)) == 0.0


# who connects from where


def test_limiter_and_browsers_have_addresses_of_their_own_where_there_are_enough():
    shares = share_out(("a", "b", "c", "d"), limiter=True, browser=True)
    assert (shares.ordinary, shares.limiter, shares.browsers) == (("a", "b"), "d", ("c",))


def test_browsers_get_half_of_what_the_limiter_leaves():
    shares = share_out(tuple("abcdefgh"), limiter=True, browser=True)
    assert (shares.ordinary, shares.limiter, shares.browsers) == (("a", "b", "c", "d"), "h", ("e", "f", "g"))
    assert share_out(("a", "b", "c"), limiter=True, browser=False).browsers == ()


def test_with_two_addresses_browsers_share_that_of_the_scenes():
    shares = share_out(("a", "b"), limiter=True, browser=True)
    assert (shares.ordinary, shares.limiter, shares.browsers) == (("a",), "b", ())


@pytest.mark.parametrize(
    ("addresses", "seconds"),
    [
        (1, 60.0),  # 10 and 12 attempts share one address
        (2, 0.0),  # each kind has its own
    ],
)
def test_the_attempts_of_browsers_count(addresses, seconds):
    got = bound(TERMS, attempts=10, browsed=12, longest=0.0, limiter=None, addresses=addresses)
    assert got == pytest.approx(seconds)


@pytest.mark.parametrize(("addresses", "seconds"), [(3, 60.0), (4, 0.0)])
def test_several_addresses_of_browsers_admit_more_at_once(addresses, seconds):
    got = bound(TERMS, attempts=10, browsed=36, longest=0.0, limiter=None, addresses=addresses)
    assert got == pytest.approx(seconds)
