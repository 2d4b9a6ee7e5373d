import itertools

import msgspec
import pytest

from sse_conform.exit_code import ExitCode, strongest
from sse_conform.report import Report, Timing, acceptance
from sse_conform.spec import Level
from sse_conform.terms import Accepted, Terms
from sse_conform.verdict import Outcome, Verdict

from .records import header, verdict

ACCEPTED = (Accepted(rule="auth.*", reason="no key"), Accepted(rule="auth.expired", reason="another reason"))
#: What one verdict alone contributes, by level and outcome, as the documented table has it.
PLAIN = {
    Outcome.PASS: (0, 0),
    Outcome.FAIL: (1, 1),
    Outcome.WARN: (0, 0),
    Outcome.NOT_APPLICABLE: (0, 0),
    Outcome.UNTESTED: (3, 0),
    Outcome.INCONCLUSIVE: (4, 4),
    Outcome.ERROR: (4, 4),
}
STRICT = PLAIN | {Outcome.WARN: (1, 1), Outcome.UNTESTED: (3, 3)}
KINDS = list(itertools.product(Level, Outcome))


def report(*verdicts: Verdict, accepted: tuple[Accepted, ...] = (), **details) -> Report:
    return Report(
        header=header(terms=Terms(accept_untested=accepted)),
        verdicts=verdicts,
        scenes=(),
        timing=Timing(wall=1.0, lower_bound=0.5, attempts=2),
        **details,
    )


PASSED = verdict(Outcome.PASS, rule="stream.opens")


@pytest.mark.parametrize("strict", [False, True])
@pytest.mark.parametrize(("level", "outcome"), KINDS)
def test_a_verdict_beside_a_pass_leads_to_its_own_code(level, outcome, strict):
    must, should = (STRICT if strict else PLAIN)[outcome]
    expected = must if level is Level.MUST else should
    assert report(PASSED, verdict(outcome, level=level), strict=strict).exit_code == expected


@pytest.mark.parametrize("strict", [False, True])
def test_of_any_set_of_verdicts_the_strongest_code_wins(strict):
    table = STRICT if strict else PLAIN
    codes = {kind: ExitCode(table[kind[1]][kind[0] is Level.SHOULD]) for kind in KINDS}
    for size in (2, 3, 4):
        for chosen in itertools.combinations(KINDS, size):
            verdicts = [verdict(outcome, level=level) for level, outcome in chosen]
            expected = strongest({codes[kind] for kind in chosen})
            assert report(PASSED, *verdicts, strict=strict).exit_code is expected, chosen


@pytest.mark.parametrize(("outcome", "code"), [(Outcome.FAIL, 130), (Outcome.UNTESTED, 130), (Outcome.PASS, 130)])
def test_an_interrupted_run_says_so_above_all(outcome, code):
    assert report(PASSED, verdict(outcome), interrupted=True, trouble="a bug").exit_code == code


@pytest.mark.parametrize(("outcome", "code"), [(Outcome.FAIL, 1), (Outcome.UNTESTED, 3), (Outcome.PASS, 4)])
def test_trouble_of_the_suite_hides_neither_a_failure_nor_what_is_untested(outcome, code):
    assert report(PASSED, verdict(outcome), trouble="a scene failed").exit_code == code


# what may stay untested


def test_an_untested_rule_that_its_owner_accepts_does_no_harm():
    untested = verdict(Outcome.UNTESTED, rule="auth.expired")
    assert report(PASSED, untested, accepted=ACCEPTED).exit_code is ExitCode.CONFORMS
    assert report(PASSED, untested, accepted=ACCEPTED, strict=True).exit_code is ExitCode.CONFORMS


@pytest.mark.parametrize("outcome", [Outcome.FAIL, Outcome.INCONCLUSIVE, Outcome.ERROR])
def test_acceptance_excuses_nothing_else(outcome):
    bad = verdict(outcome, rule="auth.expired")
    assert report(PASSED, bad, accepted=ACCEPTED).exit_code is report(PASSED, bad).exit_code


def test_acceptance_goes_by_globs_of_rule_ids_and_gives_the_first_reason():
    assert acceptance(verdict(Outcome.UNTESTED, rule="auth.expired"), ACCEPTED) == "no key"
    assert acceptance(verdict(Outcome.UNTESTED, rule="authx"), ACCEPTED) == ""
    assert acceptance(verdict(Outcome.UNTESTED, rule="AUTH.expired"), ACCEPTED) == ""


# a run that shows nothing never looks green


@pytest.mark.parametrize("outcome", [each for each in Outcome if each is not Outcome.PASS])
def test_without_one_must_rule_that_passed_nothing_is_proved(outcome):
    passed_should = verdict(Outcome.PASS, level=Level.SHOULD)
    judged = report(verdict(outcome, rule="auth.expired"), passed_should, accepted=ACCEPTED)
    assert judged.proves_nothing
    assert judged.exit_code in {ExitCode.TARGET, ExitCode.FAILED}
    assert not report(verdict(outcome), PASSED).proves_nothing


def test_where_no_must_rule_was_selected_a_should_rule_must_have_been_judged():
    def advisory(outcome):
        return report(verdict(outcome, level=Level.SHOULD))

    assert [outcome for outcome in Outcome if not advisory(outcome).proves_nothing] == [Outcome.PASS, Outcome.WARN]
    assert advisory(Outcome.PASS).exit_code is ExitCode.CONFORMS
    assert advisory(Outcome.WARN).exit_code is ExitCode.CONFORMS
    assert advisory(Outcome.NOT_APPLICABLE).exit_code is ExitCode.TARGET


def test_a_report_without_verdicts_proves_nothing():
    assert report().exit_code is ExitCode.TARGET


def test_outcomes_are_counted_also_those_that_are_not_there():
    counts = report(PASSED, PASSED, verdict(Outcome.WARN)).counts()
    assert counts == dict.fromkeys(Outcome, 0) | {Outcome.PASS: 2, Outcome.WARN: 1}


# a quick run


def test_a_quick_run_says_how_many_of_the_chosen_rules_it_is_about():
    quick = header(terms=Terms(quick=True), rules=("a.b", "a.c"), left_out=("a.d",))
    assert msgspec.structs.replace(report(PASSED), header=quick).quick == "quick: 2 of 3 rules"
    assert report(PASSED).quick == ""
