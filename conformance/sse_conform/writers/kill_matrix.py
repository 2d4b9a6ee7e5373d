"""The matrix of variants and rules: a line for each run, kill-matrix.json for programs, kill-matrix.md for readers."""

from collections.abc import Iterator
from pathlib import Path

import msgspec

from sse_conform.errors import UsageError
from sse_conform.fault_matrix import Kind, Matrix, Row, Standing

JSON_FILE, MARKDOWN_FILE = "kill-matrix.json", "kill-matrix.md"

#: The summary names at most so many rules that no fault broke: after a part of the matrix these are most of all.
MOST_NAMED = 10

INTRODUCTION = """\
Written by `conform selftest`, version {version}: one run of the suite against each variant of the reference server. A
fault must be caught by exactly the rules that it names, and nothing may fail on an oddity, which is legal; a run that
crashed, timed out or could not be judged is no kill."""


def save(matrix: Matrix, folder: Path) -> None:
    """Write both files; UsageError where the folder cannot be written to."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _replace(folder / JSON_FILE, msgspec.json.format(msgspec.json.encode(matrix)) + b"\n")
        _replace(folder / MARKDOWN_FILE, ("\n".join(_markdown(matrix)) + "\n").encode())
    except OSError as error:
        raise UsageError(f"{folder} cannot be written to: {error.strerror}", hint="name another folder") from None


def _replace(file: Path, content: bytes) -> None:
    """Whoever is interrupted while writing leaves the old file."""
    beside = file.with_suffix(file.suffix + ".new")
    beside.write_bytes(content)
    beside.replace(file)


def load(folder: Path) -> Matrix | None:
    """The matrix that was saved there; None where there is none that this version can read."""
    try:
        return msgspec.json.decode(folder.joinpath(JSON_FILE).read_bytes(), type=Matrix)
    except (OSError, msgspec.DecodeError):
        return None


def line(row: Row, *, count: str, left: float = 0.0) -> str:
    """One run in one line, for a log; ``left`` are the seconds that the others are likely to take."""
    said = f"{count:>9}  {row.standing.value:<20}  {row.variant.name or 'no fault':<28}  {row.trial.seconds:5.1f} s"
    estimate = f"  about {left / 60:.0f} min left" if left > 90 else f"  about {left:.0f} s left" if left else ""
    return f"{said}{estimate}  {details(row)}".rstrip()


def details(row: Row) -> str:
    """What is not as promised, in words."""
    parts = [
        f"missing: {', '.join(row.missing)}" if row.missing and not row.trial.trouble else "",
        f"unexpected: {', '.join(row.unexpected)}" if row.unexpected else "",
        row.trial.trouble,
    ]
    return "; ".join(part for part in parts if part)


def summary(matrix: Matrix) -> str:
    """The matrix in a few lines."""
    lines = [f"  {standing.value:<20} {count:>4}" for standing, count in _counts(matrix).items() if count]
    if matrix.unbroken:
        few = len(matrix.unbroken) <= MOST_NAMED
        named = ", ".join(matrix.unbroken) if few else f"{len(matrix.unbroken)}, see the matrix"
        lines.append(f"  rules that no fault of this run breaks: {named}")
    lines += [
        f"  flips: {flip.rule} {flip.rate:.1%} ({flip.flips} of {flip.runs}): {', '.join(map(_name, flip.variants))}"
        for flip in matrix.flips
    ]
    return "\n".join(["", *lines])


def _counts(matrix: Matrix) -> dict[Standing, int]:
    return {standing: sum(row.standing is standing for row in matrix.rows) for standing in Standing}


def _markdown(matrix: Matrix) -> Iterator[str]:
    yield from (
        "# Which rule catches which fault",
        "",
        INTRODUCTION.format(version=matrix.suite),
        "",
        "| | runs |",
        "|---|---:|",
    )
    yield from (f"| {standing.value} | {count} |" for standing, count in _counts(matrix).items())
    judged = [row for row in matrix.rows if row.standing is not Standing.NOT_YET_JUDGED]
    faults = [row for row in judged if row.variant.kind is not Kind.ODDITY]
    oddities = [row for row in judged if row.variant.kind is Kind.ODDITY]
    yield from ("", "| fault | mechanism | caught by | standing |", "|---|---|---|---|")
    yield from (_row(row) for row in faults)
    yield from ("", "## Rules and the faults that break them", "", "| rule | faults |", "|---|---|")
    yield from (f"| `{rule}` | {broken} |" for rule, broken in _by_rule(matrix))
    if matrix.unbroken:
        yield from ("", "Broken by no fault of this run:", "", *(f"- `{rule}`" for rule in matrix.unbroken))
    if oddities:
        yield from ("", "## Legal oddities", "", "Nothing may fail on these.", "")
        yield from ("| oddity | what it does | trap | warns | standing |", "|---|---|---|---|---|")
        yield from (_row(row) for row in oddities)
    yield from _flips(matrix)
    yield from _later([row for row in matrix.rows if row.standing is Standing.NOT_YET_JUDGED])


def _flips(matrix: Matrix) -> Iterator[str]:
    if matrix.flips:
        yield from ("", "## Flips", "", "Verdicts that differ between repeats.", "", "| rule | rate | of | variants |")
        yield "|---|---:|---:|---|"
    for flip in matrix.flips:
        yield f"| `{flip.rule}` | {flip.rate:.1%} | {flip.runs} | {', '.join(map(_name, flip.variants))} |"


def _later(rows: list[Row]) -> Iterator[str]:
    if rows:
        yield from ("", "## Not yet judged", "")
        yield "No rule is there yet for what these faults break: neither kills nor survivors."
        yield from ("", "| fault | mechanism | what it will break |", "|---|---|---|")
    yield from (f"| `{row.variant.name}` | {_cell(row.variant.summary)} | {_ids(row.future)} |" for row in rows)


def _row(row: Row) -> str:
    standing = f"{row.standing.value}: {details(row)}" if details(row) else row.standing.value
    cells = [_name(row.variant.name), _cell(row.variant.summary)]
    if row.variant.trap:
        cells.append(_cell(row.variant.trap))
    return f"| {' | '.join([*cells, _ids(row.trial.raised), _cell(standing)])} |"


def _name(variant: str) -> str:
    return f"`{variant}`" if variant else "(none)"


def _by_rule(matrix: Matrix) -> Iterator[tuple[str, str]]:
    faults: dict[str, list[str]] = {}
    for row in matrix.rows:
        for rule in set(row.expected) & set(row.trial.raised):
            if row.variant.kind is Kind.FAULT and not row.trial.trouble:
                faults.setdefault(rule, []).append(_name(row.variant.name))
    for rule in sorted(faults):
        yield rule, ", ".join(faults[rule])


def _ids(rules: tuple[str, ...]) -> str:
    return ", ".join(f"`{rule}`" for rule in rules)


def _cell(text: str) -> str:
    return " ".join(text.replace("|", "\\|").split())
