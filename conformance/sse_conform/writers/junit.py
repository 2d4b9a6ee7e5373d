"""
The report as JUnit XML, for the test pages of CI systems: one suite an area, one case a rule.

A consumer of JUnit is red exactly where the exit code is not 0: what was not judged is an error unless its owner
accepted it, and the case ``run.completed`` is an error where the run as a whole proves nothing. All rules share one
recording, so a case has no duration of its own (0); the run's is on the root element. Text from outside is escaped:
XML cannot carry most control characters, and whoever shows the text had better not be sent them.
"""

import xml.etree.ElementTree as ET
from collections.abc import Mapping
from itertools import groupby
from typing import TextIO, assert_never

from sse_conform.exit_code import ExitCode
from sse_conform.places import Evidence
from sse_conform.printable import printable
from sse_conform.report import Report, acceptance
from sse_conform.rule import Rule
from sse_conform.spec import Level
from sse_conform.verdict import Breach, Outcome, Verdict

_NO_DURATION = "0"
_COUNTED = {"failures": "failure", "errors": "error", "skipped": "skipped"}


def write(report: Report, rules: Mapping[str, Rule], out: TextIO) -> None:
    """Write the document; ``rules`` holds the rule of every verdict by its id."""
    root = ET.Element("testsuites", name="sse-conform")
    verdicts = sorted(report.verdicts, key=lambda verdict: rules[verdict.rule].area)
    for area, group in groupby(verdicts, key=lambda verdict: rules[verdict.rule].area):
        _add_suite(root, report, area, [_case(report, verdict, rules[verdict.rule]) for verdict in group])
    _add_suite(root, report, "run", [_run_case(report)])
    _count(root, seconds=report.timing.wall)
    ET.indent(root)
    out.write('<?xml version="1.0" encoding="UTF-8"?>\n')
    out.write(ET.tostring(root, encoding="unicode"))
    out.write("\n")


def _add_suite(root: ET.Element, report: Report, name: str, cases: list[ET.Element]) -> None:
    suite = ET.SubElement(root, "testsuite", name=name)
    properties = ET.SubElement(suite, "properties")
    header = report.header
    for key, value in (("target", header.target), ("suite", header.suite), ("profile", header.name)):
        ET.SubElement(properties, "property", name=key, value=printable(value))
    if report.quick:
        ET.SubElement(properties, "property", name="quick", value=report.quick)
    suite.extend(cases)
    _count(suite, seconds=0)
    suite.set("timestamp", printable(header.started_at))


def _count(parent: ET.Element, *, seconds: float) -> None:
    parent.set("tests", str(sum(1 for _ in parent.iter("testcase"))))
    for attribute, tag in _COUNTED.items():
        parent.set(attribute, str(sum(1 for _ in parent.iter(tag))))
    parent.set("time", f"{seconds:.3f}")


def _run_case(report: Report) -> ET.Element:
    """The case that is red where the exit code is not 0 and no rule accounts for it."""
    element = ET.Element("testcase", classname="run", name="run.completed", time=_NO_DURATION)
    if report.quick:
        ET.SubElement(element, "system-out").text = f"{report.quick}; the others were not looked at"
    if report.trouble:
        _add(element, "error", "the suite was in trouble", *report.trouble.split("\n"))
    elif report.interrupted:
        _add(element, "error", ExitCode.INTERRUPTED.meaning)
    elif report.proves_nothing:
        _add(element, "error", "no rule that binds passed: the run proves nothing")
    return element


def _case(report: Report, verdict: Verdict, rule: Rule) -> ET.Element:
    element = ET.Element("testcase", classname=printable(rule.area), name=printable(rule.id), time=_NO_DURATION)
    binding = report.strict or verdict.level is Level.MUST
    match verdict.outcome:
        case Outcome.PASS:
            pass
        case Outcome.NOT_APPLICABLE:
            _add(element, "skipped", f"not applicable: {verdict.reason}")
        case Outcome.UNTESTED:
            _add_untested(element, verdict, acceptance(verdict, report.header.terms.accept_untested), binding=binding)
        case Outcome.FAIL:
            _add(element, "failure", rule.title, *_details(verdict, rule))
        case Outcome.WARN if report.strict:
            _add(element, "failure", rule.title, *_details(verdict, rule))
        case Outcome.WARN:
            ET.SubElement(element, "system-out").text = _text(f"warning: {rule.title}", *_details(verdict, rule))
        case Outcome.INCONCLUSIVE | Outcome.ERROR:
            _add(element, "error", f"{verdict.outcome.value}: {verdict.reason}")
        case _:
            assert_never(verdict.outcome)
    return element


def _add_untested(element: ET.Element, verdict: Verdict, accepted: str, *, binding: bool) -> None:
    if accepted:
        _add(element, "skipped", f"untested, accepted: {accepted}", verdict.reason)
    elif binding:
        _add(element, "error", f"untested: {verdict.reason}")
    else:
        _add(element, "skipped", f"untested: {verdict.reason}")


def _add(element: ET.Element, tag: str, message: str, *lines: str) -> None:
    child = ET.SubElement(element, tag, message=printable(message))
    if tag != "skipped":
        child.set("type", tag)
    if lines:
        child.text = _text(*lines)


def _text(*lines: str) -> str:
    return "\n".join(map(printable, lines))


def _details(verdict: Verdict, rule: Rule) -> list[str]:
    lines = [f"level: {verdict.level.value.upper()}", *(f"clause: {ref} {ref.url}".rstrip() for ref in rule.spec)]
    for breach in verdict.breaches:
        lines += _breach(breach)
    unlisted = verdict.findings - len(verdict.breaches)
    if unlisted > 0:
        lines.append(f"and {unlisted} more")
    if rule.hint:
        lines.append(f"likely cause: {rule.hint}")
    return lines


def _breach(breach: Breach) -> list[str]:
    wire = breach.evidence.wire
    return [
        f"expected: {breach.expected}",
        f"received: {breach.actual}",
        f"at: {_place(breach.evidence)}",
        *(f"  {line}" if line else "" for line in wire.rstrip("\n").split("\n") if wire),
    ]


def _place(evidence: Evidence) -> str:
    parts = [f"t+{evidence.t / 1e9:.3f} s", f"scene {evidence.scene}"]
    if evidence.conn:
        parts.append(f"connection {evidence.conn}")
    if evidence.end:
        parts.append(f"bytes {evidence.start} to {evidence.end}")
    return ", ".join(parts)
