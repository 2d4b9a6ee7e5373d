"""
Runs of the suite against the variants of the reference server, every run a process of its own.

The judge may not import the server: its variants are listed by its command, and a run is what anybody can repeat with
``conform --target embedded --compressed --fault NAME``, or ``--odd NAME``. Where that is possible the processes are
forks of two that have imported everything, for to import takes as long as to run.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Collection, Iterable, Mapping, Sequence
from pathlib import Path

import msgspec

from sse_conform.embedded import COMMAND, EMBEDDED
from sse_conform.errors import ConformError
from sse_conform.exit_code import ExitCode
from sse_conform.fault_matrix import FAULTLESS, JUDGED, Kind, Trial, Variant
from sse_conform.fault_queue import FaultQueue
from sse_conform.suite_processes import Forks, forking, run, run_suite
from sse_conform.verdict import Outcome

#: A compressed run takes some ten seconds, on a busy machine a few times as many.
TRIAL_SECONDS = 180.0
#: The option of a run in a browser.
BROWSER = "--browser"
#: The sub-folder of the run without fault and oddity.
UNNAMED = "faultless"
NOTHING: Mapping[str, Sequence[str]] = {}
#: What starts each kind of variant.
OPTIONS = {Kind.FAULT: "--fault", Kind.ODDITY: "--odd"}


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


class _Fault(msgspec.Struct, frozen=True):
    name: str
    summary: str
    breaks: tuple[str, ...]
    perhaps: tuple[str, ...]


class _Trap(msgspec.Struct, frozen=True):
    number: int
    title: str


class _Oddity(msgspec.Struct, frozen=True):
    name: str
    summary: str
    trap: _Trap
    warns: tuple[str, ...]
    mutes: tuple[str, ...]


def record_of(variant: str, folder: Path) -> Path:
    """The transcript that the trial of a variant left in ``folder``."""
    return folder / (variant or UNNAMED) / "transcript.jsonl"


async def list_variants() -> tuple[Variant, ...]:
    """All variants of the installed reference server, the faultless one first; ConformError where it lists none."""
    faults = msgspec.json.decode(await _listed("--list-faults"), type=tuple[_Fault, ...])
    oddities = msgspec.json.decode(await _listed("--list-odd"), type=tuple[_Oddity, ...])
    return (
        Variant(name=FAULTLESS, summary="The faultless server raises nothing.", kind=Kind.NOTHING),
        *(Variant(name=one.name, summary=one.summary, rules=one.breaks, perhaps=one.perhaps) for one in faults),
        *(
            Variant(
                name=one.name,
                summary=one.summary,
                kind=Kind.ODDITY,
                rules=one.warns,
                perhaps=one.mutes,
                trap=f"{one.trap.number}. {one.trap.title}",
            )
            for one in oddities
        ),
    )


async def _listed(option: str) -> bytes:
    said, error, code = await run([*COMMAND, option, "--format=json"], TRIAL_SECONDS)
    if code:
        raise ConformError(f"the reference server does not list its variants: {error}", hint="reinstall sse-conform")
    return said


async def trials(
    variants: Iterable[Variant],
    *,
    jobs: int,
    folder: Path,
    extra: Mapping[str, Sequence[str]] = NOTHING,
    idle: Collection[str] = (),
) -> AsyncIterator[Trial]:
    """
    Run against every variant, ``jobs`` at a time; yields as they end.

    Each has the sub-folder of ``folder`` of its name, which a repeat writes anew. ``extra`` are options by the names of
    those that need them, ``idle`` the names of those that are known to wait, and run beside the others.
    """
    browsing = {name for name, options in extra.items() if BROWSER in options}
    queue = FaultQueue(variants, heavy=browsing, jobs=jobs, idle=idle)
    running: dict[asyncio.Task[Trial], Variant] = {}
    with forking() as forks:
        try:
            while queue.due or running:
                while one := queue.next(tuple(running.values())):
                    options = extra.get(one.name, ())
                    running[asyncio.create_task(trial(one, folder=folder, extra=options, forks=forks))] = one
                ended, _ = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
                for task in ended:
                    del running[task]
                    yield task.result()
        finally:
            for task in running:
                task.cancel()
            await asyncio.gather(*running, return_exceptions=True)


async def trial(variant: Variant, *, folder: Path, extra: Sequence[str] = (), forks: Forks | None = None) -> Trial:
    """Run the suite against one variant; the record of it goes to a sub-folder of ``folder``."""
    since = time.monotonic()
    arguments = [f"--target={EMBEDDED}", "--compressed", "--quiet", "--format=json", *extra]
    arguments.append(f"--output={record_of(variant.name, folder).parent}")
    if variant.kind in OPTIONS:
        arguments.append(f"{OPTIONS[variant.kind]}={variant.name}")
    said, error, code = await run_suite(arguments, TRIAL_SECONDS, forks=forks)
    try:
        report = msgspec.json.decode(said, type=_Report)
    except msgspec.DecodeError:
        report = _Report(trouble=error or f"no report; exit code {code}")
    return Trial(
        variant=variant.name,
        seconds=round(time.monotonic() - since, 1),
        failed=report.rules(Outcome.FAIL),
        warned=report.rules(Outcome.WARN),
        unjudged=report.rules(Outcome.UNTESTED, Outcome.INCONCLUSIVE, Outcome.ERROR),
        trouble=_trouble(report, error, code),
    )


def _trouble(report: _Report, error: str, code: int) -> str:
    """Why the verdicts of a run do not count; empty where they do."""
    trouble = report.trouble or (error if code else "")
    late = report.rules(Outcome.INCONCLUSIVE, Outcome.ERROR)
    if not trouble and late:
        trouble = f"not conclusive: {', '.join(late)}"
    if not trouble and code not in JUDGED:
        trouble = f"exit code {code}: {ExitCode(code).meaning if code in set(ExitCode) else 'unknown'}"
    return trouble
