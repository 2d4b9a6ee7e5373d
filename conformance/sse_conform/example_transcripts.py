"""
For each rule a transcript on which it passes and one on which it does not, cut from recorded runs.

They lie at ``RULE/pass.jsonl`` and ``RULE/fail.jsonl``; the name in the header says which fault made the failing one.
``RULE/verdicts.json`` has what the rule says of them, written anew by
``python -m sse_conform.example_transcripts fixtures/transcripts``.
"""

import sys
from collections.abc import Iterator
from itertools import chain
from pathlib import Path

import msgspec

from sse_conform import transcript_file
from sse_conform.embedded import EMBEDDED
from sse_conform.fault_matrix import FAULTLESS, Matrix, Row, Standing
from sse_conform.fault_runs import record_of
from sse_conform.rule import Rule
from sse_conform.rules import BY_ID
from sse_conform.transcript import Transcript
from sse_conform.trim import trim
from sse_conform.verdict import Breach, Outcome, judge

PASSING, FAILING, VERDICTS = "pass.jsonl", "fail.jsonl", "verdicts.json"


def write_examples(matrix: Matrix, *, runs: Path, into: Path) -> Iterator[Path]:
    """
    Write the examples that these runs give; yields each file.

    A rule gets them where one of these faults breaks it; a passing one also where it has none yet. That is cut from the
    faultless run, or, where the rule does not concern that server, from a run against an oddity. What the rule says of
    the two is written beside them.
    """
    fine = [row.variant.name for row in matrix.rows if row.standing in {Standing.CLEAN, Standing.QUIET}]
    faultless = transcript_file.read(record_of(FAULTLESS, runs)) if FAULTLESS in fine else None
    for rule in BY_ID.values():
        passing, failing = into / rule.id / PASSING, into / rule.id / FAILING
        teller = _most_telling(matrix, rule)
        if faultless and (teller or not passing.exists()):
            others = (transcript_file.read(record_of(name, runs)) for name in fine if name != FAULTLESS)
            passed = next((run for run in chain([faultless], others) if judge(rule, run).outcome is Outcome.PASS), None)
            if passed:
                yield _write(passed, rule, passing)
        if teller:
            yield _write(transcript_file.read(record_of(teller.variant.name, runs)), rule, failing)
        if teller and passing.exists():
            write_verdicts(rule, into / rule.id)


def write_verdicts(rule: Rule, folder: Path) -> None:
    """Write what the rule says of the two examples in its folder."""
    (folder / VERDICTS).write_bytes(verdicts(rule, folder))


def verdicts(rule: Rule, folder: Path) -> bytes:
    """What the rule says of the two examples in its folder, word for word."""
    judged = (judge(rule, transcript_file.read(folder / name)) for name in (PASSING, FAILING))
    said = [
        {
            "outcome": verdict.outcome,
            "observations": verdict.observations,
            "findings": verdict.findings,
            "breaches": [_said(breach) for breach in verdict.breaches],
        }
        for verdict in judged
    ]
    return msgspec.json.format(msgspec.json.encode(dict(zip(("pass", "fail"), said, strict=True)))) + b"\n"


def _said(breach: Breach) -> dict[str, str | int]:
    """Without the bytes of the wire, which the transcript has."""
    place = {key: getattr(breach.evidence, key) for key in ("scene", "t", "conn", "start", "end")}
    return {"expected": breach.expected, "actual": breach.actual} | {key: it for key, it in place.items() if it}


def _most_telling(matrix: Matrix, rule: Rule) -> Row | None:
    """The row of the fault that breaks this rule and the fewest others."""
    rows = [row for row in matrix.rows if row.standing is Standing.CAUGHT and rule.id in row.trial.raised]
    return min(rows, key=lambda row: len(row.expected), default=None)


def _write(whole: Transcript, rule: Rule, file: Path) -> Path:
    """Cut and write; the port of the server says nothing to a reader and would change each time."""
    trimmed = trim(whole, rule)
    header = msgspec.structs.replace(trimmed.header, target=EMBEDDED)
    transcript_file.write(Transcript(header, trimmed.entries, trimmed.footer), file)
    return file


if __name__ == "__main__":
    for each in BY_ID.values():
        write_verdicts(each, Path(sys.argv[1]) / each.id)
