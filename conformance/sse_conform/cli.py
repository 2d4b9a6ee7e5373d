"""
The command line: ``conform --target URL`` judges a target, sub-commands do what lies around it.

The report goes to standard output, progress and errors to standard error. Exit codes: :mod:`sse_conform.exit_code`.
"""

from pathlib import Path
from typing import Any

import click

from sse_conform import __version__
from sse_conform.errors import UsageError
from sse_conform.exit_code import MEANINGS
from sse_conform.lazy_group import LazyGroup
from sse_conform.options import browser_option, output_options, quick_option, selection_options, target_options

EXAMPLES = """\b
Examples:
  conform --target embedded                        judge the reference server
  conform init --target http://127.0.0.1:3000      write conform.toml, then fill it in
  conform doctor                                   try it step by step
  conform                                          judge the target of conform.toml
  conform --only 'heartbeat.*' --report junit=conform.xml
"""
EPILOG = "\b\nExit codes:\n" + "\n".join(f"  {code.value:<4} {meaning}" for code, meaning in MEANINGS.items())


@click.group(
    cls=LazyGroup,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog=EPILOG,
    help="Judge a Server-Sent-Events notification service from outside.\n\n" + EXAMPLES,
)
@target_options
@selection_options
@quick_option
@click.option(
    "--output",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("conform-report"),
    show_default=True,
    help="Folder for transcript.jsonl and report.json.",
)
@click.option("--dry-run", is_flag=True, help="Print the plan (scenes, attempts, seconds) and leave.")
@click.option("--compressed", is_flag=True, help="With --target embedded: short heartbeat, budget and window.")
@click.option(
    "--fault", "faults", metavar="NAME", multiple=True, help="With --target embedded: break it so; repeatable."
)
@browser_option
@click.option(
    "--odd", "oddities", metavar="NAME", multiple=True, help="With --target embedded: be so, legally; repeatable."
)
@click.option(
    "--instances",
    type=click.IntRange(1, 2),
    default=1,
    help="With --target embedded: so many of them, which share a Redis.",
)
@output_options
@click.version_option(__version__, prog_name="conform", message="%(prog)s %(version)s")
@click.pass_context
def main(ctx: click.Context, /, **options: Any) -> int:  # noqa: ANN401 - click gives them by name
    """Judge a target, unless a sub-command was named."""
    if ctx.invoked_subcommand is not None:
        _refuse_options(ctx)
        return 0
    from sse_conform.commands.run import RunOptions, execute  # noqa: PLC0415 - heavy, and --help must be quick

    return execute(RunOptions(**options))


def _refuse_options(ctx: click.Context) -> None:
    """Options before a sub-command belong to another job; dropping them silently would surprise."""
    given = [name for name in ctx.params if ctx.get_parameter_source(name) is click.core.ParameterSource.COMMANDLINE]
    if given:
        option = "--" + given[0].replace("_", "-")
        hint = f"options stand after the sub-command: conform {ctx.invoked_subcommand} ..."
        raise UsageError(f"{option} is not an option of {ctx.invoked_subcommand} when it stands before it", hint=hint)
