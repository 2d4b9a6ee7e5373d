"""
The report for a person at a terminal: what failed and why first, then what was not judged, the passes in a few lines.

Every outcome is a symbol and a word, so that nothing is lost without colour; rich honours NO_COLOR, FORCE_COLOR and
TERM. Whatever a target may have written is escaped: no control character of the wire reaches the terminal. Lines that
somebody may want to copy or search for (ids, addresses, commands, the wire) are never wrapped.
"""

import shlex
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import NamedTuple, TextIO

from rich.console import Console
from rich.text import Text

from sse_conform.entries import SceneOutcome
from sse_conform.places import Evidence
from sse_conform.printable import printable
from sse_conform.report import Report, acceptance
from sse_conform.rule import Rule
from sse_conform.spec import Level
from sse_conform.verdict import Breach, Outcome, Verdict

#: The width of a report that goes to a file or a pipe, in columns.
PLAIN_WIDTH = 120
#: So many breaches of one rule are shown; the JSON report has more.
BREACHES_SHOWN = 3
#: So many lines that lead up to an event are shown, the last ones: they end where the breach is.
EVENT_LINES = 6
#: So many lines of an exchange without such an event are shown, the first ones: request, status, headers.
HEAD_LINES = 12
#: Longer texts are shortened, in characters.
LONGEST = 600
_LABEL = 15


class _Mark(NamedTuple):
    symbol: str
    word: str
    style: str


_MARKS: dict[Outcome, _Mark] = {
    Outcome.PASS: _Mark("✓", "pass", "green"),
    Outcome.FAIL: _Mark("✗", "FAIL", "bold red"),
    Outcome.WARN: _Mark("!", "warn", "yellow"),
    Outcome.UNTESTED: _Mark("○", "untested", "magenta"),
    Outcome.INCONCLUSIVE: _Mark("?", "inconclusive", "cyan"),
    Outcome.ERROR: _Mark("‼", "error", "bold red"),
    Outcome.NOT_APPLICABLE: _Mark("\N{EN DASH}", "n/a", "dim"),
}


def write(report: Report, rules: Mapping[str, Rule], out: TextIO, *, rerun: str = "") -> None:
    """
    Write the report; ``rules`` holds the rule of every verdict by its id.

    ``rerun`` holds further options that the commands for running one rule again need, ready for a shell, for example
    ``--profile target.toml``.
    """
    page = _Page(out)
    command = " ".join(filter(None, ("conform --target", shlex.quote(report.header.target), rerun, "--only")))
    _write_header(page, report)
    for outcome in (Outcome.FAIL, Outcome.WARN):
        for verdict in _having(report, outcome):
            _write_breaches(page, verdict, rules[verdict.rule], command)
    for outcome in (Outcome.UNTESTED, Outcome.INCONCLUSIVE, Outcome.ERROR):
        for verdict in _having(report, outcome):
            _write_reason(page, report, verdict, rules[verdict.rule])
    _write_passes(page, report, rules)
    _write_not_applicable(page, report)
    _write_summary(page, report)


class _Console(Console):
    """A console that says so when nobody reads it any more; rich would end the program with a code of its own."""

    def on_broken_pipe(self) -> None:
        raise BrokenPipeError


class _Page:
    """Lines on a terminal or in a file, all of them rich texts: no markup is ever read out of what is shown."""

    def __init__(self, out: TextIO) -> None:
        width = None if out.isatty() else PLAIN_WIDTH
        self._console = _Console(file=out, width=width)
        self._encoding = self._console.encoding

    def line(self, *pieces: tuple[str, str]) -> None:
        """One line that is never wrapped, of texts with their styles."""
        parts = [(self._fit(text), style) for text, style in pieces]
        self._console.print(Text.assemble(*parts), soft_wrap=True)

    def blank(self) -> None:
        """An empty line."""
        self._console.print()

    def marked(self, outcome: Outcome, *pieces: tuple[str, str]) -> None:
        """A line that begins with the symbol and the word of an outcome."""
        mark = _MARKS[outcome]
        symbol = f"{mark.symbol} " if self._encoding.startswith("utf") else ""
        self.line((f"{symbol}{mark.word}", mark.style), ("  ", ""), *pieces)

    def field(self, label: str, *lines: str) -> None:
        """A labelled value, line by line as it stands."""
        for number, line in enumerate(lines):
            self.line((f"  {label if number == 0 else '':<{_LABEL}}", "bold"), (line, ""))

    def prose(self, label: str, text: str) -> None:
        """A labelled text, wrapped to the width."""
        room = max(20, self._console.width - _LABEL - 2)
        wrapped = Text(self._fit(_shortened(text))).wrap(self._console, room)
        self.field(label, *(line.plain.rstrip() for line in wrapped))

    def _fit(self, text: str) -> str:
        return printable(text).encode(self._encoding, "backslashreplace").decode(self._encoding)


def _shortened(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[:LONGEST]} ... ({len(text)} characters)"


def _having(report: Report, outcome: Outcome) -> list[Verdict]:
    return [verdict for verdict in report.verdicts if verdict.outcome is outcome]


def _seconds(report: Report) -> str:
    return f"{report.timing.wall:.1f} s (lower bound {report.timing.lower_bound:.1f} s)"


def _write_header(page: _Page, report: Report) -> None:
    header = report.header
    suite = f"sse-conform {header.suite}{', strict' if report.strict else ''}"
    about = f"  {suite}, profile {header.name}, started {header.started_at}, took {_seconds(report)}"
    page.line((header.target, "bold"), (about, ""))
    if report.quick:
        page.line((f"  {report.quick}: the others were not looked at, and nothing is said of them", "bold"))


def _write_title(page: _Page, verdict: Verdict, rule: Rule) -> None:
    page.blank()
    page.marked(verdict.outcome, (verdict.rule, "bold"), (f"  {rule.title}", ""))


def _write_breaches(page: _Page, verdict: Verdict, rule: Rule, command: str) -> None:
    _write_title(page, verdict, rule)
    page.field("Clause", *(f"{ref}  {ref.url}".rstrip() for ref in rule.spec))
    shown = verdict.breaches[:BREACHES_SHOWN]
    for breach in shown:
        _write_breach(page, breach)
    unlisted = verdict.findings - len(shown)
    if unlisted > 0:
        page.field("", f"and {unlisted} more, in {verdict.observations} observations")
    if rule.hint:
        page.prose("Likely cause", rule.hint)
    page.field("Only this", f"{command} {shlex.quote(verdict.rule)}")


def _write_breach(page: _Page, breach: Breach) -> None:
    page.prose("Expected", breach.expected)
    page.prose("Received", breach.actual)
    page.field("At", _place(breach.evidence))
    page.field("Wire", *_excerpt(breach.evidence))
    if breach.evidence.picture:
        page.field("Picture", f"{breach.evidence.picture}, beside the transcript")


def _excerpt(evidence: Evidence) -> list[str]:
    wire = evidence.wire.rstrip("\n").split("\n") if evidence.wire else []
    lines = [f"| {_shortened(line)}" if line else "|" for line in wire]
    if evidence.end:
        return lines if len(lines) <= EVENT_LINES else ["...", *lines[-EVENT_LINES:]]
    return lines if len(lines) <= HEAD_LINES else [*lines[:HEAD_LINES], "..."]


def _place(evidence: Evidence) -> str:
    parts = [f"t+{evidence.t / 1e9:.3f} s", f"scene {evidence.scene}"]
    if evidence.conn:
        parts.append(f"connection {evidence.conn}")
    if evidence.end:
        parts.append(f"bytes {evidence.start} to {evidence.end}")
    return ", ".join(parts)


def _write_reason(page: _Page, report: Report, verdict: Verdict, rule: Rule) -> None:
    _write_title(page, verdict, rule)
    page.prose("Why", verdict.reason)
    accepted = _accepted(report, verdict)
    if accepted:
        page.prose("Accepted", accepted)


def _accepted(report: Report, verdict: Verdict) -> str:
    """The owner's reason why this untested rule may stay so."""
    if verdict.outcome is not Outcome.UNTESTED:
        return ""
    return acceptance(verdict, report.header.terms.accept_untested)


def _write_passes(page: _Page, report: Report, rules: Mapping[str, Rule]) -> None:
    passed = Counter(rules[verdict.rule].area for verdict in _having(report, Outcome.PASS))
    if passed:
        page.blank()
    for area, number in sorted(passed.items()):
        page.marked(Outcome.PASS, (f"{area} {number} passed", ""))


def _write_not_applicable(page: _Page, report: Report) -> None:
    reasons = Counter(verdict.reason for verdict in _having(report, Outcome.NOT_APPLICABLE))
    if reasons:
        page.blank()
    for reason, number in reasons.items():
        page.marked(Outcome.NOT_APPLICABLE, (f"{_rules(number)}: {reason}", ""))


def _rules(number: int) -> str:
    return "1 rule" if number == 1 else f"{number} rules"


def _write_summary(page: _Page, report: Report) -> None:
    page.blank()
    page.line(("Summary", "bold"))
    _write_counts(page, report)
    failed = [verdict.rule for verdict in _having(report, Outcome.FAIL)]
    if failed:
        page.field("Failed", *failed)
    if report.quick:
        page.field("Left out", report.quick)
    _write_coverage(page, report)
    timing = report.timing
    page.field("Time", f"{_seconds(report)}, {timing.attempts} attempts on the stream route")
    if report.transcript_file:
        page.field("Transcript", report.transcript_file)
    if report.trouble:
        page.prose("Trouble", " ".join(report.trouble.split()))
    page.prose("Exit code", f"{report.exit_code.value}: {report.exit_code.meaning}")


def _write_counts(page: _Page, report: Report) -> None:
    widths = {outcome: max(len(mark.word), 4) + 2 for outcome, mark in _MARKS.items()}
    heads = [(f"{mark.word:>{widths[outcome]}}", mark.style) for outcome, mark in _MARKS.items()]
    page.line((" " * (_LABEL + 2), ""), *heads)
    for level in Level:
        counts = Counter(verdict.outcome for verdict in report.verdicts if verdict.level is level)
        numbers = "".join(f"{counts[outcome]:>{width}}" for outcome, width in widths.items())
        page.line((f"  {level.value.upper():<{_LABEL}}", "bold"), (numbers, ""))


def _write_coverage(page: _Page, report: Report) -> None:
    counts = report.counts()
    judged = counts[Outcome.PASS] + counts[Outcome.FAIL] + counts[Outcome.WARN]
    unjudged = counts[Outcome.UNTESTED] + counts[Outcome.INCONCLUSIVE] + counts[Outcome.ERROR]
    accepted = sum(bool(_accepted(report, verdict)) for verdict in report.verdicts)
    unfinished = [scene for scene in report.scenes if scene.outcome != SceneOutcome.COMPLETED.value]
    completed = len(report.scenes) - len(unfinished)
    page.field("Executed", f"{completed} of {len(report.scenes)} scenes to their end")
    page.field("", *(f"{scene.id} was {scene.outcome}: {scene.detail}".rstrip(": ") for scene in unfinished))
    repeated = [scene for scene in report.scenes if scene.repeated]
    if repeated:
        page.field("Played again", *(f"{scene.id}: {_shortened(scene.repeated)}" for scene in repeated))
    page.field("Judged", f"{judged} of {_rules(len(report.verdicts))}, {counts[Outcome.NOT_APPLICABLE]} not applicable")
    page.field("Not judged", f"{unjudged}, of which {accepted} accepted" if accepted else str(unjudged))
    page.field("", *_reasons(_having(report, Outcome.UNTESTED)))


def _reasons(verdicts: Iterable[Verdict]) -> list[str]:
    """What kept rules from being judged, the commonest first: for a missing capability, the lines to add."""
    reasons = Counter(part for verdict in verdicts for part in verdict.reason.split("; "))
    return [f"- {reason} ({_rules(number)})" for reason, number in reasons.most_common()]
