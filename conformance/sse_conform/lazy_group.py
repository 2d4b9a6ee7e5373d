"""
The frame of the command line: sub-commands imported when they are called, and one way to end with an error.

Every error is ``conform: error: MESSAGE`` with a hint on standard error and an exit code of the documented table; a bug
of ours is one line too, and its traceback appears with ``-v`` or CONFORM_DEBUG.
"""

import contextlib
import importlib
import io
import os
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, TextIO

import click

from sse_conform.errors import ConformError, UsageError
from sse_conform.exit_code import ExitCode
from sse_conform.printable import printable

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

GROUP = "sse_conform.commands"
#: Our own sub-commands, each in ``sse_conform.commands.NAME`` as ``command``, with what the help says of it.
COMMANDS = {
    "rules": "List the rules.",
    "explain": "Say what a rule demands, why, and how it is judged.",
    "judge": "Judge a saved transcript again, without a target.",
    "init": "Write a commented target profile.",
    "doctor": "Try target and profile step by step, each with its fix.",
    "proxy": "Run a forward proxy that cuts and bends connections on schedule.",
    "selftest": "Prove the suite against every fault of the reference server.",
}
#: Announced by the reference server, which the judge does not import. The help lists no other announced ones: to find
#: them, the metadata of all installed packages must be read, which takes as long as everything else in it.
PARTNERS = {"serve": "Run the reference server."}


class LazyGroup(click.Group):
    """A group that imports a sub-command when it is called, and turns every way to fail into an exit code."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """Our own, then those that other packages announce."""
        return [*COMMANDS, *(name for name in sorted(_announced()) if name not in COMMANDS)]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - click's signature
        """Import one sub-command; None where there is none of this name."""
        if cmd_name in COMMANDS:
            command: click.Command = importlib.import_module(f"sse_conform.commands.{cmd_name}").command
            return command
        announced = _announced().get(cmd_name)
        return announced.load() if announced else None

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the sub-command; an address or a mistyped name gets the hint that it needs."""
        name = args[0]
        if self.get_command(ctx, name) is None and not name.startswith("-"):
            from sse_conform.profile_problem import did_you_mean  # noqa: PLC0415 - only on this way out

            if "://" in name or name == "embedded":
                raise UsageError(f"{name!r} is no sub-command", hint=f"name the target as --target {name}")
            names = self.list_commands(ctx)
            hint = f"{did_you_mean(name, names)}there are {', '.join(names)}; without one, --target is judged"
            raise UsageError(f"there is no sub-command {name!r}", hint=hint)
        found, command, rest = super().resolve_command(ctx, args)
        if command:
            demand_values(command, ctx, rest)
        return found, command, rest

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """As click does, save that no option takes the next one for its value."""
        demand_values(self, ctx, args)
        return super().parse_args(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 - click's
        """The list of sub-commands, written without importing any of them."""
        with formatter.section("Sub-commands"):
            formatter.write_dl([*COMMANDS.items(), *PARTNERS.items()])

    def main(
        self,
        args: Sequence[str] | None = None,
        *rest: Any,  # noqa: ANN401 - click's signature
        **extra: Any,  # noqa: ANN401
    ) -> NoReturn:
        """Run, and leave with the code of the table."""
        args = list(sys.argv[1:] if args is None else args)
        verbose = bool(os.environ.get("CONFORM_DEBUG")) or not {"-v", "--verbose"}.isdisjoint(args)
        extra["standalone_mode"] = False
        ensure_streams()
        try:
            code = super().main(args, *rest, **extra)
            sys.stdout.flush()
        except ConformError as trouble:
            code = complain(str(trouble), trouble.exit_code, trouble=trouble if verbose else None)
        except click.Abort:
            code = complain("interrupted", ExitCode.INTERRUPTED)
        except click.ClickException as trouble:
            where = trouble.ctx.command_path if isinstance(trouble, click.UsageError) and trouble.ctx else "conform"
            code = complain(f"{trouble.format_message()}\n  {where} --help shows what there is", ExitCode.USAGE)
        except BrokenPipeError:
            # Whoever read has read enough.
            silence(sys.stdout)
            code = ExitCode.CONFORMS
        except OSError as trouble:
            about = f"{trouble.filename or 'standard output'}: {trouble.strerror or trouble}"
            silence(sys.stdout)
            hint = "name another file or folder"
            code = complain(f"{about}\n  {hint}", ExitCode.USAGE, trouble=trouble if verbose else None)
        except Exception as trouble:  # noqa: BLE001 - the last resort: a bug of ours, said in one line
            about = f"{type(trouble).__name__}: {trouble}".splitlines()[0]
            hint = (
                "" if verbose else "\n  this is a bug of the suite, not of the target: run again with -v and report it"
            )
            code = complain(f"{about}{hint}", ExitCode.HARNESS, trouble=trouble if verbose else None)
        sys.exit(int(code or 0))


def demand_values(command: click.Command, ctx: click.Context, args: Sequence[str]) -> None:
    """UsageError where an option that has to have a value is followed by another option."""
    options = [param for param in command.params if isinstance(param, click.Option)]
    names = {name for option in options for name in (*option.opts, *option.secondary_opts)}
    # An option whose value may be left out looks at what follows itself.
    demanding = [option for option in options if not (option.is_flag or isinstance(option.flag_value, str))]
    takers = {name for option in demanding for name in option.opts}
    given = iter(args)
    for name in given:
        if name in takers and (value := next(given, "")).partition("=")[0] in names:
            whole = "conform" if command is ctx.command else f"conform {command.name}"
            hint = f"give it one before the next option: {whole} {name} VALUE {value} ..."
            raise UsageError(f"{name} has no value: {value} follows it", hint=hint)
        if name == "--" or (command is ctx.command and not name.startswith("-")):
            return  # what follows belongs to the sub-command, or is no option


def complain(message: str, code: ExitCode, *, trouble: Exception | None = None) -> ExitCode:
    """Say on standard error what went wrong, with the traceback of our own ``trouble``; gives ``code`` back."""
    try:
        if trouble is not None and code is ExitCode.HARNESS:
            traceback.print_exception(trouble)
        lines = (printable(line) for line in message.split("\n"))
        click.echo("conform: error: " + "\n".join(lines), err=True)
    except OSError:
        silence(sys.stderr)
    return code


def ensure_streams() -> None:
    """A program started with its output closed has no streams; what it says then goes nowhere."""
    if sys.stdout is None:
        sys.stdout = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115 - open as long as the program runs
    if sys.stderr is None:
        sys.stderr = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # as on standard error: no locale may stop a report


def silence(stream: TextIO) -> None:
    """Nobody reads this stream any more, and nothing must be left to flush."""
    with contextlib.suppress(OSError, ValueError), Path(os.devnull).open("wb") as nowhere:
        os.dup2(nowhere.fileno(), stream.fileno())


def _announced() -> "dict[str, EntryPoint]":
    from importlib.metadata import entry_points  # noqa: PLC0415 - slow, and --help must be quick

    return {point.name: point for point in entry_points(group=GROUP)}
