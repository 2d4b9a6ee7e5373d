"""The matrix of faults and rules: a line for each run, kill-matrix.json for programs, kill-matrix.md for readers."""

from collections.abc import Iterator
from pathlib import Path

import msgspec

from sse_conform.errors import UsageError
from sse_conform.fault_matrix import FAULTLESS, Matrix, Row, Standing

JSON_FILE, MARKDOWN_FILE = "kill-matrix.json", "kill-matrix.md"

INTRODUCTION = """\
Written by `conform selftest`, version {version}: one run of the suite against the reference server for each of its
faults. A fault must be caught by exactly the rules that it names; a run that crashed, timed out or could not be judged
is no kill."""


def save(matrix: Matrix, folder: Path) -> None:
    """Write both files; UsageError where the folder cannot be written to."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        folder.joinpath(JSON_FILE).write_bytes(msgspec.json.format(msgspec.json.encode(matrix)) + b"\n")
        folder.joinpath(MARKDOWN_FILE).write_text("\n".join(_markdown(matrix)) + "\n", encoding="utf-8")
    except OSError as error:
        raise UsageError(f"{folder} cannot be written to: {error.strerror}", hint="name another folder") from None


def line(row: Row, *, count: str) -> str:
    """One run in one line, for a log."""
    said = f"{count:>7}  {row.standing.value:<20}  {row.fault or 'no fault':<28}  {row.trial.seconds:5.1f} s"
    return f"{said}  {details(row)}".rstrip()


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
        lines.append(f"  rules that no fault of this run breaks: {', '.join(matrix.unbroken)}")
    return "\n".join(["", *lines])


def _counts(matrix: Matrix) -> dict[Standing, int]:
    return {standing: sum(row.standing is standing for row in matrix.rows) for standing in Standing}


def _markdown(matrix: Matrix) -> Iterator[str]:
    judged = [row for row in matrix.rows if row.standing is not Standing.NOT_YET_JUDGED]
    later = [row for row in matrix.rows if row.standing is Standing.NOT_YET_JUDGED]
    yield from (
        "# Which rule catches which fault",
        "",
        INTRODUCTION.format(version=matrix.suite),
        "",
        "| | runs |",
        "|---|---:|",
    )
    yield from (f"| {standing.value} | {count} |" for standing, count in _counts(matrix).items())
    yield from ("", "| fault | mechanism | caught by | standing |", "|---|---|---|---|")
    yield from (_row(row) for row in judged)
    yield from ("", "## Rules and the faults that break them", "", "| rule | faults |", "|---|---|")
    yield from (f"| `{rule}` | {faults} |" for rule, faults in _by_rule(matrix))
    if matrix.unbroken:
        yield from ("", "Broken by no fault of this run:", "", *(f"- `{rule}`" for rule in matrix.unbroken))
    if later:
        yield from (
            "",
            "## Not yet judged",
            "",
            "No rule is there yet for what these faults break: neither kills nor survivors.",
            "",
            "| fault | mechanism | what it will break |",
            "|---|---|---|",
        )
        yield from (f"| `{row.fault}` | {_cell(row.summary)} | {_ids(row.future)} |" for row in later)


def _row(row: Row) -> str:
    name = f"`{row.fault}`" if row.fault != FAULTLESS else "(none)"
    standing = f"{row.standing.value}: {details(row)}" if details(row) else row.standing.value
    return f"| {name} | {_cell(row.summary)} | {_ids(row.trial.raised)} | {_cell(standing)} |"


def _by_rule(matrix: Matrix) -> Iterator[tuple[str, str]]:
    faults: dict[str, list[str]] = {}
    for row in matrix.rows:
        for rule in set(row.expected) & set(row.trial.raised):
            if not row.trial.trouble:
                faults.setdefault(rule, []).append(f"`{row.fault}`")
    for rule in sorted(faults):
        yield rule, ", ".join(faults[rule])


def _ids(rules: tuple[str, ...]) -> str:
    return ", ".join(f"`{rule}`" for rule in rules)


def _cell(text: str) -> str:
    return " ".join(text.replace("|", "\\|").split())
