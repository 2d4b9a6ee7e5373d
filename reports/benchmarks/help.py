"""
How long `conform --help` takes: the median of 20 runs must be at most 0.15 s.

Run it with the suite installed: `python reports/benchmarks/help.py`. Exit codes: 0 it is quick enough, 1 it is not.
"""

import statistics
import subprocess
import sys
import time
from pathlib import Path

RUNS = 20
MOST = 0.15


def seconds() -> float:
    """One run of the command beside this Python."""
    started = time.monotonic()
    subprocess.run([Path(sys.executable).with_name("conform"), "--help"], check=True, stdout=subprocess.DEVNULL)
    return time.monotonic() - started


def main() -> int:
    """Measure, compare, print."""
    runs = [seconds() for _ in range(RUNS)]
    median = statistics.median(runs)
    print(f"median {median:.3f} s of {RUNS} runs ({min(runs):.3f} to {max(runs):.3f}), at most {MOST} s")
    return 0 if median <= MOST else 1


if __name__ == "__main__":
    sys.exit(main())
