"""Every rule has a recorded transcript on which it passes and one on which it does not, and rests on both."""

import json
import subprocess
import sys
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest

from sse_conform import entries as e
from sse_conform import transcript_file
from sse_conform.example_transcripts import VERDICTS, verdicts
from sse_conform.rule import Rule
from sse_conform.rules import ALL, BY_ID
from sse_conform.spec import Capability, Level
from sse_conform.terms import Terms
from sse_conform.transcript import Transcript, TranscriptFooter, TranscriptHeader
from sse_conform.verdict import Outcome, judge

FOLDER = Path(__file__).parents[3] / "fixtures" / "transcripts"
#: One event with a text of 64 KiB, as a slow reader gets it, takes some 110 KB here.
LARGEST = 120_000
#: What never came is not explained by so much lag (ns), however short the wait was.
ALLOWANCE = 2_000_000_000

each_rule = pytest.mark.parametrize("rule", ALL, ids=lambda rule: rule.id)


@cache
def passing(rule_id: str) -> Transcript:
    return transcript_file.read(FOLDER / rule_id / "pass.jsonl")


@cache
def failing(rule_id: str) -> Transcript:
    return transcript_file.read(FOLDER / rule_id / "fail.jsonl")


@cache
def faults() -> dict[str, list[str]]:
    command = [sys.executable, "-m", "sse_conform_server", "--list-faults", "--format", "json"]
    listed = subprocess.run(command, check=True, capture_output=True).stdout
    return {fault["name"]: fault["breaks"] for fault in json.loads(listed)}


def breach(rule: Rule) -> Outcome:
    return Outcome.FAIL if rule.level is Level.MUST else Outcome.WARN


def without(transcript: Transcript, scene: str) -> Transcript:
    """The record of a run in which that scene was not played."""
    conns = {entry.conn for entry in transcript.of(e.Attempted) if entry.scene == scene}
    kept = tuple(
        entry
        for entry in transcript.entries
        if getattr(entry, "scene", None) != scene and (getattr(entry, "conn", 0) or None) not in conns
    )
    return Transcript(transcript.header, kept, transcript.footer)


def empty() -> Transcript:
    header = TranscriptHeader(
        suite="0.1.0",
        target="http://127.0.0.1",
        name="empty",
        started_at="2026-01-02T03:04:05+00:00",
        terms=Terms(capabilities=tuple(Capability)),
        rules=tuple(BY_ID),
        scenes=(),
    )
    return Transcript(header, (), TranscriptFooter(entries=0))


@each_rule
def test_it_passes_on_its_passing_transcript(rule: Rule):
    verdict = judge(rule, passing(rule.id))
    assert (verdict.outcome, verdict.observations > 0) == (Outcome.PASS, True), verdict.reason


@each_rule
def test_it_is_breached_on_its_failing_transcript(rule: Rule):
    assert judge(rule, failing(rule.id)).outcome is breach(rule)


@each_rule
def test_what_it_says_of_its_transcripts_is_written_beside_them(rule: Rule):
    """Numbers, words and places: what is written is read when it changes, and no rule says something else unseen."""
    written = (FOLDER / rule.id / VERDICTS).read_bytes()
    assert verdicts(rule, FOLDER / rule.id).decode() == written.decode(), (
        "if that is right: python -m sse_conform.example_transcripts fixtures/transcripts"
    )


@each_rule
def test_a_finding_that_names_a_stretch_is_of_a_timed_rule(rule: Rule):
    """Only there the judge sets aside what its own lag explains, and only where no more than that is too much."""
    recorded = failing(rule.id)
    for finding in (finding for subject in rule.over(recorded) for finding in rule.check(subject, recorded.terms)):
        assert (finding.since is None) == (finding.until is None)
        if finding.since is not None and finding.until is not None:
            assert rule.timed
            assert 0 <= finding.excess <= max(finding.until - finding.since, ALLOWANCE)


@each_rule
def test_its_failing_transcript_names_a_fault_that_breaks_it(rule: Rule):
    fault = failing(rule.id).header.name.removeprefix("reference with fault ")
    assert rule.id in faults()[fault]


@each_rule
def test_without_one_of_its_scenes_it_is_untested(rule: Rule):
    for scene in rule.scenes:
        verdict = judge(rule, without(passing(rule.id), scene))
        assert (verdict.outcome, scene in verdict.reason) == (Outcome.UNTESTED, True)


@each_rule
def test_it_is_untested_on_an_empty_transcript(rule: Rule):
    assert judge(rule, empty()).outcome is Outcome.UNTESTED


@each_rule
def test_it_is_untested_where_its_scenes_came_to_nothing(rule: Rule):
    ended = tuple(e.SceneEnded(t=1, scene=scene, outcome=e.SceneOutcome.COMPLETED) for scene in rule.scenes)
    verdict = judge(rule, Transcript(empty().header, ended, TranscriptFooter(entries=len(ended))))
    assert (verdict.outcome, verdict.observations) == (Outcome.UNTESTED, 0)


@each_rule
def test_a_check_that_finds_nothing_would_be_noticed(rule: Rule):
    blind = replace(rule, check=lambda _subject, _terms: ())
    assert judge(blind, failing(rule.id)).outcome is not breach(rule)


@each_rule
def test_a_check_that_finds_fault_with_everything_would_be_noticed(rule: Rule):
    def finds(subject, _terms):
        raise AssertionError(subject)

    assert judge(replace(rule, check=finds), passing(rule.id)).outcome is Outcome.ERROR


@each_rule
def test_a_selector_that_yields_nothing_would_be_noticed(rule: Rule):
    idle = replace(rule, over=lambda _transcript: ())
    assert judge(idle, passing(rule.id)).outcome is Outcome.UNTESTED
    assert judge(idle, failing(rule.id)).outcome is not breach(rule)


def test_there_are_transcripts_of_rules_alone():
    assert {folder.name for folder in FOLDER.iterdir() if folder.is_dir()} == set(BY_ID)


@pytest.mark.parametrize("file", sorted(FOLDER.glob("*/*.jsonl")), ids=lambda file: f"{file.parent.name}-{file.stem}")
def test_a_transcript_is_small_enough_to_read(file: Path):
    assert file.stat().st_size < LARGEST
