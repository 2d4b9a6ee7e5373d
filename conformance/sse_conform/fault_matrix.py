"""
Which rule notices which fault of the reference server: what was expected, what came of the runs, how they compare.

Pure: the runs are made by :mod:`sse_conform.fault_runs`.
"""

from collections.abc import Collection, Iterable
from enum import StrEnum

import msgspec

from sse_conform.exit_code import ExitCode

#: What stands for the run without a fault, which must raise nothing.
FAULTLESS = ""
#: Only these mean that a run came to its end and that its verdicts count.
JUDGED = frozenset({ExitCode.CONFORMS, ExitCode.FAILED})


class FaultInfo(msgspec.Struct, frozen=True, kw_only=True):
    """One fault as the server lists it: ``breaks`` are the ids of the rules that it must make FAIL or WARN."""

    name: str
    summary: str
    breaks: tuple[str, ...]


class Trial(msgspec.Struct, frozen=True, kw_only=True):
    """
    One run against the server with one fault (``FAULTLESS`` for none).

    ``raised`` are the rules that FAIL or WARN, ``unjudged`` those that are untested, inconclusive or in error.
    ``trouble`` says why the run proves nothing; then nothing is a kill.
    """

    fault: str
    seconds: float
    raised: tuple[str, ...] = ()
    unjudged: tuple[str, ...] = ()
    trouble: str = ""


class Standing(StrEnum):
    """How a trial compares with what its fault promises."""

    CLEAN = "clean"
    CAUGHT = "caught exactly"
    SURVIVOR = "survivor"
    COMPANIONS = "unexpected companions"
    FALSE_ALARM = "false alarm"
    TROUBLE = "trouble"
    NOT_YET_JUDGED = "not yet judged"

    @property
    def fine(self) -> bool:
        """Whether the suite proved itself here, or did not claim to."""
        return self in {Standing.CLEAN, Standing.CAUGHT, Standing.NOT_YET_JUDGED}


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """
    One line of the matrix.

    ``missing`` are rules that should have raised and did not, ``unexpected`` those that raised and should not have.
    ``future`` are rules that the fault names and no version of the suite has yet.
    """

    fault: str
    summary: str
    standing: Standing
    trial: Trial
    expected: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    unexpected: tuple[str, ...] = ()
    future: tuple[str, ...] = ()


class Matrix(msgspec.Struct, frozen=True, kw_only=True):
    """The rows in the order of the server's list, the faultless run first, and the rules that no fault made raise."""

    suite: str
    rows: tuple[Row, ...]
    unbroken: tuple[str, ...]

    @property
    def proven(self) -> bool:
        """Whether every fault was caught by exactly the rules that it names, and nothing else was raised."""
        return all(row.standing.fine for row in self.rows)


def compare(info: FaultInfo, trial: Trial, rules: Collection[str]) -> Row:
    """One row: what the fault promises, as far as ``rules`` are judged, against what came of its trial."""
    expected, raised = set(info.breaks) & set(rules), set(trial.raised)
    missing, unexpected = expected - raised, raised - expected
    return Row(
        fault=info.name,
        summary=info.summary,
        standing=_standing(info, trial, missing=bool(missing), unexpected=bool(unexpected), judged=bool(expected)),
        trial=trial,
        expected=tuple(sorted(expected)),
        missing=tuple(sorted(missing)),
        unexpected=tuple(sorted(unexpected)),
        future=tuple(sorted(set(info.breaks) - set(rules))),
    )


def _standing(info: FaultInfo, trial: Trial, *, missing: bool, unexpected: bool, judged: bool) -> Standing:
    faultless = info.name == FAULTLESS
    if trial.trouble:
        return Standing.TROUBLE
    if missing:
        return Standing.SURVIVOR
    if unexpected:
        return Standing.FALSE_ALARM if faultless else Standing.COMPANIONS
    if faultless:
        return Standing.CLEAN
    return Standing.CAUGHT if judged else Standing.NOT_YET_JUDGED


def matrix_of(suite: str, rows: Iterable[Row], rules: Iterable[str]) -> Matrix:
    """The whole matrix; a rule counts as proven only by a fault that names it."""
    collected = tuple(rows)
    killed = {rule for row in collected if not row.trial.trouble for rule in set(row.expected) & set(row.trial.raised)}
    return Matrix(suite=suite, rows=collected, unbroken=tuple(rule for rule in rules if rule not in killed))
