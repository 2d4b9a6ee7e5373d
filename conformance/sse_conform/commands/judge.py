"""``conform judge FILE``: the verdicts on a saved transcript."""

from pathlib import Path
from typing import Any

import click

from sse_conform import __version__, transcript_file
from sse_conform.commands.output import OutputOptions, emit, prepared
from sse_conform.errors import TranscriptError
from sse_conform.exit_code import strongest
from sse_conform.lazy_group import complain
from sse_conform.options import output_options, selection_options
from sse_conform.report import report_of
from sse_conform.rule import Rule
from sse_conform.rules import ALL
from sse_conform.selection import select
from sse_conform.transcript import TranscriptHeader
from sse_conform.verdict import judge_all


@click.command("judge")
@click.argument("file", type=click.Path(path_type=Path))
@selection_options
@output_options
@click.pass_context
def command(
    ctx: click.Context,
    /,
    file: Path,
    only: tuple[str, ...],
    skip: tuple[str, ...],
    **output: Any,  # noqa: ANN401 - click gives them by name
) -> None:
    """
    Judge the transcript FILE again, without a target.

    By the same rules as in its run unless --only or --skip choose among them: the verdicts are the same.
    """
    options = OutputOptions(**output)
    with prepared(options):
        transcript = transcript_file.read(file)
        rules = select(_rules_of(transcript.header, file), only=only, skip=skip)
        if transcript.header.suite != __version__ and not options.quiet:
            click.echo(f"recorded by {transcript.header.suite}, judged by the rules of {__version__}", err=True)
        report = report_of(transcript, judge_all(rules, transcript), strict=options.strict)
    codes = {complain(str(trouble), trouble.exit_code) for trouble in emit(report, rules, options)}
    ctx.exit(strongest({report.exit_code, *codes}))


def _rules_of(header: TranscriptHeader, file: Path) -> tuple[Rule, ...]:
    """The rules that the run was for, as far as this version has them."""
    rules = tuple(rule for rule in ALL if rule.id in header.rules)
    if not rules:
        hint = f"it was recorded by version {header.suite}: judge it with that one"
        raise TranscriptError(f"{file} names no rule that this version has", hint=hint)
    return rules
