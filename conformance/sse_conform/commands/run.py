"""The main job: read the profile, plan, run, report."""

import asyncio
import os
import shlex
import sys
from contextlib import nullcontext
from dataclasses import dataclass, replace
from pathlib import Path

import msgspec

from sse_conform import transcript_file
from sse_conform.commands.output import OutputOptions, emit, prepared, save, save_evidence
from sse_conform.commands.plan_text import write_plan
from sse_conform.embedded import EMBEDDED, Embedded
from sse_conform.errors import ConformError, UsageError
from sse_conform.exit_code import ExitCode, strongest
from sse_conform.lazy_group import complain
from sse_conform.profile_file import LoadedProfile, load_profile
from sse_conform.report import Report
from sse_conform.rule import Rule
from sse_conform.rules import ALL
from sse_conform.run import RunResult, run
from sse_conform.run_events import Listener, RunEvent
from sse_conform.schedule import Plan
from sse_conform.selection import check_accepted, plan_of, select, without_browser
from sse_conform.verdict import Outcome
from sse_conform.writers.progress import follow


@dataclass(frozen=True, kw_only=True, slots=True)
class RunOptions(OutputOptions):
    """What the command line asks for."""

    target: str | None = None
    profile: Path | None = None
    only: tuple[str, ...] = ()
    skip: tuple[str, ...] = ()
    output: Path = Path("conform-report")
    dry_run: bool = False
    compressed: bool = False
    faults: tuple[str, ...] = ()
    browser: str | None = None
    oddities: tuple[str, ...] = ()
    quick: bool | None = None
    instances: int = 1

    @property
    def embedded(self) -> bool:
        """Whether the reference server is the target."""
        return (self.target or os.environ.get("CONFORM_TARGET")) == EMBEDDED

    @property
    def rerun(self) -> str:
        """The options that a command for one rule again needs beside its target."""
        profile = ["--profile", shlex.quote(str(self.profile))] if self.profile else []
        compressed = ["--compressed"] if self.compressed else []
        browser = [f"--browser {self.browser}"] if self.browser else []
        instances = [f"--instances {self.instances}"] if self.instances > 1 else []
        varied = [*(f"--odd {name}" for name in self.oddities), *(f"--fault {name}" for name in self.faults)]
        return " ".join([*profile, *compressed, *browser, *instances, *varied])


def execute(options: RunOptions) -> int:
    """Judge the target; gives the exit code."""
    rules = select(ALL, only=options.only, skip=options.skip)
    if options.compressed and not options.embedded:
        hint = "for other targets set [numbers] in the profile to what they promise"
        raise UsageError("--compressed goes with --target embedded", hint=hint)
    if options.faults and not options.embedded:
        raise UsageError("--fault goes with --target embedded", hint="only the reference server can be broken by name")
    if options.oddities and not options.embedded:
        raise UsageError("--odd goes with --target embedded", hint="only the reference server has oddities by name")
    if options.instances > 1 and not options.embedded:
        raise UsageError(
            "--instances goes with --target embedded", hint="name another one in the profile: other_instance"
        )
    server = _server(options) if options.embedded else None
    if options.dry_run:
        if server is not None:
            server.demand_known()
        # What an oddity promises only the running server tells.
        with server if server is not None and options.oddities else nullcontext():
            loaded = _load(options, server)
        target = EMBEDDED if options.embedded else loaded.profile.url
        write_plan(_plan(loaded, rules), loaded.profile, target=target, form=options.form, out=sys.stdout)
        return ExitCode.CONFORMS
    with prepared(options, options.output), server or nullcontext():
        loaded = _load(options, server)
        plan = _plan(loaded, rules)
        with nullcontext(_silent) if options.quiet else follow(sys.stderr) as listener:
            result, trouble = _run(loaded, plan, listener, strict=options.strict)
    report, lost = _keep(result, options)
    # Where nothing was judged the trouble says it all: no list of rules that nobody could judge.
    lost += emit(report, plan.rules, options, rerun=options.rerun, brief=trouble is not None and not _judged(report))
    codes = {report.exit_code}
    for each in (trouble, *lost):
        if each is not None:
            codes.add(complain(str(each), each.exit_code, trouble=each if options.verbose else None))
    return strongest(codes)


def _server(options: RunOptions) -> Embedded:
    return Embedded(
        compressed=options.compressed, faults=options.faults, oddities=options.oddities, instances=options.instances
    )


def _judged(report: Report) -> bool:
    return any(verdict.outcome in {Outcome.PASS, Outcome.FAIL, Outcome.WARN} for verdict in report.verdicts)


def _load(options: RunOptions, server: Embedded | None) -> LoadedProfile:
    chosen: dict[str, object] = {"browser.engine": options.browser} if options.browser else {}
    if options.quick is not None:
        chosen["quick"] = options.quick
    if server is None:
        overrides = {**({"url": options.target} if options.target else {}), **chosen}
        return load_profile(file=options.profile, overrides=overrides, environ=os.environ)
    environ = {name: value for name, value in os.environ.items() if name not in {"CONFORM_TARGET", "CONFORM_PROFILE"}}
    file = options.profile or server.profile_file()
    environ |= server.secrets
    return replace(load_profile(file=file, overrides={**server.overrides, **chosen}, environ=environ), operator=server)


def _plan(loaded: LoadedProfile, rules: tuple[Rule, ...]) -> Plan:
    """The plan for the chosen rules, those in a browser only where one was asked for."""
    profile = loaded.profile
    check_accepted(ALL, profile.accept_untested)
    return plan_of(profile, rules if profile.browser.engine else without_browser(rules))


def _run(
    loaded: LoadedProfile, plan: Plan, listener: Listener, *, strict: bool
) -> tuple[RunResult, ConformError | None]:
    """The result, and the trouble that cut the run short; trouble before anything was recorded is raised."""
    try:
        return asyncio.run(run(loaded, plan, listener=listener, strict=strict)), None
    except ConformError as trouble:
        if not isinstance(trouble.result, RunResult):
            raise
        return trouble.result, trouble


def _keep(result: RunResult, options: RunOptions) -> tuple[Report, list[ConformError]]:
    """
    Save transcript and report; the report knows where its transcript is, and the name by which it was asked for.

    Also what could not be saved: the verdicts of a long run are shown all the same.
    """
    lost: list[ConformError] = []
    file = options.output / "transcript.jsonl"
    try:
        transcript_file.write(result.transcript, file)
    except ConformError as trouble:
        lost.append(trouble)
    report = result.report if lost else msgspec.structs.replace(result.report, transcript_file=str(file))
    if options.embedded:
        report = msgspec.structs.replace(report, header=msgspec.structs.replace(report.header, target=EMBEDDED))
    lost += save(report, {rule.id: rule for rule in ALL}, "json", options.output / "report.json")
    return report, [*lost, *save_evidence(report, result.pictures, result.traces, options.output)]


def _silent(event: RunEvent, /) -> None:
    """Nobody follows the run."""
