"""
How long a run takes against the shortest that it could: judge the embedded server and recompute the bound.

The bound is worked out here, from the lines of the transcript alone, so that a bound computed wrongly in the suite
cannot hide slack. With N attempts outside the limiter's scene, the limit L and window W of the target, and A source
addresses for these attempts (the limiter's scene has one of its own), B = (L - 2) * A attempts fit into a window and

    bound = max(longest chain of waits, (ceil(N / B) - 1) * W, 2 s + W + 1 s)

The run is what the transcript covers; starting and stopping the reference server and Python come on top and are shown.

Run it with the suite installed: `python reports/benchmarks/wall.py [--compressed]`. Exit codes: 0 the run took at most
1.15 times the bound, 1 it took longer or was not complete.
"""

import argparse
import json
import math
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

MOST = 1.15
SECOND = 1e9
RESERVE = 2
BURST, RECOVERY = 2.0, 1.0


def judge(folder: Path, *, compressed: bool) -> float:
    """Run the suite; how long the command took, in seconds."""
    command = [sys.executable, "-m", "sse_conform", "--target", "embedded", "--quiet", "--output", str(folder)]
    started = time.monotonic()
    done = subprocess.run(command + ["--compressed"] * compressed, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"the run ended with {done.returncode}, so its time says nothing\n{done.stdout}{done.stderr}")
    return time.monotonic() - started


def bound(header: dict[str, Any], entries: list[dict[str, Any]]) -> tuple[float, str]:
    """The bound in seconds, and what it is made of."""
    limit, window, limiters = header["terms"]["rate_limit"], header["terms"]["rate_window"], set(header["limiters"])
    waits: Counter[str] = Counter()
    for entry in entries:
        if entry["entry"] == "waited" and entry["scene"] not in limiters:
            waits[entry["scene"]] += entry["until"] - entry["t"]
    attempts = [entry for entry in entries if entry["entry"] == "attempted"]
    ordinary = [attempt for attempt in attempts if attempt["scene"] not in limiters]
    shared = {a["address"] for a in ordinary} & {a["address"] for a in attempts if a["scene"] in limiters}
    if shared:
        sys.exit(f"the limiter's scene shares {', '.join(shared)} with others: the formula does not hold")
    per_window = (limit - RESERVE) * len({attempt["address"] for attempt in ordinary})
    longest = max(waits.values(), default=0) / SECOND
    windows = (math.ceil(len(ordinary) / per_window) - 1) * window
    recovery = BURST + window + RECOVERY if limiters else 0.0
    parts = f"waits {longest:.1f} s, windows {windows:g} s ({len(ordinary)} attempts), limit {recovery:g} s"
    return max(longest, windows, recovery), parts


def main() -> int:
    """Measure, compare, print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--compressed", action="store_true", help="short heartbeat, budget and window")
    compressed = parser.parse_args().compressed
    with tempfile.TemporaryDirectory() as folder:
        command = judge(Path(folder), compressed=compressed)
        lines = (Path(folder) / "transcript.jsonl").read_text(encoding="utf-8").splitlines()
    header, *entries, footer = map(json.loads, lines)
    if footer["interrupted"]:
        sys.exit("the run was interrupted")
    wall = max(entry.get("until", entry["t"]) for entry in entries) / SECOND
    shortest, parts = bound(header, entries)
    print(f"wall {wall:.2f} s (the command {command:.2f} s)")
    print(f"bound {shortest:.2f} s: {parts}")
    print(f"ratio {wall / shortest:.3f} (at most {MOST})")
    return 0 if wall <= MOST * shortest else 1


if __name__ == "__main__":
    sys.exit(main())
