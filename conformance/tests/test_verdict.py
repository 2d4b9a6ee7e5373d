import itertools
from dataclasses import replace

import pytest

from sse_conform import entries as e
from sse_conform.browser_entries import PageSaw, Sight
from sse_conform.rule import Finding
from sse_conform.spec import Capability, Level
from sse_conform.terms import Terms
from sse_conform.verdict import MAX_FINDINGS, Outcome, judge

from .records import (
    SCENE,
    completed,
    disturbed,
    notification,
    ns,
    published,
    rule_of,
    snapshot,
    stream,
    transcript,
)

RUN = transcript(stream((1, snapshot()), conn=1), stream((2, snapshot()), conn=2), completed())
PUBLISH = published()
FINDING = Finding(expected="this", actual="that", at=PUBLISH)


def ended(outcome: e.SceneOutcome, detail: str = "the detail") -> e.SceneEnded:
    return e.SceneEnded(t=ns(9), scene=SCENE, outcome=outcome, detail=detail)


def outcome_of(rule, recorded=RUN):
    return judge(rule, recorded).outcome


# the outcomes one by one


def test_silence_on_something_in_a_completed_scene_is_a_pass():
    verdict = judge(rule_of(), RUN)
    assert (verdict.outcome, verdict.observations, verdict.reason, verdict.breaches) == (Outcome.PASS, 2, "", ())


@pytest.mark.parametrize(("level", "outcome"), [(Level.MUST, Outcome.FAIL), (Level.SHOULD, Outcome.WARN)])
def test_the_level_decides_what_a_finding_means(level, outcome):
    verdict = judge(rule_of(FINDING, level=level), RUN)
    assert (verdict.outcome, verdict.level, verdict.findings) == (outcome, level, 2)
    assert (verdict.breaches[0].expected, verdict.breaches[0].actual) == ("this", "that")


def test_an_undeclared_capability_of_the_may_kind_makes_a_rule_not_applicable():
    verdict = judge(rule_of(FINDING, needs={Capability.POLLING}), RUN)
    assert verdict.outcome is Outcome.NOT_APPLICABLE
    assert "polling is not declared (declare capabilities.polling = true)" in verdict.reason


def test_any_other_missing_need_makes_it_untested_and_names_every_remedy():
    needs = {Capability.TRIGGERS, Capability.SECOND_USER}
    verdict = judge(rule_of(FINDING, needs=needs), RUN)
    assert verdict.outcome is Outcome.UNTESTED
    assert verdict.reason == f"{Capability.TRIGGERS.remedy}; {Capability.SECOND_USER.remedy}"


@pytest.mark.parametrize("outcome", [each for each in e.SceneOutcome if each is not e.SceneOutcome.COMPLETED])
def test_silence_in_a_scene_that_was_not_completed_is_untested(outcome):
    verdict = judge(rule_of(), transcript(stream(), ended(outcome)))
    assert (verdict.outcome, verdict.observations) == (Outcome.UNTESTED, 1)
    assert verdict.reason == f"the scene {SCENE} was {outcome.value}: the detail"


def test_silence_in_a_scene_that_was_not_run_is_untested():
    verdict = judge(rule_of(scenes=(SCENE, "another.scene")), RUN)
    assert verdict.outcome is Outcome.UNTESTED
    assert verdict.reason == "the scene another.scene was not run"


def test_nothing_to_look_at_is_untested_and_no_pass():
    verdict = judge(rule_of(over=lambda recorded: ()), RUN)
    assert (verdict.outcome, verdict.observations) == (Outcome.UNTESTED, 0)
    assert "nothing to look at" in verdict.reason


def test_what_the_record_shows_to_be_moot_is_not_applicable_where_nothing_was_seen():
    def moot(recorded):
        return "no HTTP/2" if recorded.streams else ""

    def outcome(*entries, over=()):
        verdict = judge(rule_of(over=lambda recorded: over, moot=moot), transcript(*entries, completed()))
        return verdict.outcome, verdict.reason

    assert outcome(stream()) == (Outcome.NOT_APPLICABLE, "no HTTP/2")
    assert outcome()[0] is Outcome.UNTESTED
    assert outcome(stream(), over=(1,))[0] is Outcome.PASS


def test_a_rule_that_raises_is_an_error_that_names_the_bug():
    def check(subject, terms):
        raise ZeroDivisionError("division by zero")

    verdict = judge(rule_of(check=check), RUN)
    assert verdict.outcome is Outcome.ERROR
    assert verdict.reason == "the rule itself failed: ZeroDivisionError: division by zero"


def test_a_rule_that_raises_while_it_looks_for_subjects_is_an_error_too():
    def over(recorded):
        yield from recorded.streams
        raise KeyError("gone")

    assert outcome_of(rule_of(FINDING, over=over)) is Outcome.ERROR


def test_a_rule_that_raises_leaves_the_others_alone():
    def check(subject, terms):
        raise RuntimeError

    rules = (rule_of(check=check), rule_of(FINDING), rule_of())
    assert [outcome_of(rule) for rule in rules] == [Outcome.ERROR, Outcome.FAIL, Outcome.PASS]


# timing


def timed(since: float, until: float, at=PUBLISH):
    return Finding(expected="soon", actual="late", at=at, since=ns(since), until=ns(until))


def test_a_timed_finding_inside_the_suites_own_lag_is_set_aside():
    recorded = transcript(stream(conn=1), stream(conn=2), completed(), disturbed(3, 4))
    verdict = judge(rule_of(timed(3.5, 5), timed=True), recorded)
    assert (verdict.outcome, verdict.findings, verdict.observations) == (Outcome.INCONCLUSIVE, 0, 2)
    assert verdict.reason == "2 of 2 observations were late while the suite itself was disturbed"


def test_an_observation_with_several_findings_set_aside_counts_once():
    recorded = transcript(stream(), completed(), disturbed(3, 4))
    verdict = judge(rule_of(timed(3, 4), timed(3, 5), timed=True), recorded)
    assert verdict.reason.startswith("1 of 1 observations")


def test_a_timed_finding_outside_of_it_fails():
    recorded = transcript(stream(), completed(), disturbed(3, 4))
    verdict = judge(rule_of(timed(3.5, 5), timed(4, 6), timed=True), recorded)
    assert (verdict.outcome, verdict.findings) == (Outcome.FAIL, 1)


def test_a_finding_too_late_by_more_than_the_lag_fails_all_the_same():
    recorded = transcript(stream(), completed(), disturbed(3, 4))
    little, much = (replace(timed(3, 9), excess=ns(excess)) for excess in (0.9, 1.1))
    assert outcome_of(rule_of(little, timed=True), recorded) is Outcome.INCONCLUSIVE
    assert outcome_of(rule_of(much, timed=True), recorded) is Outcome.FAIL


def test_a_timed_finding_without_a_stretch_counts_whatever_the_suite_did():
    recorded = transcript(stream(), completed(), disturbed(0, 100))
    assert outcome_of(rule_of(FINDING, timed=True), recorded) is Outcome.FAIL


def test_lag_sets_nothing_aside_for_a_rule_that_judges_no_instants():
    recorded = transcript(stream(), completed(), disturbed(0, 100))
    assert outcome_of(rule_of(timed(3, 4)), recorded) is Outcome.FAIL


@pytest.mark.parametrize(("conn", "outcome"), [(1, Outcome.INCONCLUSIVE), (2, Outcome.FAIL)])
@pytest.mark.parametrize("place", ["stream", "event"])
def test_what_was_done_to_one_connection_sets_aside_findings_on_it_alone(conn, outcome, place):
    pause = disturbed(3, 4, conn=conn, kind=e.Disturbance.PAUSE)
    recorded = transcript(stream((5, notification()), conn=1), stream(conn=2, at=1), completed(), pause)
    subject = recorded.streams[0]
    finding = timed(3.5, 5, at=subject if place == "stream" else subject.events[0])
    rule = rule_of(finding, over=lambda recorded: recorded.streams[:1], timed=True)
    assert outcome_of(rule, recorded) is outcome


# precedence: each reason beats all that come after it


def reasons_that_can_meet():
    ladder = ["not applicable", "need missing", "error", "finding", "scene broken", "set aside", "nothing seen"]
    needs_a_subject = {"error", "finding", "set aside"}
    for stronger, weaker in itertools.combinations(ladder, 2):
        if weaker != "nothing seen" or stronger not in needs_a_subject:
            yield stronger, weaker


OUTCOMES = {
    "not applicable": Outcome.NOT_APPLICABLE,
    "need missing": Outcome.UNTESTED,
    "error": Outcome.ERROR,
    "finding": Outcome.FAIL,
    "scene broken": Outcome.UNTESTED,
    "set aside": Outcome.INCONCLUSIVE,
}


@pytest.mark.parametrize(("stronger", "weaker"), list(reasons_that_can_meet()))
def test_where_two_reasons_meet_the_stronger_decides(stronger, weaker):
    met = {stronger, weaker}
    needs = {"not applicable": Capability.POLLING, "need missing": Capability.REST}

    def check(subject, terms):
        if "finding" in met:
            yield timed(8, 9)
        if "set aside" in met:
            yield timed(3, 4)
        if "error" in met:
            raise RuntimeError("a bug")

    recorded = transcript(
        [] if "nothing seen" in met else stream(),
        ended(e.SceneOutcome.BROKEN if "scene broken" in met else e.SceneOutcome.COMPLETED),
        disturbed(3, 4),
    )
    rule = rule_of(check=check, needs={need for reason, need in needs.items() if reason in met}, timed=True)
    verdict = judge(rule, recorded)
    assert verdict.outcome is OUTCOMES[stronger]
    assert stronger != "need missing" or verdict.reason == Capability.REST.remedy
    assert stronger != "scene broken" or "was broken" in verdict.reason


def test_a_finding_in_a_scene_that_broke_still_fails():
    recorded = transcript(stream(), ended(e.SceneOutcome.BROKEN))
    assert outcome_of(rule_of(FINDING), recorded) is Outcome.FAIL


def test_needs_are_judged_by_the_terms_of_the_run():
    terms = Terms(capabilities=(Capability.POLLING,))
    recorded = transcript(stream(), completed(), terms=terms)
    assert outcome_of(rule_of(needs={Capability.POLLING}), recorded) is Outcome.PASS


# many findings


def test_findings_beyond_the_most_are_counted_and_not_listed():
    verdict = judge(rule_of(*[FINDING] * (MAX_FINDINGS + 5)), transcript(stream(), completed()))
    assert (verdict.findings, len(verdict.breaches)) == (MAX_FINDINGS + 5, MAX_FINDINGS)


# two takes


def again(at=10.0, scene=SCENE):
    return e.Repeated(t=ns(at), scene=scene, reason="it was disturbed")


def late(subject, _terms):
    """What is found on a stream that got its first piece later than a second."""
    (piece,) = subject.pieces
    if piece.t - subject.t > ns(1):
        yield Finding(expected="soon", actual="late", at=subject, since=subject.t, until=piece.t)


PUNCTUAL = rule_of(check=late, timed=True)
LATE_AND_DISTURBED = [*stream((3, snapshot()), conn=1, at=1), completed(at=4), disturbed(1.5, 2.5)]


def test_a_second_take_without_disturbance_settles_what_the_first_left_open():
    recorded = transcript(LATE_AND_DISTURBED, again(), stream((11.5, snapshot()), conn=2, at=11), completed(at=14))
    verdict = judge(PUNCTUAL, recorded)
    assert (verdict.outcome, verdict.observations, verdict.reason) == (Outcome.PASS, 1, "")


def test_a_second_take_that_is_disturbed_as_well_leaves_it_open_and_says_so():
    second = [*stream((13, snapshot()), conn=2, at=11), completed(at=14), disturbed(11, 12)]
    verdict = judge(PUNCTUAL, transcript(LATE_AND_DISTURBED, again(), second))
    late = "1 of 1 observations were late while the suite itself was disturbed"
    assert (verdict.outcome, verdict.reason) == (Outcome.INCONCLUSIVE, f"{late}; played again: {late}")


def test_a_breach_in_the_second_take_fails():
    recorded = transcript(LATE_AND_DISTURBED, again(), stream((13, snapshot()), conn=2, at=11), completed(at=14))
    verdict = judge(PUNCTUAL, recorded)
    assert (verdict.outcome, verdict.findings, verdict.breaches[0].evidence.conn) == (Outcome.FAIL, 1, 2)


def test_a_breach_in_the_first_take_stays_whatever_the_second_one_is_like():
    first = [*stream((3, snapshot()), conn=1, at=1), completed(at=4)]
    recorded = transcript(first, again(), stream((11.5, snapshot()), conn=2, at=11), completed(at=14))
    verdict = judge(PUNCTUAL, recorded)
    assert (verdict.outcome, verdict.breaches[0].evidence.conn) == (Outcome.FAIL, 1)


def test_a_breach_in_a_scene_that_was_played_once_counts_once():
    elsewhere = [*stream((4, snapshot()), conn=5, at=1, scene="other"), completed("other", at=5)]
    recorded = transcript(elsewhere, completed(at=4), again(), completed(at=14))
    verdict = judge(PUNCTUAL, recorded)
    assert (verdict.outcome, verdict.findings) == (Outcome.FAIL, 1)


def test_a_second_take_that_was_not_completed_takes_nothing_from_a_first_that_passed():
    recorded = transcript(stream((1, snapshot()), conn=1), completed(at=4), again(5), ended(e.SceneOutcome.LIMITED))
    assert outcome_of(PUNCTUAL, recorded) is Outcome.PASS


def test_a_second_take_that_was_not_completed_settles_nothing():
    elsewhere = [*stream((1, snapshot()), conn=5, scene="other"), completed("other", at=5)]
    broken = e.SceneEnded(t=ns(14), scene=SCENE, outcome=e.SceneOutcome.BROKEN, detail="gone")
    recorded = transcript(LATE_AND_DISTURBED, elsewhere, again(), broken)
    rule = replace(PUNCTUAL, scenes=("other",))
    assert outcome_of(rule, transcript(LATE_AND_DISTURBED, elsewhere)) is Outcome.INCONCLUSIVE
    verdict = judge(rule, recorded)
    assert verdict.outcome is Outcome.INCONCLUSIVE
    assert verdict.reason.endswith(f"played again: the scene {SCENE} was broken: gone")


def test_a_scene_that_was_limited_at_first_and_completed_then_was_completed():
    first = [*stream((1, snapshot()), conn=1), e.SceneEnded(t=ns(4), scene=SCENE, outcome=e.SceneOutcome.LIMITED)]
    recorded = transcript(first, again(), stream((12, snapshot()), conn=2, at=11.5), completed(at=14))
    assert outcome_of(PUNCTUAL, transcript(first)) is Outcome.UNTESTED
    assert outcome_of(PUNCTUAL, recorded) is Outcome.PASS


def test_a_rule_that_the_repetition_does_not_concern_keeps_its_reason():
    broken = e.SceneEnded(t=ns(4), scene="other", outcome=e.SceneOutcome.BROKEN, detail="gone")
    recorded = transcript(LATE_AND_DISTURBED, broken, again(), completed(at=14))
    assert judge(rule_of(scenes=("other",)), recorded).reason == "the scene other was broken: gone"


# what is worth playing again


def repeatable(*lines, rule=PUNCTUAL):
    return judge(rule, transcript(*lines)).repeatable


def test_the_scenes_of_observations_that_were_set_aside_may_be_played_again():
    elsewhere = [*stream((3, snapshot()), conn=5, at=1, scene="other"), completed("other", at=5)]
    assert set(repeatable(LATE_AND_DISTURBED, elsewhere)) == {SCENE, "other"}


@pytest.mark.parametrize(
    ("outcome", "lines", "worth"),
    [
        (e.SceneOutcome.LIMITED, [], True),
        (e.SceneOutcome.BROKEN, [], False),
        (e.SceneOutcome.BROKEN, [disturbed(5, 6)], True),
        (e.SceneOutcome.BROKEN, [disturbed(0.2, 0.4)], False),
        (e.SceneOutcome.BROKEN, stream(conn=1, at=2, status=None, ends=(3, e.EndKind.UNREACHABLE)), True),
        (e.SceneOutcome.BROKEN, stream(conn=1, at=2, status=None, ends=(3, e.EndKind.REFUSED)), False),
        (e.SceneOutcome.BROKEN, [PageSaw(t=ns(2), page=1, scene=SCENE, sight=Sight.CRASHED)], True),
        (e.SceneOutcome.BROKEN, [PageSaw(t=ns(2), page=1, scene="other", sight=Sight.CRASHED)], False),
        (e.SceneOutcome.BROKEN, [PageSaw(t=ns(2), page=1, scene=SCENE, sight=Sight.OPEN)], False),
        (e.SceneOutcome.SKIPPED, [disturbed(5, 6)], False),
        (e.SceneOutcome.INTERRUPTED, [disturbed(5, 6)], False),
    ],
)
def test_of_the_scenes_that_were_not_completed_those_that_something_passing_cut_short(outcome, lines, worth):
    began = e.SceneBegan(t=ns(1), scene=SCENE)
    assert repeatable(began, *lines, ended(outcome), rule=rule_of()) == ((SCENE,) if worth else ())


def test_none_is_worth_it_where_another_scene_of_the_rule_will_not_come_to_its_end():
    skipped = e.SceneEnded(t=ns(3), scene="other", outcome=e.SceneOutcome.SKIPPED)
    assert repeatable(ended(e.SceneOutcome.LIMITED), skipped, rule=rule_of(scenes=(SCENE, "other"))) == ()


def test_none_is_worth_it_where_the_rule_was_broken_anyhow():
    rule = rule_of(FINDING, over=lambda recorded: (1,))
    assert repeatable(ended(e.SceneOutcome.LIMITED), rule=rule) == ()
