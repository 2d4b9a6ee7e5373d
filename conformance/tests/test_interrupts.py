"""Runs that are interrupted: what was recorded until then is judged."""

import asyncio
import json
import subprocess
import sys
from pathlib import Path

import pytest

from sse_conform import entries as e
from sse_conform.exit_code import ExitCode

from .short_scenes import outcome, scene
from .tiny_target import play_on, tiny_target

PREFLIGHT = "preflight"
ROOT = Path(__file__).parents[2]


@pytest.fixture
async def target():
    async with tiny_target() as running:
        yield running


def test_an_interrupted_run_ends_its_scenes_and_judges_what_there_is():
    command = [sys.executable, "-m", "conformance.tests.interrupted_runs", "SIGINT", "SIGTERM"]
    done = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, timeout=50)
    for ended in json.loads(done.stdout):
        assert ended == {
            "exit": ExitCode.INTERRUPTED,
            "scenes": {PREFLIGHT: "completed", "one": "interrupted", "loud": "interrupted"},
            "verdicts": ["untested", "untested"],
            "footer": True,
            "stream": [1, "closed"],
            "waits": 1,
            "handler": True,
        }


async def test_a_run_that_is_cancelled_from_outside_is_an_interrupted_one(target):
    async def play(stage):
        """Alice waits."""
        await stage.subscribe("alice")
        began.set()
        await asyncio.Event().wait()

    began = asyncio.Event()
    running = asyncio.ensure_future(play_on(target, scene("one", play)))
    await began.wait()
    running.cancel()
    result = await running
    assert result.report.exit_code is ExitCode.INTERRUPTED
    assert outcome(result, "one") is e.SceneOutcome.INTERRUPTED
