"""
How long runs take against the shortest that they could, and how much memory: judge the embedded server, each way.

The bound is worked out here, from the lines of the transcript alone, so that a bound computed wrongly in the suite
cannot hide slack. With N attempts outside the limiter's scene, the limit L and window W of the target, and A source
addresses for these attempts, B = (L - 2) * A attempts fit into a window, and

    bound = max(longest chain of waits, (ceil(N / B) - 1) * W, R)   where the limiter has an address of its own,
    bound = max(longest chain of waits, (ceil(N / B) - 1) * W + R)  where it shares one with the others,

with R what the limiter's scene waits: a part of a window, and then the window that it has to see pass. How long its
burst takes is the target's affair. What a stop and a start take comes on top, for nothing else can happen then.

The run is what the transcript covers; the command adds starting and stopping the reference server and Python. Memory is
the most that the suite's own process ever held (VmHWM), its children's not included; in a browser it is the most that
suite, browser and reference server were seen to hold together (PSS, looked at twice a second).

Run it with the suite installed: `python reports/benchmarks/wall.py [--only full] [--only quick] ...`; all take eight
minutes on a machine that does nothing else. Exit codes: 0 every promise holds, 1 one is broken or a run was incomplete.
"""

import argparse
import json
import math
import re
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass
from os import environ
from pathlib import Path
from typing import Any

#: A run takes at most so many times its bound.
MOST = 1.15
#: The suite's process holds at most so much, in MB.
MOST_MEMORY = 200.0
SECOND = 1e9
RESERVE = 2
ONE_ADDRESS = {"CONFORM_SOURCE_ADDRESSES": "127.0.0.1"}
#: The suite, which says at its end how much memory it ever held, in kB.
SUITE = r"""
import atexit, re, sys
from pathlib import Path
from sse_conform.cli import main
status = lambda: Path("/proc/self/status").read_text()
atexit.register(lambda: print(re.search(r"VmHWM:\s+(\d+) kB", status())[1], file=sys.stderr))
main()
"""


@dataclass(frozen=True, kw_only=True)
class Way:
    """
    One way to run the suite: the most seconds of the command, attempts (where promised) and MB that it may take.

    ``whole`` counts the memory of all its processes.
    """

    options: tuple[str, ...] = ()
    environ: dict[str, str]
    seconds: float
    attempts: int | None = None
    memory: float = MOST_MEMORY
    whole: bool = False


WAYS = {
    "full": Way(environ=ONE_ADDRESS, seconds=360, attempts=90),
    "spread": Way(environ={}, seconds=90, attempts=90),
    "quick": Way(options=("--quick",), environ=ONE_ADDRESS, seconds=140, attempts=36),
    "compressed": Way(options=("--compressed",), environ={}, seconds=15, attempts=90),
    "browser": Way(options=("--compressed", "--browser", "chromium"), environ={}, seconds=15, memory=1000, whole=True),
}


class Household(threading.Thread):
    """Looks twice a second how much memory a process and all that came of it hold together; ``most`` is in MB."""

    def __init__(self, root: int) -> None:
        super().__init__(daemon=True)
        self._root = root
        self._over = threading.Event()
        self.most = 0.0

    def run(self) -> None:
        """Look until it is over."""
        while not self._over.wait(0.5):
            self.most = max(self.most, sum(map(held, family(self._root))))

    def end(self) -> float:
        """Look no more; the most that was held."""
        self._over.set()
        self.join()
        return self.most


def family(root: int) -> set[int]:
    """The process and its descendants."""
    parents: dict[int, int] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):  # it ended meanwhile
            parents[int(stat.parent.name)] = int(stat.read_text().rpartition(")")[2].split()[1])
    found, grown = {root}, True
    while grown:
        children = {pid for pid, parent in parents.items() if parent in found} - found
        found, grown = found | children, bool(children)
    return found


def held(pid: int) -> float:
    """MB that a process holds, its share of what it shares with others included (PSS)."""
    with suppress(OSError):  # it ended meanwhile
        told = re.search(r"^Pss:\s+(\d+) kB", Path(f"/proc/{pid}/smaps_rollup").read_text(), re.MULTILINE)
        return int(told[1]) * 1024 / 1e6 if told else 0.0
    return 0.0


def judge(way: Way, folder: Path) -> tuple[float, float]:
    """Run the suite: how long the command took, in seconds, and how much memory it held, in MB."""
    command = [sys.executable, "-c", SUITE, "--target", "embedded", "--quiet", "--output", str(folder), *way.options]
    started, pipe = time.monotonic(), subprocess.PIPE
    with subprocess.Popen(command, env={**environ, **way.environ}, stdout=pipe, stderr=pipe, text=True) as running:
        household = Household(running.pid)
        if way.whole:
            household.start()
        said, complaint = running.communicate()
        seconds = time.monotonic() - started
    if running.returncode:
        sys.exit(f"the run ended with {running.returncode}, so its time says nothing\n{said}{complaint}")
    return seconds, household.end() if way.whole else int(complaint.splitlines()[-1]) * 1024 / 1e6


def bound(header: dict[str, Any], entries: list[dict[str, Any]]) -> tuple[float, str]:
    """The bound in seconds, and what it is made of."""
    limit, window, limiters = header["terms"]["rate_limit"], header["terms"]["rate_window"], set(header["limiters"])
    outages = set(header["outages"])
    waits: Counter[str] = Counter()
    seen: Counter[str] = Counter()
    for entry in sorted((entry for entry in entries if entry["entry"] == "waited"), key=lambda entry: entry["t"]):
        if (scene := entry["scene"]) not in outages:  # waits of one scene that overlap pass at the same time
            waits[scene] += max(0, entry["until"] - max(entry["t"], seen[scene]))
            seen[scene] = max(entry["until"], seen[scene])
    apart = sum(entry["done"] - entry["t"] for entry in entries if entry["entry"] == "commanded") / SECOND
    attempts = [entry for entry in entries if entry["entry"] == "attempted"]
    ordinary = [attempt for attempt in attempts if attempt["scene"] not in limiters]
    addresses = {attempt["address"] for attempt in ordinary}
    shared = bool(addresses & {attempt["address"] for attempt in attempts if attempt["scene"] in limiters})
    recovery = sum(waits.pop(scene, 0) for scene in limiters) / SECOND
    longest = max(waits.values(), default=0) / SECOND
    windows = (math.ceil(len(ordinary) / ((limit - RESERVE) * len(addresses))) - 1) * window
    parts = f"waits {longest:.1f} s, windows {windows:g} s ({len(ordinary)} attempts), limit {recovery:.1f} s"
    parts += f", restart {apart:.1f} s"
    return apart + max(longest, windows + recovery if shared else max(windows, recovery)), parts


def measured(name: str, way: Way) -> bool:
    """Run the suite one way and print what it took; whether it kept every promise."""
    with tempfile.TemporaryDirectory() as folder:
        command, memory = judge(way, Path(folder))
        lines = (Path(folder) / "transcript.jsonl").read_text(encoding="utf-8").splitlines()
    header, *entries, footer = map(json.loads, lines)
    if footer["interrupted"]:
        sys.exit("the run was interrupted")
    if repeated := [entry["scene"] for entry in entries if entry["entry"] == "repeated"]:
        sys.exit(f"the machine is too busy to measure: {', '.join(repeated)} had to be played again")
    wall = max(entry.get("until", entry["t"]) for entry in entries) / SECOND
    attempts = sum(entry["entry"] == "attempted" for entry in entries)
    shortest, parts = bound(header, entries)
    promises = [
        (f"command {command:.1f} s (at most {way.seconds:g})", command <= way.seconds),
        (f"run {wall:.2f} s, {wall / shortest:.3f} times the bound (at most {MOST})", wall <= MOST * shortest),
        (f"memory {memory:.0f} MB (at most {way.memory:g})", memory <= way.memory),
    ]
    if way.attempts is not None:
        promises.append((f"attempts {attempts} (at most {way.attempts})", attempts <= way.attempts))
    print(f"{name}: bound {shortest:.2f} s: {parts}")
    for said, kept in promises:
        print(f"  {'ok' if kept else 'BROKEN':<6}  {said}", flush=True)
    return all(kept for _, kept in promises)


def main() -> int:
    """Measure each way that was named, or all."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--only", action="append", choices=WAYS, help="these ways alone; can be repeated")
    kept = [measured(name, WAYS[name]) for name in parser.parse_args().only or WAYS]
    return 0 if all(kept) else 1


if __name__ == "__main__":
    sys.exit(main())
