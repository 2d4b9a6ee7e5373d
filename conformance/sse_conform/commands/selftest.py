"""``conform selftest``: the suite against every fault of the reference server."""

import asyncio
import signal
import tempfile
from collections.abc import Coroutine, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import click

from sse_conform import __version__
from sse_conform.errors import UsageError
from sse_conform.example_transcripts import write_examples
from sse_conform.exit_code import ExitCode
from sse_conform.fault_matrix import FAULTLESS, FaultInfo, Matrix, Row, compare, matrix_of
from sse_conform.fault_runs import list_faults, trials
from sse_conform.profile_problem import did_you_mean
from sse_conform.rules import BY_ID
from sse_conform.writers import kill_matrix

_FAULTLESS = FaultInfo(name=FAULTLESS, summary="The faultless server raises nothing.", breaks=())


@dataclass(frozen=True, kw_only=True, slots=True)
class SelftestOptions:
    """What the command line asks for."""

    only: tuple[str, ...]
    jobs: int
    output: Path
    keep: Path | None
    record: Path | None


@click.command("selftest")
@click.option("--only", metavar="GLOB", multiple=True, help="Try these faults; repeatable.")
@click.option("--jobs", type=click.IntRange(1, 64), default=2, show_default=True, help="Runs at a time.")
@click.option(
    "--output",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("reports"),
    show_default=True,
    help="Folder for kill-matrix.json and kill-matrix.md.",
)
@click.option("--keep", type=click.Path(file_okay=False, path_type=Path), help="Folder to keep the transcripts in.")
@click.option(
    "--record",
    type=click.Path(file_okay=False, path_type=Path),
    help="Cut for each rule a passing and a failing transcript from the runs, into this folder.",
)
@click.pass_context
def command(ctx: click.Context, /, **options: Any) -> None:  # noqa: ANN401 - click gives them by name
    """
    Prove the suite: run it against the reference server once for each of its faults, and once without any.

    Every fault must be caught by exactly the rules that it names. Exits with 1 where one is not.
    """
    matrix = _prove(SelftestOptions(**options))
    click.echo(kill_matrix.summary(matrix))
    ctx.exit(ExitCode.CONFORMS if matrix.proven else ExitCode.FAILED)


def _prove(options: SelftestOptions) -> Matrix:
    with tempfile.TemporaryDirectory(prefix="sse-conform-") as scratch:
        runs = options.keep or Path(scratch)
        matrix = asyncio.run(_interruptible(_run(options.only, jobs=options.jobs, folder=runs)))
        kill_matrix.save(matrix, options.output)
        if options.record:
            written = len(tuple(write_examples(matrix, runs=runs, into=options.record)))
            click.echo(f"{written} transcripts written to {options.record}", err=True)
    return matrix


async def _interruptible(running: Coroutine[Any, Any, Matrix]) -> Matrix:
    """A termination ends the runs, and with them their servers, as an interrupt does."""
    task = asyncio.ensure_future(running)
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    try:
        return await task
    except asyncio.CancelledError:
        raise click.Abort from None


async def _run(only: Sequence[str], *, jobs: int, folder: Path) -> Matrix:
    """
    Every chosen fault once, and those that came out otherwise than promised once more, alone.

    Runs side by side delay one another, and a server that is late for want of a processor is not the fault's doing.
    """
    chosen = _choose(await list_faults(), only)
    browsing = _browsing(chosen)
    rows: dict[str, Row] = {}
    async for trial in trials(chosen, jobs=jobs, folder=folder, browsing=browsing):
        row = rows[trial.fault] = compare(chosen[trial.fault], trial, BY_ID)
        click.echo(kill_matrix.line(row, count=f"{len(rows)}/{len(chosen)}"), err=True)
    doubtful = [name for name in chosen if not rows[name].standing.fine] if jobs > 1 else []
    async for trial in trials(doubtful, jobs=1, folder=folder, browsing=browsing):
        row = rows[trial.fault] = compare(chosen[trial.fault], trial, BY_ID)
        click.echo(kill_matrix.line(row, count="again"), err=True)
    return matrix_of(__version__, (rows[name] for name in chosen), BY_ID)


def _browsing(chosen: Mapping[str, FaultInfo]) -> frozenset[str]:
    """The faults that rules in a browser notice; where there are any, the faultless run is for these rules too."""
    seen = {name for name, fault in chosen.items() if any(BY_ID[r].in_browser for r in fault.breaks if r in BY_ID)}
    return frozenset(seen | {FAULTLESS} if seen else seen)


def _choose(faults: Sequence[FaultInfo], only: Sequence[str]) -> dict[str, FaultInfo]:
    """The faults that a pattern names, all without any, by their names; the faultless run comes first."""
    names = [fault.name for fault in faults]
    for pattern in only:
        if not any(fnmatchcase(name, pattern) for name in names):
            hint = f"{did_you_mean(pattern, names)}`conform serve --list-faults` lists them all"
            raise UsageError(f"--only {pattern!r} matches no fault", hint=hint)
    chosen = (f for f in faults if not only or any(fnmatchcase(f.name, pattern) for pattern in only))
    return {fault.name: fault for fault in (_FAULTLESS, *chosen)}
