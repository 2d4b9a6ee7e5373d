"""The suite against the faultless reference server and a tenth of its faults, afresh; the tenth changes by the day."""

import datetime as dt
import functools
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

from sse_conform.rules import BY_ID

#: Set to a number from 0 to 9 to choose the tenth.
TENTH = "SSE_CONFORM_TENTH"
JOBS = 3


class Proof(NamedTuple):
    """What a selftest left behind: its exit code, its matrix, the folder of its runs."""

    code: int
    said: str
    matrix: dict
    runs: Path


def conform(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "sse_conform", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@functools.cache  # midnight may pass while the tests run
def todays_faults() -> list[str]:
    listed = subprocess.run(
        [sys.executable, "-m", "sse_conform_server", "--list-faults", "--format", "json"],
        capture_output=True,
        check=True,
    ).stdout
    judged = [fault["name"] for fault in json.loads(listed) if set(fault["breaks"]) & BY_ID.keys()]
    tenth = int(os.environ.get(TENTH) or dt.datetime.now(tz=dt.UTC).toordinal() % 10)
    return judged[tenth::10]


@pytest.fixture(scope="module")
def proof(tmp_path_factory: pytest.TempPathFactory) -> Proof:
    folder = tmp_path_factory.mktemp("selftest")
    only = [f"--only={name}" for name in todays_faults()]
    ended = conform("selftest", *only, f"--jobs={JOBS}", f"--output={folder}", f"--keep={folder / 'runs'}")
    matrix = json.loads((folder / "kill-matrix.json").read_bytes())
    return Proof(code=ended.returncode, said=ended.stdout + ended.stderr, matrix=matrix, runs=folder / "runs")


def test_each_fault_is_caught_by_exactly_the_rules_that_it_names(proof: Proof):
    standings = {row["fault"]: row["standing"] for row in proof.matrix["rows"] if row["fault"]}
    assert set(standings.values()) == {"caught exactly"}, proof.said
    assert set(standings) == set(todays_faults())


def test_the_faultless_server_passes_every_rule(proof: Proof):
    report = json.loads((proof.runs / "faultless" / "report.json").read_bytes())
    named = {rule for row in proof.matrix["rows"] for rule in row["expected"]}
    browsing = any(BY_ID[rule].in_browser for rule in named)
    judged = {rule.id for rule in BY_ID.values() if browsing or not rule.in_browser}
    assert {verdict["rule"] for verdict in report["verdicts"]} == judged
    others = [verdict for verdict in report["verdicts"] if verdict["outcome"] not in {"pass", "not-applicable"}]
    assert others == []
    assert report["exit"]["code"] == 0


def test_a_proven_suite_exits_with_success(proof: Proof):
    assert proof.code == 0, proof.said


def test_a_saved_transcript_is_judged_as_the_run_was(proof: Proof):
    fault = todays_faults()[0]
    for name in ("faultless", fault):
        live = json.loads((proof.runs / name / "report.json").read_bytes())
        again = json.loads(conform("judge", str(proof.runs / name / "transcript.jsonl"), "--format=json", "-q").stdout)
        assert again["verdicts"] == live["verdicts"]


def test_a_pattern_that_names_no_fault_is_a_usage_error(tmp_path):
    ended = conform("selftest", "--only=ping-with-di", f"--output={tmp_path}")
    assert ended.returncode == 2
    assert "did you mean" in ended.stderr
    assert "ping-with-id" in ended.stderr
    assert not list(tmp_path.iterdir())
