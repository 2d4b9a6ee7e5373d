"""The one place where findings, level and evidence become an outcome."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import msgspec

from sse_conform import entries as e
from sse_conform.browser_entries import PageSaw, Sight
from sse_conform.places import Evidence, locate
from sse_conform.rule import Finding, Rule
from sse_conform.schedule import PREFLIGHT
from sse_conform.spec import Capability, Level
from sse_conform.takes import takes
from sse_conform.terms import Terms
from sse_conform.transcript import Event, Stream, Transcript
from sse_conform.want import why_nothing

#: Findings of one rule beyond these are counted, not listed.
MAX_FINDINGS = 10


class Outcome(StrEnum):
    """What can be said of a rule after a run."""

    PASS = "pass"  # noqa: S105 - an outcome, not a password
    FAIL = "fail"
    WARN = "warn"
    NOT_APPLICABLE = "not-applicable"
    UNTESTED = "untested"
    INCONCLUSIVE = "inconclusive"
    ERROR = "error"


#: What a rule without findings can come to, the most telling first.
_SETTLED = (Outcome.PASS, Outcome.NOT_APPLICABLE, Outcome.INCONCLUSIVE, Outcome.UNTESTED)


class Breach(msgspec.Struct, frozen=True, kw_only=True):
    """One finding as reported."""

    expected: str
    actual: str
    evidence: Evidence


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """
    The outcome of one rule, the number of observations it rests on, and why it is not a pass.

    ``repeatable`` names the scenes that may settle the rule when they are played again: what kept them from it may
    have passed.
    """

    rule: str
    level: Level
    outcome: Outcome
    observations: int = 0
    findings: int = 0
    breaches: tuple[Breach, ...] = ()
    reason: str = ""
    repeatable: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class _Look:
    """
    What a rule saw in one take.

    ``set_aside`` counts the observations that do not count, by scene; ``doubts`` say of some why they do not.
    """

    take: Transcript
    observations: int
    findings: tuple[Finding, ...]
    set_aside: Counter[str]
    doubts: tuple[str, ...]


def judge_all(rules: Iterable[Rule], transcript: Transcript) -> tuple[Verdict, ...]:
    """Judge every rule over one transcript: the same verdicts live and offline."""
    recorded = takes(transcript)
    return tuple(_judge(rule, recorded) for rule in rules)


def judge(rule: Rule, transcript: Transcript) -> Verdict:
    """Apply one rule to a transcript: a pure function."""
    return _judge(rule, takes(transcript))


def unclaimed(rule: Rule, terms: Terms) -> str:
    """Which part of the contract that it may leave out the target does not claim; empty where the rule applies."""
    lacking = (need for need in Capability if need.may and need in rule.needs and not terms.has(need))
    need = next(lacking, None)
    return f"{need.value} is not declared ({need.remedy})" if need else ""


def _judge(rule: Rule, recorded: tuple[Transcript, ...]) -> Verdict:
    """
    Apply one rule to each take: a breach counts in whichever it is, and for silence the better one is enough.

    A second take is played because the first one was disturbed, so it settles what that left open.
    """
    terms, stopped = recorded[0].terms, recorded[0].outcomes.get(PREFLIGHT)
    missing = [need for need in Capability if need in rule.needs and not terms.has(need)]
    if reason := unclaimed(rule, terms):
        return _verdict(rule, Outcome.NOT_APPLICABLE, reason=reason)
    if missing:
        return _verdict(rule, Outcome.UNTESTED, reason="; ".join(need.remedy for need in missing))
    if stopped and stopped.outcome is e.SceneOutcome.BROKEN:
        # Whatever answered is not the service: nothing it did says anything about it.
        return _verdict(rule, Outcome.UNTESTED, reason=f"the preflight stopped the run: {stopped.detail}")
    try:
        looks = [_look(rule, take) for take in recorded]
    except Exception as trouble:  # noqa: BLE001 - a bug in a rule is our trouble, named as such, and must not hide others
        return _verdict(rule, Outcome.ERROR, reason=f"the rule itself failed: {type(trouble).__name__}: {trouble}")
    if any(look.findings for look in looks):
        return _with_findings(rule, looks)
    first, *again = looks
    verdict = _without_findings(rule, first)
    for look in again:
        verdict = _settled(verdict, _without_findings(rule, look, also=first.set_aside), look.take)
    return verdict


def _look(rule: Rule, take: Transcript) -> _Look:
    observations = 0
    findings: list[Finding] = []
    set_aside: Counter[str] = Counter()
    doubts: list[str] = []
    for subject in rule.over(take):
        observations += 1
        doubtful: set[str] = set()
        for finding in rule.check(subject, take.terms):
            if finding.doubt or (rule.timed and _disturbed(finding, take)):
                doubtful.add(locate(finding.at).scene)
                doubts += [finding.doubt] if finding.doubt else []
            else:
                findings.append(finding)
        set_aside.update(doubtful - {""})
    return _Look(
        take=take,
        observations=observations,
        findings=tuple(findings),
        set_aside=set_aside,
        doubts=tuple(dict.fromkeys(doubts)),
    )


def _with_findings(rule: Rule, looks: list[_Look]) -> Verdict:
    """Both takes tell of the scenes that were played once, so what they have in common counts once."""
    findings = [finding for look in looks for finding in look.findings]
    if len(looks) > 1:
        findings = list({_breach(finding): finding for finding in findings}.values())
    return _verdict(
        rule,
        Outcome.FAIL if rule.level is Level.MUST else Outcome.WARN,
        observations=max(look.observations for look in looks if look.findings),
        findings=len(findings),
        breaches=tuple(_breach(finding) for finding in findings[:MAX_FINDINGS]),
    )


def _without_findings(rule: Rule, look: _Look, *, also: Iterable[str] = ()) -> Verdict:
    """
    Silence is a pass only where every scene of the rule was completed and something was looked at.

    ``also`` are further scenes that have to be complete: those whose first take was set aside.
    """
    scenes = dict.fromkeys([*rule.scenes, *also])
    ended = {scene: look.take.outcomes.get(scene) for scene in scenes}
    unfinished = {scene: end for scene, end in ended.items() if not end or end.outcome is not e.SceneOutcome.COMPLETED}
    if unfinished:
        scene, end = next(iter(unfinished.items()))
        reason = f"the scene {scene} was {end.outcome.value}: {end.detail}" if end else f"the scene {scene} was not run"
        reason = "; ".join([*look.doubts, reason])
        passing = all(end and _may_pass(look.take, end) for end in unfinished.values())
        repeatable = (*unfinished, *look.set_aside) if passing else ()
        return _verdict(rule, Outcome.UNTESTED, observations=look.observations, reason=reason, repeatable=repeatable)
    if look.set_aside or look.doubts:
        late = f"{look.set_aside.total()} of {look.observations} observations were late"
        return _verdict(
            rule,
            Outcome.INCONCLUSIVE,
            observations=look.observations,
            reason="; ".join(look.doubts) or f"{late} while the suite itself was disturbed",
            repeatable=tuple(look.set_aside),
        )
    if not look.observations:
        if moot := rule.moot(look.take):
            return _verdict(rule, Outcome.NOT_APPLICABLE, reason=moot)
        return _verdict(rule, Outcome.UNTESTED, reason=why_nothing(rule, look.take))
    return _verdict(rule, Outcome.PASS, observations=look.observations)


def _may_pass(take: Transcript, ended: e.SceneEnded) -> bool:
    """
    Whether a scene was cut short by what may be over.

    That is a 429, our own lag, a crash of our browser, no route, or the death of the target.
    """
    crashed = any(seen.scene == ended.scene and seen.sight is Sight.CRASHED for seen in take.every(PageSaw))
    if ended.outcome is e.SceneOutcome.LIMITED or crashed:
        return True
    began = next((began.t for began in take.every(e.SceneBegan) if began.scene == ended.scene), ended.t)
    astray = any(stream.end and stream.end.kind is e.EndKind.UNREACHABLE for stream in take.streams_in(ended.scene))
    died = any(death.t <= ended.t and began <= death.back for death in take.of(e.Died))
    return ended.outcome is e.SceneOutcome.BROKEN and (astray or died or not take.undisturbed(began, ended.t))


def _settled(first: Verdict, second: Verdict, take: Transcript) -> Verdict:
    """The better of two verdicts without findings; where neither is a pass, the reason names both."""
    better = min(first, second, key=lambda verdict: _SETTLED.index(verdict.outcome))
    repeated = {entry.scene for entry in take.of(e.Repeated)}
    if better.outcome is Outcome.PASS or repeated.isdisjoint(first.repeatable):
        return better
    return msgspec.structs.replace(better, reason=f"{first.reason}; played again: {second.reason}")


def _disturbed(finding: Finding, transcript: Transcript) -> bool:
    if finding.since is None or finding.until is None:
        return False
    match finding.at:
        case Event():
            conn = finding.at.stream.conn
        case Stream():
            conn = finding.at.conn
        case _:
            conn = 0
    return not transcript.undisturbed(finding.since, finding.until, conn, excess=finding.excess)


def _breach(finding: Finding) -> Breach:
    return Breach(expected=finding.expected, actual=finding.actual, evidence=locate(finding.at))


def _verdict(rule: Rule, outcome: Outcome, **details: Any) -> Verdict:  # noqa: ANN401 - the fields of Verdict
    return Verdict(rule=rule.id, level=rule.level, outcome=outcome, **details)
