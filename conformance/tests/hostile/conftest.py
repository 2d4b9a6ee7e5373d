"""Runs of the real command line against a service that misbehaves, in this process, and what every one must keep."""

import os
import re
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import msgspec
import pytest
from click.testing import CliRunner

from sse_conform import transcript_file
from sse_conform.cli import main
from sse_conform.exit_code import ExitCode
from sse_conform.rules import ALL
from sse_conform.selection import find
from sse_conform.transcript import Transcript
from sse_conform.verdict import judge_all

from . import misbehaving as service

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


@pytest.fixture(scope="session")
def misbehaving() -> ModuleType:
    return service


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What one run left behind."""

    code: int
    stdout: str
    stderr: str
    transcript: Transcript
    folder: Path

    @property
    def outcomes(self) -> dict[str, str]:
        return {each.rule: each.outcome.value for each in self._verdicts}

    @property
    def _verdicts(self):
        return judge_all([find(ALL, rule) for rule in self.transcript.header.rules], self.transcript)

    def demand_order(self, service) -> None:
        """No traceback, no control character, no secret; the record is whole and gives the same verdicts again."""
        said = self.stdout + self.stderr
        files = [file.read_text() for file in self.folder.iterdir()]
        assert "Traceback" not in said
        assert not _CONTROL.search(said)
        report = msgspec.json.decode((self.folder / "report.json").read_bytes())
        assert {verdict["rule"]: verdict["outcome"] for verdict in report["verdicts"]} == self.outcomes
        octets = b"".join(stream.body for stream in self.transcript.streams)
        for secret in (*service.tokens, *service.passwords, *(token.rpartition(".")[2] for token in service.tokens)):
            for text in (said, *files):
                assert secret not in text
            assert secret.encode() not in octets


@pytest.fixture
def conform(misbehaving, tmp_path, monkeypatch):
    """Judges a service; ``demand_order`` is asked of every run."""
    for name in [name for name in os.environ if name.startswith("CONFORM_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)

    def run(service, *args: str, profile: str | None = None) -> Outcome:
        (tmp_path / "target.toml").write_text(profile or misbehaving.PROFILE)
        command = ["--target", service.url, "--profile", "target.toml", "--output", "out", *args]
        result = CliRunner().invoke(main, command)
        assert (tmp_path / "out" / "report.json").exists(), result.output
        outcome = Outcome(
            code=result.exit_code,
            stdout=result.stdout,
            stderr=result.stderr,
            transcript=transcript_file.read(tmp_path / "out" / "transcript.jsonl"),
            folder=tmp_path / "out",
        )
        outcome.demand_order(service)
        assert outcome.code in set(ExitCode)
        return outcome

    return run
