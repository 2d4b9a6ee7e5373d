"""What holds of every rule, whatever it judges."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from sse_conform import preflight, scene_packs
from sse_conform.profile_file import load_profile
from sse_conform.rule import Rule
from sse_conform.rules import ALL, BY_ID
from sse_conform.schedule import make_plan

FIXTURES = Path(__file__).parents[2] / "fixtures"
PINNED = FIXTURES / "rule-ids.txt"

each_rule = pytest.mark.parametrize("rule", ALL, ids=lambda rule: rule.id)


def pinned_ids() -> list[str]:
    lines = PINNED.read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line and not line.startswith("#")]


def faults() -> list[dict]:
    command = [sys.executable, "-m", "sse_conform_server", "--list-faults", "--format", "json"]
    return json.loads(subprocess.run(command, check=True, capture_output=True).stdout)


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
    overrides = {"browser.engine": "chromium"}
    profile = load_profile(file=FIXTURES / "profiles" / "reference.toml", overrides=overrides, environ=environ).profile
    plan = make_plan(profile.terms, [rule], scene_packs.load())
    assert {scene.id for scene in plan.scenes} | {preflight.SCENE.id} >= set(rule.scenes)


def test_every_scene_serves_a_rule():
    assert set(scene_packs.load()) <= {scene for rule in ALL for scene in rule.scenes}


def test_every_rule_is_broken_by_some_fault():
    broken = {rule for fault in faults() for rule in fault["breaks"]}
    assert set(BY_ID) - broken == set(), "add a fault to the reference server, or the rule to the breaks of one"


def test_a_fault_has_one_sentence_of_its_own():
    listed = faults()
    assert all(re.fullmatch(r"[A-Z`].*[^.]\.", fault["summary"]) for fault in listed)
    assert len({fault["summary"] for fault in listed}) == len(listed)
