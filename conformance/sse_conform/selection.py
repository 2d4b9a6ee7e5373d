"""Which rules a run judges: globs over rule ids, areas and levels. Pure."""

from collections.abc import Iterable, Sequence
from fnmatch import fnmatchcase

from sse_conform.errors import UsageError
from sse_conform.profile_problem import did_you_mean
from sse_conform.rule import Rule
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
