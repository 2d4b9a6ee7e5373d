"""The one place where findings, level and evidence become an outcome."""

from enum import StrEnum
from typing import Any, assert_never

import msgspec

from sse_conform import entries as e
from sse_conform.printable import printable
from sse_conform.rule import Finding, Place, Rule
from sse_conform.schedule import PREFLIGHT
from sse_conform.spec import Capability, Level
from sse_conform.transcript import Event, Stream, Transcript

#: Findings of one rule beyond these are counted, not listed.
MAX_FINDINGS = 10
#: As many bytes of the wire before the place of a finding are shown.
WIRE_BYTES = 400


class Outcome(StrEnum):
    """What can be said of a rule after a run."""

    PASS = "pass"  # noqa: S105 - an outcome, not a password
    FAIL = "fail"
    WARN = "warn"
    NOT_APPLICABLE = "not-applicable"
    UNTESTED = "untested"
    INCONCLUSIVE = "inconclusive"
    ERROR = "error"


class Evidence(msgspec.Struct, frozen=True, kw_only=True):
    """Where in the record a finding is: scene, connection, instant (ns), byte range, and the last bytes of the wire."""

    scene: str
    t: int
    conn: int = 0
    start: int = 0
    end: int = 0
    wire: str = ""


class Breach(msgspec.Struct, frozen=True, kw_only=True):
    """One finding as reported."""

    expected: str
    actual: str
    evidence: Evidence


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """The outcome of one rule, the number of observations it rests on, and why it is not a pass."""

    rule: str
    level: Level
    outcome: Outcome
    observations: int = 0
    findings: int = 0
    breaches: tuple[Breach, ...] = ()
    reason: str = ""


def judge(rule: Rule, transcript: Transcript) -> Verdict:
    """Apply one rule to a transcript: a pure function, live or offline."""
    missing = [need for need in Capability if need in rule.needs and not transcript.terms.has(need)]
    may = [need for need in missing if need.may]
    if may:
        return _verdict(rule, Outcome.NOT_APPLICABLE, reason=f"{may[0].value} is not declared ({may[0].remedy})")
    if missing:
        return _verdict(rule, Outcome.UNTESTED, reason="; ".join(need.remedy for need in missing))
    stopped = transcript.outcomes.get(PREFLIGHT)
    if stopped and stopped.outcome is e.SceneOutcome.BROKEN:
        # Whatever answered is not the service: nothing it did says anything about it.
        return _verdict(rule, Outcome.UNTESTED, reason=f"the preflight stopped the run: {stopped.detail}")
    try:
        observations, findings, set_aside = _examine(rule, transcript)
    except Exception as trouble:  # noqa: BLE001 - a bug in a rule is our trouble, named as such, and must not hide others
        return _verdict(rule, Outcome.ERROR, reason=f"the rule itself failed: {type(trouble).__name__}: {trouble}")
    if findings:
        outcome = Outcome.FAIL if rule.level is Level.MUST else Outcome.WARN
        breaches = tuple(_breach(finding) for finding in findings[:MAX_FINDINGS])
        return _verdict(rule, outcome, observations=observations, findings=len(findings), breaches=breaches)
    return _without_findings(rule, transcript, observations, set_aside)


def _examine(rule: Rule, transcript: Transcript) -> tuple[int, list[Finding], int]:
    observations, set_aside = 0, 0
    findings: list[Finding] = []
    for subject in rule.over(transcript):
        observations += 1
        found = list(rule.check(subject, transcript.terms))
        counted = [finding for finding in found if not (rule.timed and _disturbed(finding, transcript))]
        set_aside += len(counted) < len(found)
        findings += counted
    return observations, findings, set_aside


def _without_findings(rule: Rule, transcript: Transcript, observations: int, set_aside: int) -> Verdict:
    """Silence is a pass only where every scene of the rule was completed and something was looked at."""
    for scene in rule.scenes:
        ended = transcript.outcomes.get(scene)
        if ended is None:
            reason = f"the scene {scene} was not run"
            return _verdict(rule, Outcome.UNTESTED, observations=observations, reason=reason)
        if ended.outcome is not e.SceneOutcome.COMPLETED:
            reason = f"the scene {scene} was {ended.outcome.value}: {ended.detail}"
            return _verdict(rule, Outcome.UNTESTED, observations=observations, reason=reason)
    if set_aside:
        reason = f"{set_aside} of {observations} observations were late while the suite itself was disturbed"
        return _verdict(rule, Outcome.INCONCLUSIVE, observations=observations, reason=reason)
    if not observations:
        return _verdict(rule, Outcome.UNTESTED, reason=_why_nothing(rule, transcript))
    return _verdict(rule, Outcome.PASS, observations=observations)


def _why_nothing(rule: Rule, transcript: Transcript) -> str:
    """What was asked for in vain, where that is why there is nothing to look at."""
    kinds = {kind for kind in e.EventKind if Capability(kind) in rule.needs} or set(e.EventKind)
    asked = [p for p in transcript.publishes if p.valid and p.scene in rule.scenes and p.kind in kinds]
    if not asked or any(p.accepted for p in asked):
        return "nothing to look at was recorded"
    said = asked[0].error or str(asked[0].status)
    return f"none of {len(asked)} publishes was accepted, the first: {said} (conform doctor tries the triggers)"


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


def locate(place: Place) -> Evidence:
    """Where a place is, with the bytes of the wire that lead up to it."""
    match place:
        case Event():
            frame, stream = place.frame, place.stream
            wire = _readable(stream.body[max(0, frame.end - WIRE_BYTES) : frame.end])
            return Evidence(
                scene=stream.attempt.scene,
                t=place.t,
                conn=stream.conn,
                start=frame.start,
                end=frame.end,
                wire=wire,
            )
        case Stream():
            return Evidence(
                scene=place.attempt.scene,
                t=place.head.t if place.head else place.t,
                conn=place.conn,
                wire=_head_lines(place),
            )
        case e.Published():
            wire = f"publish {place.kind.value} to {place.to}: {place.status}, text {place.text[:120]!r}"
            return Evidence(scene=place.scene, t=place.t, wire=printable(wire))
        case e.Exchanged():
            head = printable(f"{place.method} {place.target} -> {place.status}")
            body = place.body[:WIRE_BYTES]
            return Evidence(scene=place.scene, t=place.answered, wire=f"{head}\n{_readable(body)}")
        case _:
            assert_never(place)


def _head_lines(stream: Stream) -> str:
    lines = [f"> {stream.attempt.method} {stream.attempt.target}"]
    if stream.head is None:
        lines.append(f"< {stream.end.detail if stream.end else 'no answer'}")
    else:
        lines.append(f"< {stream.status} {stream.head.reason}".rstrip())
        lines += [f"< {name}: {value}" for name, value in stream.head.headers]
    head, tail = "\n".join(map(printable, lines)), _readable(stream.body[-WIRE_BYTES:])
    return f"{head}\n<\n{tail}" if tail else head


def _readable(data: bytes) -> str:
    """Bytes as a person reads them: lines stay lines, everything unprintable is escaped."""
    return "\n".join(map(printable, data.decode("utf-8", errors="backslashreplace").split("\n")))


def _verdict(rule: Rule, outcome: Outcome, **details: Any) -> Verdict:  # noqa: ANN401 - the fields of Verdict
    return Verdict(rule=rule.id, level=rule.level, outcome=outcome, **details)
