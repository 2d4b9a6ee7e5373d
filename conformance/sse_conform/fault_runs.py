"""
Runs of the suite against the reference server with one fault each, every run a process of its own.

The judge may not import the server: faults are listed by its command, and a run is what anybody can repeat with
``conform --target embedded --compressed --fault NAME``.
"""

import asyncio
import os
import sys
import time
from collections.abc import AsyncIterator, Collection, Iterable
from pathlib import Path

import msgspec

from sse_conform.embedded import CHOOSABLE, COMMAND, EMBEDDED
from sse_conform.errors import ConformError
from sse_conform.exit_code import ExitCode
from sse_conform.fault_matrix import FAULTLESS, JUDGED, FaultInfo, Trial
from sse_conform.profile_layers import PREFIX
from sse_conform.verdict import Outcome

#: A compressed run takes some ten seconds, on a busy machine a few times as many.
TRIAL_SECONDS = 180.0
#: An interrupted run stops its server and writes what it has.
INTERRUPT_SECONDS = 20.0
#: Events of the burst scene; the faults drop beyond 20, and more only make a hundred runs longer.
BURST = 60
#: How the command line begins an error.
PREAMBLE = "conform: error: "
#: The sub-folder of the run without a fault.
UNNAMED = "faultless"


class _Verdict(msgspec.Struct, frozen=True):
    rule: str
    outcome: Outcome


class _Report(msgspec.Struct, frozen=True):
    """What a trial needs of the JSON report."""

    verdicts: tuple[_Verdict, ...] = ()
    trouble: str = ""

    def rules(self, *outcomes: Outcome) -> tuple[str, ...]:
        """The rules with one of these outcomes."""
        return tuple(verdict.rule for verdict in self.verdicts if verdict.outcome in outcomes)


def record_of(fault: str, folder: Path) -> Path:
    """The transcript that the trial of a fault left in ``folder``."""
    return folder / (fault or UNNAMED) / "transcript.jsonl"


async def list_faults() -> tuple[FaultInfo, ...]:
    """All faults of the installed reference server; ConformError where it cannot list them."""
    said, error, code = await _run([*COMMAND, "--list-faults", "--format=json"], TRIAL_SECONDS)
    if code:
        raise ConformError(f"the reference server lists no faults: {error}", hint="reinstall sse-conform")
    return msgspec.json.decode(said, type=tuple[FaultInfo, ...])


async def trials(
    faults: Iterable[str], *, jobs: int, folder: Path, browsing: Collection[str] = ()
) -> AsyncIterator[Trial]:
    """
    Run every fault, ``jobs`` at a time, each in a sub-folder of ``folder`` of its name; yields as they end.

    Those that ``browsing`` names are judged in a browser too.
    """
    room = asyncio.Semaphore(jobs)

    async def one(fault: str) -> Trial:
        async with room:
            return await trial(fault, folder=folder, browser=fault in browsing)

    running = [asyncio.ensure_future(one(fault)) for fault in faults]
    try:
        for ended in asyncio.as_completed(running):
            yield await ended
    finally:
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)


async def trial(fault: str, *, folder: Path, browser: bool = False) -> Trial:
    """Run the suite against the server with one fault; the record of it goes to a sub-folder of ``folder``."""
    since = time.monotonic()
    command = [sys.executable, "-m", "sse_conform", f"--target={EMBEDDED}", "--compressed", "--quiet", "--format=json"]
    if fault != FAULTLESS:
        command.append(f"--fault={fault}")
    if browser:
        command.append("--browser")
    said, error, code = await _run([*command, f"--output={record_of(fault, folder).parent}"], TRIAL_SECONDS)
    try:
        report = msgspec.json.decode(said, type=_Report)
    except msgspec.DecodeError:
        report = _Report(trouble=error or f"no report; exit code {code}")
    late = report.rules(Outcome.INCONCLUSIVE, Outcome.ERROR)
    trouble = report.trouble or (error if code else "")
    if not trouble and late:
        trouble = f"not conclusive: {', '.join(late)}"
    if not trouble and code not in JUDGED:
        trouble = f"exit code {code}: {ExitCode(code).meaning if code in set(ExitCode) else 'unknown'}"
    return Trial(
        fault=fault,
        seconds=round(time.monotonic() - since, 1),
        raised=report.rules(Outcome.FAIL, Outcome.WARN),
        unjudged=report.rules(Outcome.UNTESTED, Outcome.INCONCLUSIVE, Outcome.ERROR),
        trouble=trouble,
    )


async def _run(command: list[str], seconds: float) -> tuple[bytes, str, int]:
    """Standard output, the complaint on standard error, and the exit code of a command; an overdue one is stopped."""
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(*command, stdout=pipe, stderr=pipe, env=_environ())
    try:
        async with asyncio.timeout(seconds):
            said, error = await process.communicate()
    except BaseException as cut:
        await _stop(process)
        if isinstance(cut, TimeoutError):
            return b"", f"it was not over after {seconds:.0f} s", ExitCode.HARNESS
        raise
    return said, _complaint(error.decode("utf-8", "replace")), process.returncode or 0


def _complaint(error: str) -> str:
    """What a command said went wrong, in one line: its own error, else its last words."""
    lines = [line.strip() for line in error.splitlines() if line.strip()]
    own = [line.removeprefix(PREAMBLE) for line in lines if line.startswith(PREAMBLE)]
    return own[0] if own else lines[-1] if lines else ""


async def _stop(process: asyncio.subprocess.Process) -> None:
    """Interrupt a run, so that it stops its server; kill it where it does not listen."""
    if process.returncode is None:
        process.terminate()
        try:
            async with asyncio.timeout(INTERRUPT_SECONDS):
                await process.communicate()
        except TimeoutError:
            process.kill()
            await process.wait()


def _environ() -> dict[str, str]:
    """Our environment without settings of other targets."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
    return {**kept, CHOOSABLE["numbers.burst"]: str(BURST)}
