"""A machine that stands still, as a suspended container does: suite and target with it."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import msgspec

#: After so long the stream that is watched for 7 s is open; nothing tells, from outside, when exactly. In seconds.
UNTIL_OPEN = 1.5
#: Longer than the silence that compressed heartbeats allow, in seconds.
STANDSTILL = 4.0


def children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def test_what_was_late_because_the_machine_stood_still_is_played_again_and_conforms(tmp_path):
    rules = ["--only", "heartbeat.no-silence"]
    command = [sys.executable, "-m", "sse_conform", "--target", "embedded", "--compressed", "--output", str(tmp_path)]
    with subprocess.Popen([*command, *rules], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as suite:
        assert suite.stderr is not None
        said = [line for line in iter(suite.stderr.readline, "scene preflight completed\n") if line]
        processes = [suite.pid, *children(suite.pid)]
        assert len(processes) == 2
        for number, seconds in ((0, UNTIL_OPEN), (signal.SIGSTOP, STANDSTILL), (signal.SIGCONT, 0)):
            for process in processes:
                os.kill(process, number)
            time.sleep(seconds)
        said += suite.stderr.readlines()
        assert suite.wait(60) == 0, "".join(said)
    report = msgspec.json.decode((tmp_path / "report.json").read_bytes())
    repeated = {scene["id"]: scene["repeated"] for scene in report["scenes"] if scene["repeated"]}
    assert "heartbeat.no-silence is inconclusive" in repeated["idle.stream"]
    assert any("scene idle.stream is played again" in line for line in said)
    assert {verdict["outcome"] for verdict in report["verdicts"]} == {"pass"}
    command = [sys.executable, "-m", "sse_conform", "judge", str(tmp_path / "transcript.jsonl"), "--quiet"]
    assert subprocess.run(command, check=False, capture_output=True, timeout=60).returncode == 0
