"""
The whole report as one JSON document for programs: every verdict with its rule, references and evidence.

Keys keep their order, so that two reports of the same rules differ only where the runs did. The text is pure ASCII
(everything else is escaped), so that any terminal, locale and reader can take it.
"""

import json
import re
from collections.abc import Mapping
from typing import Annotated, TextIO

import msgspec

from sse_conform.exit_code import ExitCode
from sse_conform.report import SCHEMA_VERSION, Report, SceneSummary, Timing, acceptance
from sse_conform.rule import Rule
from sse_conform.spec import Level, SpecRef
from sse_conform.terms import Terms
from sse_conform.verdict import Breach, Outcome, Verdict

_BEYOND_ASCII = re.compile("[^\x00-\x7e]")


class Exit(msgspec.Struct, frozen=True, kw_only=True):
    """What the run told the shell."""

    code: ExitCode
    meaning: str


class VerdictEntry(msgspec.Struct, frozen=True, kw_only=True):
    """
    One rule and what can be said of it.

    ``findings`` counts all breaches, ``breaches`` lists the first of them; their instants are nanoseconds since the
    start of the run. ``accepted`` is the owner's reason why an untested rule may stay so, else empty.
    """

    rule: str
    level: Level
    title: str
    area: str
    spec: tuple[SpecRef, ...]
    outcome: Outcome
    observations: int
    findings: int
    breaches: tuple[Breach, ...]
    reason: str
    accepted: str
    hint: str


class Document(msgspec.Struct, frozen=True, kw_only=True):
    """A run's report. Durations are seconds; ``counts`` gives the number of verdicts by level and outcome, ``left_out``
    the chosen rules that a quick run does not judge.
    """

    schema_version: Annotated[int, msgspec.Meta(extra_json_schema={"const": SCHEMA_VERSION})]
    suite: str
    target: str
    profile: str
    started_at: str
    exit: Exit
    strict: bool
    interrupted: bool
    trouble: str
    timing: Timing
    transcript_file: str
    terms: Terms
    counts: dict[Level, dict[Outcome, int]]
    left_out: tuple[str, ...]
    scenes: tuple[SceneSummary, ...]
    verdicts: tuple[VerdictEntry, ...]


def write(report: Report, rules: Mapping[str, Rule], out: TextIO) -> None:
    """Write the document; ``rules`` holds the rule of every verdict by its id."""
    plain = msgspec.to_builtins(document(report, rules), str_keys=True)
    out.write(_BEYOND_ASCII.sub(_escaped, json.dumps(plain, indent=2, ensure_ascii=False)))
    out.write("\n")


def document(report: Report, rules: Mapping[str, Rule]) -> Document:
    """The report as a record, as the schema describes it."""
    header = report.header
    return Document(
        schema_version=report.schema_version,
        suite=header.suite,
        target=header.target,
        profile=header.name,
        started_at=header.started_at,
        exit=Exit(code=report.exit_code, meaning=report.exit_code.meaning),
        strict=report.strict,
        interrupted=report.interrupted,
        trouble=report.trouble,
        timing=report.timing,
        transcript_file=report.transcript_file,
        terms=header.terms,
        counts={level: _counts(report, level) for level in Level},
        left_out=header.left_out,
        scenes=report.scenes,
        verdicts=tuple(_entry(report, verdict, rules[verdict.rule]) for verdict in report.verdicts),
    )


def _counts(report: Report, level: Level) -> dict[Outcome, int]:
    return {outcome: sum(v.level is level and v.outcome is outcome for v in report.verdicts) for outcome in Outcome}


def _entry(report: Report, verdict: Verdict, rule: Rule) -> VerdictEntry:
    untested = verdict.outcome is Outcome.UNTESTED
    return VerdictEntry(
        rule=verdict.rule,
        level=verdict.level,
        title=rule.title,
        area=rule.area,
        spec=rule.spec,
        outcome=verdict.outcome,
        observations=verdict.observations,
        findings=verdict.findings,
        breaches=verdict.breaches,
        reason=verdict.reason,
        accepted=acceptance(verdict, report.header.terms.accept_untested) if untested else "",
        hint=rule.hint,
    )


def _escaped(match: re.Match[str]) -> str:
    r"""The JSON escape of a character; a lone surrogate, which many readers refuse, becomes the text ``\ud800``."""
    escape = json.dumps(match[0])[1:-1]
    return f"\\{escape}" if "\ud800" <= match[0] <= "\udfff" else escape
