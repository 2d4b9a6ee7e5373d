"""Options that several commands share."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from sse_conform.errors import UsageError

F = TypeVar("F", bound=Callable[..., Any])

KINDS = ("text", "json", "junit")


class ReportFile(click.ParamType):  # type: ignore[type-arg]  # generic since click 8.4
    """``KIND=FILE``: one more form of the report, to a file."""

    name = "KIND=FILE"

    def convert(
        self,
        value: str | tuple[str, Path],
        param: click.Parameter | None,  # noqa: ARG002 - click's signature
        ctx: click.Context | None,  # noqa: ARG002
    ) -> tuple[str, Path]:
        """Split and check; the file is written at the end."""
        if isinstance(value, tuple):
            return value
        kind, equals, file = value.partition("=")
        if kind not in KINDS or not equals or not file:
            hint = f"write it as KIND=FILE, for example junit=conform.xml; the kinds are {', '.join(KINDS)}"
            raise UsageError(f"--report {value!r} cannot be followed", hint=hint)
        return kind, Path(file)


def _stack(*decorators: Callable[[F], F]) -> Callable[[F], F]:
    def decorate(command: F) -> F:
        for decorator in reversed(decorators):
            command = decorator(command)
        return command

    return decorate


target_options = _stack(
    click.option("--target", metavar="URL", help="The service to judge; 'embedded' starts the reference server."),
    click.option(
        "--profile",
        metavar="FILE",
        type=click.Path(path_type=Path),
        help="Target profile in TOML; else conform.toml, or [tool.conform] of pyproject.toml.",
    ),
)

selection_options = _stack(
    click.option("--only", metavar="GLOB", multiple=True, help="Judge these rules: ids, areas, levels; repeatable."),
    click.option("--skip", metavar="GLOB", multiple=True, help="Leave these rules out; repeatable."),
)

quick_option = click.option(
    "--quick/--no-quick",
    default=None,
    help="Judge the most telling rules alone, with at most 36 attempts on the stream route.",
)

ENGINES = ("chromium", "firefox", "webkit")

browser_option = click.option(
    "--browser",
    metavar="ENGINE",
    type=click.Choice(ENGINES),
    is_flag=False,
    flag_value=ENGINES[0],
    help=f"Judge in a real browser too: {', '.join(ENGINES)}; the first unless named.",
)

output_options = _stack(
    click.option("--strict", is_flag=True, help="A breach of a SHOULD fails too."),
    click.option("--format", "form", type=click.Choice(KINDS), default="text", show_default=True, help="On stdout."),
    click.option("--report", "reports", type=ReportFile(), multiple=True, help="Write one more form to a file."),
    click.option(
        "--color",
        type=click.Choice(["auto", "always", "never"]),
        default="auto",
        show_default=True,
        help="NO_COLOR and FORCE_COLOR count where it is auto.",
    ),
    click.option("-q", "--quiet", is_flag=True, help="No progress on standard error."),
    click.option("-v", "--verbose", is_flag=True, help="Show the traceback of our own trouble."),
)
