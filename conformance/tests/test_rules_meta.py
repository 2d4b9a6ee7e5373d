"""What holds of every rule, whatever it judges."""

import json
import re
import subprocess
import sys
import tomllib
from collections import defaultdict
from pathlib import Path

import pytest

from sse_conform import preflight, scene_packs
from sse_conform.profile_file import load_profile
from sse_conform.rule import Rule
from sse_conform.rules import ALL, BY_ID
from sse_conform.schedule import make_plan
from sse_conform.spec import Level

FIXTURES = Path(__file__).parents[2] / "fixtures"
PINNED = FIXTURES / "rule-ids.txt"
EXCEPTIONS = FIXTURES / "proof-exceptions.toml"
#: So many faults may break the same rules; more of them prove nothing more.
OF_A_KIND = 3
#: The traps are numbered from 1.
TRAPS = 45

each_rule = pytest.mark.parametrize("rule", ALL, ids=lambda rule: rule.id)


def pinned_ids() -> list[str]:
    lines = PINNED.read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line and not line.startswith("#")]


def faults() -> list[dict]:
    return listed("--list-faults")


def oddities() -> list[dict]:
    return listed("--list-odd")


def listed(option: str) -> list[dict]:
    command = [sys.executable, "-m", "sse_conform_server", option, "--format", "json"]
    return json.loads(subprocess.run(command, check=True, capture_output=True).stdout)


def exceptions(kind: str) -> list[dict]:
    entries = tomllib.loads(EXCEPTIONS.read_text(encoding="utf-8")).get(kind, [])
    assert all(entry["reason"].endswith(".") for entry in entries), "each exception has a sentence as its reason"
    return entries


def test_no_two_rules_share_an_id():
    assert len(BY_ID) == len(ALL)


def test_every_id_is_pinned_and_none_is_lost():
    """A renamed or retired rule leaves its id in the list, marked: reports and baselines in the world still name it."""
    ids = pinned_ids()
    retired = {line.removesuffix(" retired") for line in ids if line.endswith(" retired")}
    assert set(BY_ID) == set(ids) - {f"{one} retired" for one in retired}
    assert not retired & set(BY_ID)


def test_no_id_is_pinned_twice():
    ids = [line.removesuffix(" retired") for line in pinned_ids()]
    assert sorted(set(ids)) == ids, "keep one id a line, sorted"


@each_rule
def test_an_id_is_an_area_and_a_name(rule: Rule):
    assert re.fullmatch(r"[a-z_]+\.[a-z0-9]+(-[a-z0-9]+)*", rule.id)


@each_rule
def test_a_rule_says_what_it_demands_and_why(rule: Rule):
    assert re.fullmatch(r"\S.*[.\]})]", rule.title), "the docstring of the check begins with a title"
    assert rule.why, "the docstring of the check says why, after its title"
    assert rule.hint, "name the usual cause of a breach: hint="


@each_rule
def test_a_rule_says_where_its_demand_is_written(rule: Rule):
    assert rule.spec
    assert all(str(ref) for ref in rule.spec)


def test_no_two_rules_demand_the_same():
    assert len({rule.title for rule in ALL}) == len(ALL)


@each_rule
def test_the_scenes_of_a_rule_are_installed(rule: Rule):
    assert rule.scenes
    assert set(rule.scenes) <= {preflight.SCENE.id, *scene_packs.load()}


@each_rule
def test_a_rule_alone_brings_its_scenes_onto_the_stage(rule: Rule):
    environ = {"SSE_CONFORM_SERVER_JWT_KEY": "k" * 32, "SSE_CONFORM_SERVER_ADMIN_PASSWORD": "p"}
    orders = ("stop", "start", "broker_stop", "broker_start")
    control = {f"control.{order}": "true" for order in orders} | {"other_instance": "https://127.0.0.2"}
    overrides = {"url": "https://127.0.0.1", "browser.engine": "chromium", **control}
    profile = load_profile(file=FIXTURES / "profiles" / "reference.toml", overrides=overrides, environ=environ).profile
    plan = make_plan(profile.terms, [rule], scene_packs.load())
    assert {scene.id for scene in plan.scenes} | {preflight.SCENE.id} >= set(rule.scenes)


def test_every_scene_serves_a_rule():
    assert set(scene_packs.load()) <= {scene for rule in ALL for scene in rule.scenes}


def test_every_rule_is_broken_by_some_fault():
    broken = {rule for fault in faults() for rule in fault["breaks"]}
    assert set(BY_ID) - broken == set(), "add a fault to the reference server, or the rule to the breaks of one"


def test_no_two_rules_fall_with_the_same_faults():
    kills: dict[str, set[str]] = defaultdict(set)
    for fault in faults():
        for rule in set(fault["breaks"]) & set(BY_ID):
            kills[rule].add(fault["name"])
    alike: dict[frozenset[str], list[str]] = defaultdict(list)
    for rule, names in kills.items():
        alike[frozenset(names)].append(rule)
    found = {tuple(sorted(rules)) for rules in alike.values() if len(rules) > 1}
    known = {tuple(sorted(entry["rules"])) for entry in exceptions("same-kills")}
    assert found == known, f"add a fault that tells them apart, or a reason to {EXCEPTIONS.name}"


def test_no_more_than_three_faults_break_the_same_rules():
    alike: dict[tuple[str, ...], list[str]] = defaultdict(list)
    for fault in faults():
        alike[tuple(sorted(set(fault["breaks"]) & set(BY_ID)))].append(fault["name"])
    found = {rules for rules, names in alike.items() if rules and len(names) > OF_A_KIND}
    known = {tuple(sorted(entry["breaks"])) for entry in exceptions("same-breaks")}
    assert found == known, f"leave out the least telling fault, or give a reason in {EXCEPTIONS.name}"


def test_every_trap_has_an_oddity_or_a_reason():
    covered = {oddity["trap"]["number"] for oddity in oddities()}
    excused = {entry["number"] for entry in exceptions("trap")}
    assert covered | excused == set(range(1, TRAPS + 1))
    assert not covered & excused, "the exception is not needed any more"


def test_an_oddity_warns_by_rules_that_may_warn():
    named = {rule for oddity in oddities() for rule in oddity["warns"]}
    assert named <= set(BY_ID)
    assert {BY_ID[rule].level for rule in named} == {Level.SHOULD}


def test_faults_and_oddities_have_names_and_sentences_of_their_own():
    variants = [*faults(), *oddities()]
    assert len({variant["name"] for variant in variants}) == len(variants)
    assert len({variant["summary"] for variant in variants}) == len(variants)
    assert all(re.fullmatch(r"[A-Z`].*[^.]\.", variant["summary"]) for variant in variants)
