"""A sample report with every outcome, and the comparison with the golden outputs in ``reports/golden``."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from sse_conform.places import Evidence
from sse_conform.report import Report, SceneSummary, Timing
from sse_conform.rule import Rule
from sse_conform.spec import Capability, Level, SpecRef, plan, rfc, whatwg
from sse_conform.terms import Accepted, Terms
from sse_conform.transcript import TranscriptHeader
from sse_conform.verdict import Breach, Outcome, Verdict

GOLDEN = Path(__file__).parents[3] / "reports" / "golden"

#: What a hostile target may send: colours, cursor movement, markup, line ends, bidirectional controls, half a pair.
HOSTILE = "\x1b[2J\x9b1mred [bold]markup[/bold] :smile: \r\n✓ pass everything\u202e \ud800 \x00 ]]> <a&b>"


def _rule(name: str, level: Level, title: str, *spec: SpecRef, hint: str = "") -> Rule:
    return Rule(
        id=name,
        level=level,
        title=title,
        why="",
        spec=spec,
        scenes=("idle.long",),
        over=lambda transcript: transcript.streams,
        check=lambda subject, terms: (),
        hint=hint,
    )


RULES = (
    _rule("heartbeat.present", Level.MUST, "An idle stream is never silent for long", plan("Backend Design")),
    _rule(
        "heartbeat.has-data",
        Level.MUST,
        "A heartbeat carries a data line",
        plan("Backend Design"),
        whatwg("9.2.6 Interpreting an event stream", "event-stream-interpretation"),
        hint="the heartbeat is written as 'event: ping' and a blank line; a browser drops events without data",
    ),
    _rule("heartbeat.not-hasty", Level.SHOULD, "Heartbeats do not come in a flood", plan("Backend Design")),
    _rule("stream.content-type", Level.MUST, "The answer is an event stream", whatwg("9.2.5"), rfc(9110, "8.3")),
    _rule("stream.proxy-hint", Level.SHOULD, "Proxies are told not to buffer", SpecRef("Practice", "nginx, X-Accel")),
    _rule("snapshot.fresh", Level.MUST, "A fresh user has nothing unread", plan("Snapshot")),
    _rule("auth.expired", Level.MUST, "An expired token is refused", plan("Security"), rfc(6750, "3.1")),
    _rule("delivery.in-time", Level.MUST, "An event arrives within the budget", plan("Testing")),
    _rule("framing.utf8", Level.MUST, "The stream is UTF-8", whatwg("9.2.5")),
    _rule("polling.cursor", Level.MUST, "The cursor is exclusive", plan("Fallback")),
)

BREACH = Breach(
    expected="a data field",
    actual="event: ping\n\n",
    evidence=Evidence(
        scene="idle.long",
        t=3_214_000_000,
        conn=2,
        start=120,
        end=133,
        wire='event: snapshot\ndata: {"unread": 0, "items": []}\n\n: one\n: two\n: three\nevent: ping\n\n',
    ),
)
HEAD = "> GET /api/stream/notifications\n< 200 OK\n< content-type: text/html\n<\n<!doctype html>"

VERDICTS = (
    Verdict(rule="heartbeat.present", level=Level.MUST, outcome=Outcome.PASS, observations=7),
    Verdict(
        rule="heartbeat.has-data",
        level=Level.MUST,
        outcome=Outcome.FAIL,
        observations=12,
        findings=5,
        breaches=(BREACH,) * 4,
    ),
    Verdict(rule="heartbeat.not-hasty", level=Level.SHOULD, outcome=Outcome.PASS, observations=7),
    Verdict(
        rule="stream.content-type",
        level=Level.MUST,
        outcome=Outcome.FAIL,
        observations=1,
        findings=1,
        breaches=(
            Breach(
                expected="text/event-stream",
                actual=f"text/html {HOSTILE}",
                evidence=Evidence(scene="head", t=12_000_000, conn=1, wire=f"{HEAD}{HOSTILE}"),
            ),
        ),
    ),
    Verdict(
        rule="stream.proxy-hint",
        level=Level.SHOULD,
        outcome=Outcome.WARN,
        observations=3,
        findings=1,
        breaches=(Breach(expected="x-accel-buffering: no", actual="no such header", evidence=BREACH.evidence),),
    ),
    Verdict(
        rule="snapshot.fresh",
        level=Level.MUST,
        outcome=Outcome.UNTESTED,
        reason=f"{Capability.FRESH_USERS.remedy}; {Capability.TRIGGERS.remedy}",
    ),
    Verdict(rule="auth.expired", level=Level.MUST, outcome=Outcome.UNTESTED, reason=Capability.SIGNING_KEY.remedy),
    Verdict(
        rule="delivery.in-time",
        level=Level.MUST,
        outcome=Outcome.INCONCLUSIVE,
        observations=4,
        reason="2 of 4 observations were late while the suite itself was disturbed",
    ),
    Verdict(
        rule="framing.utf8",
        level=Level.MUST,
        outcome=Outcome.ERROR,
        reason="the rule itself failed: ZeroDivisionError: division by zero",
    ),
    Verdict(
        rule="polling.cursor",
        level=Level.MUST,
        outcome=Outcome.NOT_APPLICABLE,
        reason="polling is not declared (declare capabilities.polling = true)",
    ),
)

MakeReport = Callable[..., Report]


@pytest.fixture
def rules() -> dict[str, Rule]:
    return {rule.id: rule for rule in RULES}


REPEATED = "heartbeat.no-silence is inconclusive: 1 of 1 observations were late while the suite itself was disturbed"


@pytest.fixture
def make_report() -> MakeReport:
    """Build a report; by default the one sample with every outcome."""

    def make(verdicts: tuple[Verdict, ...] = VERDICTS, *, target: str = "http://127.0.0.1:8080", **details) -> Report:
        accepted = Accepted(rule="auth.*", reason="the key lies in a module that nobody may read")
        header = TranscriptHeader(
            suite="0.1.0",
            target=target,
            name="sample",
            started_at="2026-01-02T03:04:05+00:00",
            terms=Terms(capabilities=(Capability.REST,), accept_untested=(accepted,)),
            rules=tuple(verdict.rule for verdict in verdicts),
            scenes=("head", "idle.long", "burst"),
        )
        scenes = (
            SceneSummary(id="head", outcome="completed"),
            SceneSummary(id="idle.long", outcome="completed", repeated=REPEATED),
            SceneSummary(id="burst", outcome="limited", detail="429 after 18 attempts"),
        )
        timing = Timing(wall=81.42, lower_bound=80.5, attempts=36)
        return Report(
            header=header,
            verdicts=verdicts,
            scenes=scenes,
            timing=timing,
            transcript_file="conform-report/transcript.jsonl",
            **details,
        )

    return make


@pytest.fixture
def report(make_report: MakeReport) -> Report:
    return make_report()


@pytest.fixture
def golden() -> Callable[[str, str], None]:
    """Compare a text with a golden file; with REFRESH_GOLDEN set, write the file first."""

    def compare(name: str, text: str) -> None:
        path = GOLDEN / name
        if os.environ.get("REFRESH_GOLDEN"):
            path.write_text(text, encoding="utf-8")
        assert text == path.read_text(encoding="utf-8"), f"{name} differs; see reports/golden/README.md"

    return compare
