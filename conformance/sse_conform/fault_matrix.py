"""
Which rule notices which variant of the reference server: what was expected, what came of the runs, how they compare.

Pure: the runs are made by :mod:`sse_conform.fault_runs`.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from enum import StrEnum

import msgspec

from sse_conform.exit_code import ExitCode

#: The name of the server without fault and oddity, on which nothing may be raised.
FAULTLESS = ""
#: Only these mean that a run came to its end and that its verdicts count.
JUDGED = frozenset({ExitCode.CONFORMS, ExitCode.FAILED})


class Kind(StrEnum):
    """What is unusual about a server."""

    NOTHING = "faultless"
    FAULT = "fault"
    ODDITY = "oddity"


class Variant(msgspec.Struct, frozen=True, kw_only=True):
    """
    One way to start the reference server, as it lists it.

    ``rules`` are the ids of those that must FAIL or WARN on a fault, and WARN on an oddity. No others may, but for
    ``perhaps``: on a fault they raise or not by chance, on an oddity they cannot judge. ``trap`` is the mistake of a
    judge that an oddity provokes.
    """

    name: str
    summary: str
    kind: Kind = Kind.FAULT
    rules: tuple[str, ...] = ()
    perhaps: tuple[str, ...] = ()
    trap: str = ""


class Trial(msgspec.Struct, frozen=True, kw_only=True):
    """
    One run against one variant, by its name.

    ``unjudged`` are the rules that are untested, inconclusive or in error. ``trouble`` says why the run proves nothing;
    then nothing is a kill.
    """

    variant: str
    seconds: float
    failed: tuple[str, ...] = ()
    warned: tuple[str, ...] = ()
    unjudged: tuple[str, ...] = ()
    trouble: str = ""

    @property
    def raised(self) -> tuple[str, ...]:
        """The rules that FAIL or WARN."""
        return (*self.failed, *self.warned)

    def said_of(self, rule: str) -> str:
        """What the run said of a rule, as far as it matters here."""
        for name in ("failed", "warned", "unjudged"):
            if rule in getattr(self, name):
                return name
        return "nothing"


class Standing(StrEnum):
    """How a trial compares with what its variant promises."""

    CLEAN = "clean"
    CAUGHT = "caught exactly"
    QUIET = "quiet"
    SURVIVOR = "survivor"
    COMPANIONS = "unexpected companions"
    FALSE_ALARM = "false alarm"
    TROUBLE = "trouble"
    NOT_YET_JUDGED = "not yet judged"

    @property
    def fine(self) -> bool:
        """Whether the suite proved itself here, or did not claim to."""
        return self in {Standing.CLEAN, Standing.CAUGHT, Standing.QUIET, Standing.NOT_YET_JUDGED}


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """
    One line of the matrix.

    ``missing`` are rules that should have raised and did not, ``unexpected`` those that raised and should not have; on
    a server that is right also those that could not judge. ``future`` are rules that the variant names and no version
    of the suite has yet.
    """

    variant: Variant
    standing: Standing
    trial: Trial
    expected: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    unexpected: tuple[str, ...] = ()
    future: tuple[str, ...] = ()


class Flip(msgspec.Struct, frozen=True, kw_only=True):
    """A rule whose verdict differs between repeats on ``variants``: ``flips`` of ``runs`` verdicts are unusual."""

    rule: str
    runs: int
    flips: int
    variants: tuple[str, ...]

    @property
    def rate(self) -> float:
        """The share of verdicts that differ from the usual one."""
        return self.flips / self.runs


class Matrix(msgspec.Struct, frozen=True, kw_only=True):
    """
    The rows in the order of the server's lists, the faultless run first, and the rules that no fault made raise.

    ``fingerprint`` tells the code apart that was proven; ``flips`` is empty where nothing was repeated.
    """

    suite: str
    fingerprint: str
    rows: tuple[Row, ...]
    unbroken: tuple[str, ...]
    flips: tuple[Flip, ...] = ()

    @property
    def proven(self) -> bool:
        """Whether each variant raised exactly what it names, and always the same."""
        return all(row.standing.fine for row in self.rows) and not self.flips


def compare(variant: Variant, trial: Trial, rules: Collection[str]) -> Row:
    """One row: what the variant promises, as far as ``rules`` are judged, against what came of its trial."""
    expected, raised = set(variant.rules) & set(rules), set(trial.raised)
    missing, unexpected = expected - raised, raised - expected
    if variant.kind is Kind.FAULT:
        unexpected -= set(variant.perhaps)
    else:
        unexpected |= {*trial.failed, *trial.unjudged} - set(variant.perhaps)
    return Row(
        variant=variant,
        standing=_standing(variant, trial, missing=bool(missing), unexpected=bool(unexpected), judged=bool(expected)),
        trial=trial,
        expected=tuple(sorted(expected)),
        missing=tuple(sorted(missing)),
        unexpected=tuple(sorted(unexpected)),
        future=tuple(sorted(set(variant.rules) - set(rules))),
    )


def _standing(variant: Variant, trial: Trial, *, missing: bool, unexpected: bool, judged: bool) -> Standing:
    if trial.trouble:
        return Standing.TROUBLE
    if variant.kind is Kind.FAULT:
        caught = Standing.CAUGHT if judged else Standing.NOT_YET_JUDGED
        return Standing.SURVIVOR if missing else Standing.COMPANIONS if unexpected else caught
    if unexpected:
        return Standing.FALSE_ALARM
    if missing:
        return Standing.SURVIVOR
    return Standing.CLEAN if variant.kind is Kind.NOTHING else Standing.QUIET


def worst(rows: Iterable[Row]) -> Row:
    """Of several rows on one variant the one that proves least: what went well once may be luck."""
    return max(rows, key=lambda row: (not row.standing.fine, bool(row.trial.trouble)))


def flips_of(trials: Iterable[Trial]) -> tuple[Flip, ...]:
    """The rules whose verdicts differ between the trials of a variant; those in trouble tell nothing."""
    repeats: dict[str, list[Trial]] = {}
    for trial in trials:
        if not trial.trouble:
            repeats.setdefault(trial.variant, []).append(trial)
    rules = {rule for same in repeats.values() for trial in same for rule in (*trial.raised, *trial.unjudged)}
    found = (_flip(rule, repeats) for rule in sorted(rules))
    return tuple(flip for flip in found if flip.flips)


def _flip(rule: str, repeats: dict[str, list[Trial]]) -> Flip:
    unusual: dict[str, int] = {}
    for variant, same in repeats.items():
        said = Counter(trial.said_of(rule) for trial in same)
        if len(said) > 1:
            unusual[variant] = len(same) - max(said.values())
    runs = sum(map(len, repeats.values()))
    return Flip(rule=rule, runs=runs, flips=sum(unusual.values()), variants=tuple(unusual))


def matrix_of(
    suite: str, fingerprint: str, rows: Iterable[Row], rules: Iterable[str], *, flips: Sequence[Flip] = ()
) -> Matrix:
    """The whole matrix; a rule counts as proven only by a fault that names it."""
    collected = tuple(rows)
    faults = (row for row in collected if row.variant.kind is Kind.FAULT and not row.trial.trouble)
    killed = {rule for row in faults for rule in set(row.expected) & set(row.trial.raised)}
    unbroken = tuple(rule for rule in rules if rule not in killed)
    return Matrix(suite=suite, fingerprint=fingerprint, rows=collected, unbroken=unbroken, flips=tuple(flips))
