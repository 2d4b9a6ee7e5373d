"""Where a report goes: one form to standard output, others to files."""

import contextlib
import io
import os
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from sse_conform.browser_entries import PICTURES
from sse_conform.errors import ConformError, UsageError
from sse_conform.lazy_group import silence
from sse_conform.report import Report
from sse_conform.rule import Rule
from sse_conform.traces import TRACES


@dataclass(frozen=True, kw_only=True, slots=True)
class OutputOptions:
    """What :data:`sse_conform.options.output_options` gives."""

    strict: bool = False
    form: str = "text"
    reports: tuple[tuple[str, Path], ...] = ()
    color: str = "auto"
    quiet: bool = False
    verbose: bool = False


@contextlib.contextmanager
def prepared(options: OutputOptions, *folders: Path) -> Iterator[None]:
    """
    Settle colours, and find out before a long run whether its files can be written.

    The folders that were made for it and stay empty go again where the block fails: what did not begin leaves nothing.
    """
    _settle_colours(options)
    _demand_files(options)
    made: list[Path] = []
    try:
        for folder in (*folders, *(file.parent for _, file in options.reports)):
            made += [each for each in (folder, *folder.parents) if not each.exists()]
            _demand_folder(folder)
        yield
    except BaseException:
        for folder in sorted(made, key=lambda each: len(each.parts), reverse=True):
            with contextlib.suppress(OSError):  # it holds something, or was never made
                folder.rmdir()
        raise


def _settle_colours(options: OutputOptions) -> None:
    match options.color:
        case "always":
            os.environ.pop("NO_COLOR", None)
            os.environ["FORCE_COLOR"] = "1"
        case "never":
            os.environ.pop("FORCE_COLOR", None)
            os.environ["NO_COLOR"] = "1"
        case _:
            pass


def _demand_files(options: OutputOptions) -> None:
    for _, file in options.reports:
        if file.is_dir():
            raise UsageError(f"--report {file} is a folder", hint="name a file in it")
    files = [file.absolute() for _, file in options.reports]
    for file in files:
        if files.count(file) > 1:
            raise UsageError(f"two reports go to {file}", hint="give each --report a file of its own")


def _demand_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(f"{folder} cannot be used: {error.strerror}", hint="name another folder") from None
    if not os.access(folder, os.W_OK):
        raise UsageError(f"{folder} cannot be written to", hint="name another folder")


def emit(
    report: Report, rules: Iterable[Rule], options: OutputOptions, *, rerun: str = "", brief: bool = False
) -> list[ConformError]:
    """
    Write the report in every form asked for; gives what could not be written.

    ``rerun`` are the options that its commands need; a ``brief`` one leaves out the text for a person.
    """
    by_id = {rule.id: rule for rule in rules}
    lost = [trouble for kind, file in options.reports for trouble in save(report, by_id, kind, file, rerun=rerun)]
    if brief and options.form == "text":
        return lost
    try:
        if options.form != "text" and isinstance(sys.stdout, io.TextIOWrapper):
            sys.stdout.reconfigure(encoding="utf-8")  # what JSON is, and what the head of the XML says
        write(report, by_id, options.form, sys.stdout, rerun=rerun)
        sys.stdout.flush()
    except BrokenPipeError:
        # Whoever read the report has read enough; the verdict stays what it is.
        silence(sys.stdout)
    except OSError as error:
        silence(sys.stdout)
        lost.append(UsageError(f"standard output cannot be written: {error.strerror}", hint="use --report KIND=FILE"))
    return lost


def save(report: Report, rules: Mapping[str, Rule], kind: str, file: Path, *, rerun: str = "") -> list[ConformError]:
    """Write one form to a file; gives the trouble where it cannot be written."""
    try:
        with file.open("w", encoding="utf-8") as out:
            write(report, rules, kind, out, rerun=rerun)
    except OSError as error:
        return [UsageError(f"{file} cannot be written: {error.strerror}", hint="name another file")]
    return []


def save_evidence(
    report: Report, pictures: Mapping[str, bytes], traces: Mapping[str, bytes], folder: Path
) -> list[ConformError]:
    """
    Write the screenshots that breaches rest on, and traces, by their places in ``folder``; what could not be written.

    Those of an earlier run go: they would pass for evidence of this one.
    """
    named = {breach.evidence.picture for verdict in report.verdicts for breach in verdict.breaches}
    telling = {place: pictures[place] for place in sorted(named & pictures.keys())}
    try:
        for old in (*(folder / PICTURES).glob("page-*.png"), *(folder / TRACES).glob("*-device-*.zip")):
            old.unlink()
        for place, octets in {**telling, **traces}.items():
            (folder / place).parent.mkdir(exist_ok=True)
            (folder / place).write_bytes(octets)
    except OSError as error:
        said = f"a screenshot or a trace cannot be written to {folder}: {error.strerror}"
        return [UsageError(said, hint="name another folder")]
    return []


def write(report: Report, rules: Mapping[str, Rule], kind: str, out: TextIO, *, rerun: str = "") -> None:
    """Write one form."""
    match kind:
        case "json":
            from sse_conform.writers import json_writer  # noqa: PLC0415 - only what is asked for

            json_writer.write(report, rules, out)
        case "junit":
            from sse_conform.writers import junit  # noqa: PLC0415

            junit.write(report, rules, out)
        case _:
            from sse_conform.writers import terminal  # noqa: PLC0415 - rich

            terminal.write(report, rules, out, rerun=rerun)
