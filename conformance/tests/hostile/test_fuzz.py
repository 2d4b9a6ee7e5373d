"""Targets whose answers are cut, repeated, replaced and delayed at random: rounds of the fuzzer, always the same."""

import subprocess
import sys
from pathlib import Path

FUZZER = Path(__file__).parents[3] / "reports" / "fuzz_target.py"
#: Rounds wait more than they work, so all are played at once.
ROUNDS = 16


def test_no_random_deviation_gives_a_traceback_a_hang_a_wrong_code_or_a_secret():
    command = [sys.executable, str(FUZZER), f"--rounds={ROUNDS}", f"--jobs={ROUNDS}", "--seed=1"]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ended.stdout.splitlines()[-1:] == [f"{ROUNDS} rounds, 0 of them wrong"], ended.stdout + ended.stderr
    assert ended.returncode == 0
