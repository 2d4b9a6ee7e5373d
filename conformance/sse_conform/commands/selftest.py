"""``conform selftest``: the suite against every fault and every oddity of the reference server."""

import asyncio
import os
import random
import signal
import tempfile
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import click

from sse_conform import __version__
from sse_conform.errors import UsageError
from sse_conform.example_transcripts import write_examples
from sse_conform.exit_code import ExitCode
from sse_conform.fault_matrix import FAULTLESS, Kind, Matrix, Row, Trial, Variant, compare, flips_of, matrix_of, worst
from sse_conform.fault_queue import idlers, longest_first
from sse_conform.fault_runs import BROWSER, list_variants, trials
from sse_conform.fingerprint import fingerprint
from sse_conform.profile_problem import did_you_mean
from sse_conform.rules import BY_ID
from sse_conform.spec import Capability
from sse_conform.writers import kill_matrix

#: Rules that need these are judged only in a run that is asked to.
_OPTIONS = {Capability.BROWSER: BROWSER, Capability.MULTI_INSTANCE: "--instances=2"}
#: A run waits for more than half of its time.
JOBS_A_PROCESSOR = 3


@dataclass(frozen=True, kw_only=True, slots=True)
class SelftestOptions:
    """What the command line asks for."""

    only: tuple[str, ...]
    odd: str
    jobs: int
    resume: bool
    repeat: int
    shuffle: bool
    output: Path
    keep: Path | None
    record: Path | None


@click.command("selftest")
@click.option(
    "--only",
    metavar="GLOB",
    multiple=True,
    help="Try these faults and oddities, or those that name this rule; repeatable.",
)
@click.option("--odd", metavar="NAME", default="", help="Try them on a server that has this oddity besides.")
@click.option(
    "--jobs",
    type=click.IntRange(1, 64),
    default=lambda: JOBS_A_PROCESSOR * (os.cpu_count() or 1),
    show_default=f"{JOBS_A_PROCESSOR} for each processor",
    help="Runs at a time; they wait most of their time.",
)
@click.option("--resume", is_flag=True, help="Keep the rows of --output that are in order and of the same code.")
@click.option("--repeat", type=click.IntRange(1, 1000), default=1, help="Run each so often; verdicts may not differ.")
@click.option("--shuffle", is_flag=True, help="Run in an order of chance.")
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
    Prove the suite: run it against the reference server once for each of its faults and oddities, and once as it is.

    Every fault must be caught by exactly the rules that it names; nothing may fail on an oddity. Exits with 1 where
    that is not so, or where repeats differ.
    """
    matrix = _prove(SelftestOptions(**options))
    click.echo(kill_matrix.summary(matrix))
    ctx.exit(ExitCode.CONFORMS if matrix.proven else ExitCode.FAILED)


def _prove(options: SelftestOptions) -> Matrix:
    if options.resume and options.odd:
        raise UsageError("--resume and --odd exclude each other", hint="the rows that are there are of other servers")
    if options.resume and (options.repeat > 1 or options.record):
        other = "--repeat" if options.repeat > 1 else "--record"
        raise UsageError(f"--resume and {other} exclude each other", hint="rows that are kept have no runs to look at")
    with tempfile.TemporaryDirectory(prefix="sse-conform-") as scratch:
        runs = options.keep or Path(scratch)
        matrix = asyncio.run(_interruptible(_run(options, folder=runs)))
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


async def _run(options: SelftestOptions, *, folder: Path) -> Matrix:
    """
    Every chosen variant, and those that came out otherwise than promised once more, alone.

    Runs side by side delay one another, and a server that is late for want of a processor is not the fault's doing.
    Where runs are repeated on purpose, none of them is excused.
    """
    variants = await list_variants()
    chosen = _choose(variants, options.only)
    proof = _Proof(variants, options.output, jobs=options.jobs)
    if options.resume:
        proof.take_up()
    due = [variant for variant in chosen if variant.name not in proof.rows] * options.repeat
    if options.shuffle:
        random.shuffle(due)
    else:
        due = longest_first(due, proof.former_seconds())
    proof.awaited = len(due)
    extra = _extra(chosen, odd=_oddity(variants, options.odd))
    idle = idlers(proof.former_seconds())
    async for trial in trials(due, jobs=options.jobs, folder=folder, extra=extra, idle=idle):
        proof.add(trial)
    if options.jobs > 1 and options.repeat == 1:
        doubtful = [row.variant for row in proof.rows.values() if not row.standing.fine]
        async for trial in trials(doubtful, jobs=1, folder=folder, extra=extra):
            proof.add(trial, again=True)
    proof.save()
    return proof.matrix


def _oddity(variants: Sequence[Variant], name: str) -> str:
    """The name of an oddity, or none; UsageError where it is not one."""
    known = [variant.name for variant in variants if variant.kind is Kind.ODDITY]
    if name and name not in known:
        raise UsageError(f"--odd {name!r} is no oddity", hint=f"{did_you_mean(name, known)}conform serve --list-odd")
    return name


def _extra(chosen: Sequence[Variant], *, odd: str) -> dict[str, tuple[str, ...]]:
    """
    What a run is asked for besides, by the names of the variants: the oddity, and what their rules need.

    Where there are any, the faultless run is for these rules too.
    """
    beside = {variant.name: (f"--odd={odd}",) for variant in chosen if odd and variant.name != odd}
    options: dict[str, tuple[str, ...]] = {**beside}
    for need, option in _OPTIONS.items():
        seen = {one.name for one in chosen for rule in one.rules if rule in BY_ID and need in BY_ID[rule].needs}
        for name in seen | {FAULTLESS} if seen else seen:
            options[name] = (*options.get(name, ()), option)
    return options


class _Proof:
    """The rows so far: told as they come, and saved, so that an interrupted proof can be resumed."""

    def __init__(self, variants: Sequence[Variant], output: Path, *, jobs: int) -> None:
        self._variants = {variant.name: variant for variant in variants}
        self._output = output
        self._jobs = jobs
        self._trials: list[Trial] = []
        self.awaited = 0
        self.rows: dict[str, Row] = {}

    def former_seconds(self) -> dict[str, float]:
        """How long the run of each variant took in the former proof, of whatever code."""
        former = kill_matrix.load(self._output)
        return {row.variant.name: row.trial.seconds for row in former.rows} if former else {}

    @property
    def matrix(self) -> Matrix:
        """What is known so far, in the order of the server's lists."""
        rows = [self.rows[name] for name in self._variants if name in self.rows]
        return matrix_of(__version__, fingerprint(), rows, BY_ID, flips=flips_of(self._trials))

    def take_up(self) -> None:
        """Keep the rows of a former proof that are in order, where it was one of the same code."""
        former = kill_matrix.load(self._output)
        if former is None or former.fingerprint != fingerprint():
            said = "is of other code" if former else "is not there, or not readable"
            click.echo(f"nothing is resumed: {self._output / kill_matrix.JSON_FILE} {said}", err=True)
            return
        kept = {row.variant.name: row for row in former.rows if row.standing.fine}
        self.rows = {name: row for name, row in kept.items() if self._variants.get(name) == row.variant}
        click.echo(f"{len(self.rows)} rows are kept", err=True)

    def add(self, trial: Trial, *, again: bool = False) -> None:
        """Take a trial: of repeats the worst stands; one that was made again replaces its row."""
        row = compare(self._variants[trial.variant], trial, BY_ID)
        known = self.rows.get(trial.variant)
        self.rows[trial.variant] = row if again or known is None else worst((known, row))
        if not again:
            self._trials.append(trial)
        done = len(self._trials)
        mean = sum(each.seconds for each in self._trials) / done if done else 0.0
        left = mean * (self.awaited - done) / self._jobs
        click.echo(kill_matrix.line(row, count="again" if again else f"{done}/{self.awaited}", left=left), err=True)
        self.save()

    def save(self) -> None:
        """Write what is known so far."""
        kill_matrix.save(self.matrix, self._output)


def _choose(variants: Sequence[Variant], only: Sequence[str]) -> tuple[Variant, ...]:
    """Those that a pattern names, or that name a rule that it names; all without any. The faultless run is first."""
    for pattern in only:
        if not any(_meant(variant, pattern) for variant in variants):
            known = [*(variant.name for variant in variants if variant.name), *BY_ID]
            hint = f"{did_you_mean(pattern, known)}conform serve --list-faults, --list-odd and conform rules list them"
            raise UsageError(f"--only {pattern!r} matches no fault, oddity or rule", hint=hint)
    return tuple(
        variant
        for variant in variants
        if not only or variant.kind is Kind.NOTHING or any(_meant(variant, pattern) for pattern in only)
    )


def _meant(variant: Variant, pattern: str) -> bool:
    named = variant.kind is not Kind.NOTHING and fnmatchcase(variant.name, pattern)
    return named or any(fnmatchcase(rule, pattern) for rule in variant.rules)
