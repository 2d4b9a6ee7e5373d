from pathlib import Path

import pytest

from sse_conform import preflight, scene_packs
from sse_conform.errors import UsageError
from sse_conform.exit_code import ExitCode
from sse_conform.profile import Profile
from sse_conform.profile_file import load_profile
from sse_conform.rules import ALL
from sse_conform.selection import check_accepted, find, plan_of, select, within_quick, without_browser
from sse_conform.spec import Level
from sse_conform.terms import Accepted


def test_without_patterns_every_rule_is_chosen_in_its_order() -> None:
    assert select(ALL) == ALL


def test_a_glob_names_rules_by_id() -> None:
    assert {rule.id for rule in select(ALL, only=["auth.refuses-alg-none*"])} == {
        "auth.refuses-alg-none",
        "auth.refuses-alg-none-odd-case",
    }


def test_a_word_names_an_area_or_a_level() -> None:
    assert {rule.area for rule in select(ALL, only=["heartbeat", "snapshot"])} == {"heartbeat", "snapshot"}
    assert {rule.level for rule in select(ALL, only=["SHOULD"])} == {Level.SHOULD}


def test_skip_wins_over_only() -> None:
    chosen = select(ALL, only=["heartbeat"], skip=["heartbeat.no-*"])
    assert chosen
    assert not [rule for rule in chosen if rule.id.startswith("heartbeat.no-")]


@pytest.mark.parametrize(
    ("patterns", "message", "hint"),
    [
        ({"only": ["hartbeat"]}, "--only 'hartbeat' matches no rule", "did you mean heartbeat?"),
        ({"skip": ["stream.content-typ"]}, "--skip 'stream.content-typ'", "did you mean stream.content-type?"),
        ({"only": ["auth"], "skip": ["auth.*"]}, "no rule is left", "loosen either"),
    ],
)
def test_a_selection_that_cannot_be_meant_is_refused(patterns: dict[str, list[str]], message: str, hint: str) -> None:
    with pytest.raises(UsageError) as trouble:
        select(ALL, **patterns)
    assert message in trouble.value.message
    assert hint in trouble.value.hint
    assert trouble.value.exit_code is ExitCode.USAGE


def test_a_rule_is_found_by_its_id_whatever_the_case() -> None:
    assert find(ALL, "Heartbeat.Has-Data").id == "heartbeat.has-data"


def test_a_mistyped_id_is_answered_with_the_nearest() -> None:
    with pytest.raises(UsageError, match=r"did you mean heartbeat\.has-data\?"):
        find(ALL, "heartbeat.has-dta")


def test_an_acceptance_must_name_a_rule() -> None:
    check_accepted(ALL, [Accepted(rule="rate_limit.*", reason="the gateway's")])
    with pytest.raises(UsageError, match=r"did you mean snapshot\.first\?"):
        check_accepted(ALL, [Accepted(rule="snapshot.frist", reason="x")])


def test_without_a_browser_its_rules_are_left_out() -> None:
    left = without_browser(ALL)
    assert {rule.id for rule in ALL} - {rule.id for rule in left} == {rule.id for rule in ALL if rule.in_browser}


def test_rules_in_a_browser_alone_ask_for_one() -> None:
    with pytest.raises(UsageError) as trouble:
        without_browser(select(ALL, only=["delivery.browser-to-browser"]))
    assert trouble.value.hint == "add --browser"


# a quick run

#: The whole areas that a quick run leaves out, as the README says.
NOT_QUICK = {"metrics", "multi_instance", "rate_limit", "shutdown"}
ROOT = Path(__file__).parents[2]


def reference_profile(**changes: object) -> Profile:
    environ = {"SSE_CONFORM_SERVER_JWT_KEY": "k" * 32, "SSE_CONFORM_SERVER_ADMIN_PASSWORD": "p"}
    file = ROOT / "fixtures" / "profiles" / "reference.toml"
    return load_profile(file=file, overrides=changes, environ=environ).profile


def test_a_quick_run_judges_what_the_scenes_that_it_plays_can_show() -> None:
    scenarios = scene_packs.load()
    chosen = within_quick(ALL, scenarios)
    played = {preflight.SCENE.id} | {scene.id for scene in scenarios.values() if scene.quick}
    assert all(set(rule.scenes) <= played for rule in chosen)
    assert len(ALL) // 2 < len(chosen) < len(ALL)


def test_a_quick_run_looks_at_every_area_but_those_that_the_readme_names() -> None:
    everything = without_browser(ALL)
    missing = {rule.area for rule in everything} - {rule.area for rule in within_quick(everything, scene_packs.load())}
    assert missing == NOT_QUICK
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert all(f"`{area}`" in readme for area in NOT_QUICK)


def test_a_quick_run_makes_at_most_36_attempts_whatever_the_target_does() -> None:
    everything = without_browser(ALL)
    plan, full = (plan_of(reference_profile(quick=quick), everything) for quick in (True, False))
    assert plan.attempts <= plan.most <= 36
    assert full.left_out == ()
    assert {rule.id for rule in (*plan.rules, *plan.left_out)} == {rule.id for rule in full.rules}


def test_a_quick_run_of_rules_that_it_does_not_judge_is_refused() -> None:
    rules = select(ALL, only=["rate_limit"])
    with pytest.raises(UsageError, match="a quick run judges none of these rules"):
        within_quick(rules, scene_packs.load())
