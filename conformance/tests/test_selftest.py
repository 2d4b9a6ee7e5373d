"""The suite against the reference server as it is and a part of its variants, afresh; which part changes by the day."""

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

#: Of so many parts one is run.
PARTS = 20
#: Set to a number below that to choose it.
PART = "SSE_CONFORM_SELFTEST_PART"
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


def listed(option: str) -> list[dict]:
    command = [sys.executable, "-m", "sse_conform_server", option, "--format", "json"]
    return json.loads(subprocess.run(command, capture_output=True, check=True).stdout)


def part() -> int:
    return int(os.environ.get(PART) or dt.datetime.now(tz=dt.UTC).toordinal()) % PARTS


@functools.cache  # midnight may pass while the tests run
def todays_faults() -> list[str]:
    judged = [fault["name"] for fault in listed("--list-faults") if set(fault["breaks"]) & BY_ID.keys()]
    return judged[part() :: PARTS]


@functools.cache
def todays_oddities() -> list[str]:
    return [oddity["name"] for oddity in listed("--list-odd")][part() :: PARTS]


@pytest.fixture(scope="module")
def proof(tmp_path_factory: pytest.TempPathFactory) -> Proof:
    folder = tmp_path_factory.mktemp("selftest")
    only = [f"--only={name}" for name in (*todays_faults(), *todays_oddities())]
    ended = conform("selftest", *only, f"--jobs={JOBS}", f"--output={folder}", f"--keep={folder / 'runs'}")
    matrix = json.loads((folder / "kill-matrix.json").read_bytes())
    return Proof(code=ended.returncode, said=ended.stdout + ended.stderr, matrix=matrix, runs=folder / "runs")


@functools.cache
def todays_browser_fault() -> str:
    seen = [fault["name"] for fault in listed("--list-faults") if any(_in_browser(rule) for rule in fault["breaks"])]
    return seen[part() % len(seen)]


def _in_browser(rule: str) -> bool:
    return rule in BY_ID and BY_ID[rule].in_browser


def standings(proof: Proof, kind: str) -> dict[str, str]:
    return {row["variant"]["name"]: row["standing"] for row in proof.matrix["rows"] if row["variant"]["kind"] == kind}


def test_each_fault_is_caught_by_exactly_the_rules_that_it_names(proof: Proof):
    assert standings(proof, "fault") == dict.fromkeys(todays_faults(), "caught exactly"), proof.said


def test_no_rule_fails_on_what_is_legal(proof: Proof):
    assert standings(proof, "oddity") == dict.fromkeys(todays_oddities(), "quiet"), proof.said


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


def test_a_fault_that_a_browser_shows_is_caught_over_tls_as_well(tmp_path: Path):
    only = f"--only={todays_browser_fault()}"
    ended = conform("selftest", only, "--odd=http2", f"--jobs={JOBS}", f"--output={tmp_path}")
    rows = json.loads((tmp_path / "kill-matrix.json").read_bytes())["rows"]
    assert [row["standing"] for row in rows] == ["clean", "caught exactly"], ended.stdout + ended.stderr


def test_an_oddity_that_there_is_not_is_a_usage_error(tmp_path: Path):
    ended = conform("selftest", "--odd=http22", f"--output={tmp_path}")
    assert ended.returncode == 2
    assert "did you mean http2?" in ended.stderr
    assert not list(tmp_path.iterdir())


def test_rows_of_other_servers_are_not_resumed(tmp_path: Path):
    ended = conform("selftest", "--odd=http2", "--resume", f"--output={tmp_path}")
    assert ended.returncode == 2
    assert "exclude each other" in ended.stderr


def test_a_pattern_that_names_nothing_is_a_usage_error(tmp_path):
    ended = conform("selftest", "--only=ping-with-di", f"--output={tmp_path}")
    assert ended.returncode == 2
    assert "did you mean" in ended.stderr
    assert "ping-with-id" in ended.stderr
    assert not list(tmp_path.iterdir())


def test_a_proof_is_resumed_where_the_code_is_the_same(proof: Proof, tmp_path: Path):
    (tmp_path / "kill-matrix.json").write_text(json.dumps(proof.matrix))
    ended = conform("selftest", f"--only={todays_faults()[0]}", "--resume", f"--output={tmp_path}")
    assert ended.returncode == 0, ended.stderr
    assert f"{len(proof.matrix['rows'])} rows are kept" in ended.stderr
    assert json.loads((tmp_path / "kill-matrix.json").read_bytes()) == proof.matrix


def test_what_is_resumed_cannot_be_repeated(tmp_path):
    ended = conform("selftest", "--resume", "--repeat=2", f"--output={tmp_path}")
    assert ended.returncode == 2
    assert "exclude each other" in ended.stderr
