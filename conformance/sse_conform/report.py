"""What a run has to say: the verdicts, how they came about, and the exit code they lead to."""

from collections.abc import Iterable
from fnmatch import fnmatchcase

import msgspec

from sse_conform import entries as e
from sse_conform.exit_code import ExitCode, strongest
from sse_conform.schedule import bound_of
from sse_conform.spec import Level
from sse_conform.terms import Accepted
from sse_conform.transcript import Transcript, TranscriptHeader
from sse_conform.verdict import Outcome, Verdict

#: The version of the JSON report; it changes when a consumer would have to.
SCHEMA_VERSION = 1


class SceneSummary(msgspec.Struct, frozen=True, kw_only=True):
    """How one scene ended, the last time where it was played twice; ``repeated`` says why it was."""

    id: str
    outcome: str
    detail: str = ""
    repeated: str = ""


class Timing(msgspec.Struct, frozen=True, kw_only=True):
    """How long the run took against what the contract's waits and the target's limit make necessary, in seconds."""

    wall: float
    lower_bound: float
    attempts: int


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """One run, ready for any writer."""

    header: TranscriptHeader
    verdicts: tuple[Verdict, ...]
    scenes: tuple[SceneSummary, ...]
    timing: Timing
    strict: bool = False
    interrupted: bool = False
    trouble: str = ""
    transcript_file: str = ""
    schema_version: int = SCHEMA_VERSION

    @property
    def exit_code(self) -> ExitCode:
        """The one number for the shell, by the documented precedence."""
        codes = {_code(verdict, self.header.terms.accept_untested, strict=self.strict) for verdict in self.verdicts}
        if self.proves_nothing:
            codes.add(ExitCode.TARGET)
        if self.interrupted:
            codes.add(ExitCode.INTERRUPTED)
        if self.trouble:
            codes.add(ExitCode.HARNESS)
        return strongest(codes)

    @property
    def proves_nothing(self) -> bool:
        """Whether no MUST rule passed; where none was selected, whether no rule was judged at all."""
        binding = [v for v in self.verdicts if v.level is Level.MUST]
        if binding:
            return not any(v.outcome is Outcome.PASS for v in binding)
        return not any(v.outcome in {Outcome.PASS, Outcome.WARN} for v in self.verdicts)

    @property
    def quick(self) -> str:
        """How many of the chosen rules a quick run is about, in words; empty for a full one."""
        rules, left_out = len(self.header.rules), len(self.header.left_out)
        return f"quick: {rules} of {rules + left_out} rules" if self.header.terms.quick else ""

    def counts(self) -> dict[Outcome, int]:
        """How many verdicts have each outcome."""
        return {outcome: sum(v.outcome is outcome for v in self.verdicts) for outcome in Outcome}


def report_of(
    transcript: Transcript, verdicts: Iterable[Verdict], *, strict: bool = False, trouble: str = ""
) -> Report:
    """The report on a transcript, judged like this."""
    instants = [entry.t for entry in transcript.entries] or [0]
    repeated = {entry.scene: entry.reason for entry in transcript.of(e.Repeated)}
    return Report(
        header=transcript.header,
        verdicts=tuple(verdicts),
        scenes=tuple(
            SceneSummary(
                id=ended.scene,
                outcome=ended.outcome.value,
                detail=ended.detail,
                repeated=repeated.get(ended.scene, ""),
            )
            for ended in transcript.outcomes.values()
        ),
        timing=Timing(
            wall=round(max(instants) / 1e9, 3),
            lower_bound=round(bound_of(transcript), 3),
            attempts=len(transcript.every(e.Attempted)),
        ),
        strict=strict,
        interrupted=transcript.footer.interrupted,
        trouble=trouble,
    )


def acceptance(verdict: Verdict, accepted: tuple[Accepted, ...]) -> str:
    """The owner's reason why this rule may stay untested; empty where there is none."""
    return next((a.reason for a in accepted if fnmatchcase(verdict.rule, a.rule)), "")


def _code(verdict: Verdict, accepted: tuple[Accepted, ...], *, strict: bool) -> ExitCode:
    binding = strict or verdict.level is Level.MUST
    match verdict.outcome:
        case Outcome.FAIL:
            return ExitCode.FAILED
        case Outcome.WARN:
            return ExitCode.FAILED if strict else ExitCode.CONFORMS
        case Outcome.UNTESTED if binding and not acceptance(verdict, accepted):
            return ExitCode.TARGET
        case Outcome.INCONCLUSIVE | Outcome.ERROR:
            return ExitCode.HARNESS
        case _:
            return ExitCode.CONFORMS
