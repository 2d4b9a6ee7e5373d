"""``conform doctor``: try target and profile step by step."""

import asyncio
import os
from pathlib import Path

import click

from sse_conform.doctor import examine
from sse_conform.embedded import EMBEDDED
from sse_conform.errors import UsageError
from sse_conform.exit_code import ExitCode
from sse_conform.options import target_options
from sse_conform.printable import printable
from sse_conform.profile_file import load_profile
from sse_conform.run_events import RunEvent


@click.command("doctor")
@target_options
@click.pass_context
def command(ctx: click.Context, target: str | None, profile: Path | None) -> None:
    """Try target and profile step by step: what is in order, and how to mend what is not."""
    if target == EMBEDDED:
        raise UsageError("the embedded server needs no doctor", hint="name the address of a service, or a profile")
    overrides = {"url": target} if target else {}
    loaded = load_profile(file=profile, overrides=overrides, environ=os.environ)
    click.echo(f"profile  {loaded.file or 'none, the defaults alone'}")
    checks = asyncio.run(examine(loaded, listener=_silent))
    width = max(len(check.name) for check in checks)
    for check in checks:
        click.echo(f"{'ok' if check.ok else 'problem':<7}  {check.name:<{width}}  {printable(check.said)}")
        if check.fix:
            click.echo(f"         {'fix:':>{width}}  {printable(check.fix)}")
    problems = sum(not check.ok for check in checks)
    click.echo(f"{problems} problem{'s' * (problems != 1)}" if problems else "everything is in order")
    ctx.exit(ExitCode.TARGET if problems else ExitCode.CONFORMS)


def _silent(event: RunEvent, /) -> None:
    """The checks say it all."""
