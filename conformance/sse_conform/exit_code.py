"""The exit codes of ``conform``: one documented and tested table."""

from enum import IntEnum


class ExitCode(IntEnum):
    """What a run's end tells the shell; where several apply, :data:`PRECEDENCE` decides."""

    CONFORMS = 0
    FAILED = 1
    USAGE = 2
    TARGET = 3
    HARNESS = 4
    BASELINE = 5
    INTERRUPTED = 130

    @property
    def meaning(self) -> str:
        """One sentence for the documentation and the report."""
        return MEANINGS[self]


MEANINGS: dict[ExitCode, str] = {
    ExitCode.CONFORMS: "every applicable, selected MUST rule was judged on at least one observation and passed",
    ExitCode.FAILED: "a MUST rule failed (with --strict, a SHOULD rule too)",
    ExitCode.USAGE: "the command line, the profile or a file given cannot be used",
    ExitCode.TARGET: "the target cannot be reached, or a selected MUST rule is untested and not accepted as such",
    ExitCode.HARNESS: "the suite itself was in trouble, or a verdict is inconclusive",
    ExitCode.BASELINE: "an entry of the baseline is stale or expired",
    ExitCode.INTERRUPTED: "interrupted; the partial report was written",
}

PRECEDENCE: tuple[ExitCode, ...] = (
    ExitCode.USAGE,
    ExitCode.INTERRUPTED,
    ExitCode.FAILED,
    ExitCode.TARGET,
    ExitCode.HARNESS,
    ExitCode.BASELINE,
    ExitCode.CONFORMS,
)


def strongest(codes: set[ExitCode]) -> ExitCode:
    """The code that wins among ``codes``; CONFORMS where there is none."""
    return next((code for code in PRECEDENCE if code in codes), ExitCode.CONFORMS)
