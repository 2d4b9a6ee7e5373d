"""What a profile leaves out, and what that costs: rules that stay untested, and rules that do not apply."""

from collections import Counter
from collections.abc import Iterable, Iterator
from fnmatch import fnmatchcase

from sse_conform.doctor.check import Check
from sse_conform.profile import Profile
from sse_conform.rule import Rule
from sse_conform.spec import Capability, Level
from sse_conform.verdict import unclaimed

#: Without any trigger these are missing of themselves.
_TRIGGERED = frozenset(
    {
        Capability.VULNERABILITY,
        Capability.ASSIGNMENT,
        Capability.ALERT,
        Capability.TARGETED,
        Capability.MARKERS,
    }
)


def lack_checks(profile: Profile, rules: Iterable[Rule]) -> Iterator[Check]:
    """Each thing without which MUST rules cannot be judged, save those that the profile accepts as untested."""
    provided = set(profile.provided)
    accepted = [entry.rule for entry in profile.accept_untested]
    triggered = frozenset[Capability]() if Capability.TRIGGERS in provided else _TRIGGERED
    untested: Counter[Capability] = Counter()
    for rule in rules:
        missing = {Capability.TRIGGERS if need in triggered else need for need in rule.needs - provided}
        excused = rule.level is not Level.MUST or rule.in_browser or any(need.may for need in missing)
        if missing and not excused and not any(fnmatchcase(rule.id, pattern) for pattern in accepted):
            untested.update(missing)
    for capability in (each for each in Capability if each in untested):
        rules_stay = "1 rule stays" if untested[capability] == 1 else f"{untested[capability]} rules stay"
        said = f"not given, so {rules_stay} untested"
        fix = f"{capability.remedy}; or accept it in accept_untested"
        yield Check(name=capability.value.replace("-", " "), said=said, fix=fix, missing=True)


def unclaimed_checks(profile: Profile, rules: Iterable[Rule]) -> Iterator[Check]:
    """The parts of the contract that the profile does not claim, each with its price, in the words of a report."""
    asked = [rule for rule in rules if profile.browser.engine or not rule.in_browser]
    reasons = Counter(filter(None, (unclaimed(rule, profile.terms) for rule in asked)))
    for reason, number in reasons.most_common():
        count = "1 rule does" if number == 1 else f"{number} rules do"
        yield Check(name="not claimed", said=f"{count} not apply: {reason}", note=True)
