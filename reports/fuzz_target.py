"""
Fuzzes the judge with a target whose answers are cut, repeated, replaced and delayed at random; loopback only, bounded.

    python reports/fuzz_target.py --seconds 300 --seed 7

Each round is one run of the command line against a service that misbehaves. A round that ends with a traceback, an
undocumented code, a secret in its output, green, too late or with too much memory is printed with its seed, and the
script ends with 1.
"""

import argparse
import asyncio
import importlib
import itertools
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from pathlib import Path

ROOT = Path(__file__).parents[1]
#: A round that takes longer hangs; one that needs more floods. Seconds and MiB.
LONGEST_ROUND = 240
MOST_MEMORY = 300
CODES = {1, 3, 4}
PROGRAM = (
    "import atexit, resource, sys\nfrom sse_conform.cli import main\n"
    "def peak(): print('peak', resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024, file=sys.stderr)\n"
    "atexit.register(peak)\nmain()"
)
HOSTILE = (
    b"\r\n\r\n",
    b"\n\n",
    b"\0",
    b"\xff\xfe",
    b"\x1b[2J",
    b"data: " + b"x" * 70_000,
    b"[" * 5000,
    b"9" * 5000,
    b":\n\n" * 3000,
    b"HTTP/1.1 302 X\r\nLocation: /\r\n\r\n",
    b"5\r\nabc",
    b"event: snapshot\ndata: NaN\n\n",
    b"id: \xe2\x80\xa8\n\n",
    b"\\ud800",
)


def load_service():  # noqa: ANN201 - a module of the tests
    """The service of the tests."""
    sys.path.insert(0, str(ROOT))
    return importlib.import_module("conformance.tests.hostile.misbehaving")


def mutated(data: bytes, dice: random.Random) -> bytes:
    """One to three random changes."""
    for _ in range(dice.randint(1, 3)):
        place, width = dice.randrange(len(data) + 1), dice.choice((0, 1, 1, 5, 40))
        match dice.randrange(4):
            case 0:
                data = data[:place] + dice.choice(HOSTILE) + data[place + width :]
            case 1:
                data = data[:place] + data[place + width :]
            case 2:
                data = data[:place] + dice.randbytes(width) + data[place:]
            case _:
                data = data[:place] + data[max(0, place - width) : place] * dice.choice((2, 50)) + data[place:]
    return data


def deviation(route: str, dice: random.Random, service_class: type):  # noqa: ANN201
    """A route that works until some request, and then answers with a mutation of what it would have said."""
    works_until, pause = dice.choice((0, 0, 1, 3)), dice.choice((0, 0, 0.2))
    ending = dice.choice(("close", "reset", "hang"))

    async def deviant(service, request, wire) -> None:  # noqa: ANN001
        if request.number <= works_until or dice.random() < 0.2:
            await getattr(service_class, route)(service, request, wire)
            return
        send = wire.send

        async def worse(data: bytes) -> None:
            await asyncio.sleep(pause)
            await send(mutated(data, dice) if dice.random() < 0.7 else data)

        wire.send = worse
        whole = asyncio.ensure_future(getattr(service_class, route)(service, request, wire))
        try:
            await asyncio.wait({whole}, timeout=dice.choice((0.1, 2)))
        finally:
            whole.cancel()
            await asyncio.gather(whole, return_exceptions=True)
        if ending == "reset":
            wire.reset()
        elif ending == "hang":
            await asyncio.sleep(20)
        wire.writer.close()

    return deviant


def play(seed: int, module) -> str:  # noqa: ANN001
    """One round; what was wrong with it, or nothing."""
    dice = random.Random(seed)
    routes = dice.sample(("signup", "login", "publish", "stream", "stream"), dice.choice((1, 1, 2)))
    deviants = {route: deviation(route, dice, module.Service) for route in routes}
    with module.Service(**deviants) as service, tempfile.TemporaryDirectory() as folder:
        Path(folder, "target.toml").write_text(module.PROFILE)
        command = [sys.executable, "-c", PROGRAM, "--target", service.url, "--profile", "target.toml", "-v"]
        environ = {**os.environ, "PYTHONPATH": f"{ROOT / 'conformance'}:{ROOT / 'scenarios'}"}
        with subprocess.Popen(
            command, cwd=folder, env=environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        ) as running:
            try:
                said, told = running.communicate(timeout=LONGEST_ROUND)
            except subprocess.TimeoutExpired:
                running.send_signal(signal.SIGKILL)
                return f"no end within {LONGEST_ROUND} s"
        output = said + told + "".join(file.read_text() for file in Path(folder, "conform-report").glob("*"))
        return wrong_with(running.returncode, output, told, service)


def wrong_with(code: int, output: str, told: str, service) -> str:  # noqa: ANN001
    """What a round must not leave behind."""
    if "Traceback" in told or "itself failed" in told:
        return (
            "our own trouble: " + "\n".join(line for line in told.splitlines() if "itself failed" in line) + told[-600:]
        )
    if code not in CODES:
        return f"code {code}: {told[-1500:]}"
    if any(secret in output for secret in (*service.tokens, *service.passwords)):
        return "a secret in its output"
    peak = int(told.rpartition("peak ")[2] or 0)
    return f"{peak} MiB of memory" if peak > MOST_MEMORY else ""


def main() -> None:
    """Play rounds until the time is over or so many are played."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=300, help="begin no further round after so long")
    parser.add_argument("--rounds", type=int, help="play so many, however long they take")
    parser.add_argument("--jobs", type=int, default=4, help="rounds at a time; they mostly wait")
    parser.add_argument("--seed", type=int, default=int(time.time()))
    options = parser.parse_args()
    module, ends = load_service(), time.monotonic() + options.seconds
    seeds = iter(
        range(options.seed, options.seed + options.rounds) if options.rounds else itertools.count(options.seed)
    )
    rounds = wrong = 0
    with ThreadPoolExecutor(options.jobs) as pool:
        running = {pool.submit(play, seed, module): seed for seed in itertools.islice(seeds, options.jobs)}
        while running:
            ended, _ = wait(running, return_when=FIRST_COMPLETED)
            for each in ended:
                seed, rounds = running.pop(each), rounds + 1
                if found := each.result():
                    wrong += 1
                    print(f"seed {seed}: {found}", flush=True)
                if options.rounds or time.monotonic() < ends:
                    running |= {pool.submit(play, seed, module): seed for seed in itertools.islice(seeds, 1)}
    print(f"{rounds} rounds, {wrong} of them wrong")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
