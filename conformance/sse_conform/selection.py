"""Which rules a run judges: globs over rule ids, areas and levels, and what a quick run leaves out of them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from fnmatch import fnmatchcase

from sse_conform import scene_packs
from sse_conform.errors import UsageError
from sse_conform.profile import Profile
from sse_conform.profile_problem import did_you_mean
from sse_conform.rule import Rule
from sse_conform.scenario import Scenario
from sse_conform.schedule import PREFLIGHT, Plan, make_plan
from sse_conform.terms import Accepted


def matches(rule: Rule, pattern: str) -> bool:
    """Whether a glob names this rule, its area or its level; capitals do not matter."""
    return any(fnmatchcase(name, pattern.lower()) for name in (rule.id, rule.area, rule.level.value))


def select(rules: Sequence[Rule], *, only: Sequence[str] = (), skip: Sequence[str] = ()) -> tuple[Rule, ...]:
    """
    The rules that ``only`` names (all without any) and ``skip`` does not, in their own order.

    UsageError for a pattern that names nothing, and where nothing is left: a run of no rules must never look green.
    """
    for option, patterns in (("--only", only), ("--skip", skip)):
        for pattern in patterns:
            _demand_match(rules, pattern, option)
    chosen = tuple(
        rule
        for rule in rules
        if (not only or any(matches(rule, pattern) for pattern in only))
        and not any(matches(rule, pattern) for pattern in skip)
    )
    if not chosen:
        raise UsageError("no rule is left to judge", hint="--skip removes all that --only selects: loosen either")
    return chosen


def without_browser(rules: Iterable[Rule]) -> tuple[Rule, ...]:
    """The rules that need no browser; UsageError where none is left, for then one was meant."""
    chosen = tuple(rule for rule in rules if not rule.in_browser)
    if not chosen:
        raise UsageError("these rules are judged in a browser, and none was asked for", hint="add --browser")
    return chosen


def within_quick(rules: Iterable[Rule], scenarios: Mapping[str, Scenario]) -> tuple[Rule, ...]:
    """
    The rules of a quick run: those that it can judge by the scenes that it plays.

    UsageError where none is left.
    """
    played = {PREFLIGHT, *(scene.id for scene in scenarios.values() if scene.quick)}
    chosen = tuple(rule for rule in rules if rule.quick and played.issuperset(rule.scenes))
    if not chosen:
        raise UsageError("a quick run judges none of these rules", hint="leave --quick out, or set quick = false")
    return chosen


def plan_of(profile: Profile, rules: tuple[Rule, ...]) -> Plan:
    """The plan of a run for the chosen rules, of which a quick one judges a part."""
    scenarios = scene_packs.load()
    judged = within_quick(rules, scenarios) if profile.quick else rules
    plan = make_plan(profile.terms, judged, scenarios, addresses=max(1, len(profile.source_addresses)))
    return replace(plan, left_out=tuple(rule for rule in rules if rule not in judged))


def find(rules: Iterable[Rule], rule_id: str) -> Rule:
    """The rule of this id; UsageError with a suggestion where there is none."""
    known = {rule.id: rule for rule in rules}
    if rule_id.lower() not in known:
        hint = f"{did_you_mean(rule_id, known)}`conform rules` lists them all"
        raise UsageError(f"there is no rule {rule_id!r}", hint=hint)
    return known[rule_id.lower()]


def check_accepted(rules: Sequence[Rule], accepted: Iterable[Accepted]) -> None:
    """An acceptance that names no rule accepts nothing, and its owner should know."""
    for entry in accepted:
        if not any(fnmatchcase(rule.id, entry.rule) for rule in rules):
            hint = f"{did_you_mean(entry.rule, [rule.id for rule in rules])}`conform rules` lists them all"
            raise UsageError(f"accept_untested in the profile names {entry.rule!r}, which matches no rule", hint=hint)


def _demand_match(rules: Sequence[Rule], pattern: str, option: str) -> None:
    if any(matches(rule, pattern) for rule in rules):
        return
    words = {word for rule in rules for word in (rule.id, rule.area, rule.level.value)}
    hint = f"{did_you_mean(pattern.lower(), words)}`conform rules` lists ids, areas and levels"
    raise UsageError(f"{option} {pattern!r} matches no rule", hint=hint)
