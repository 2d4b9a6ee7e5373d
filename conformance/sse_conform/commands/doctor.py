"""``conform doctor``: try target and profile step by step."""

import asyncio
import os
import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path

import click

from sse_conform.browser_install import steps
from sse_conform.doctor import Check, browser_check, examine
from sse_conform.embedded import EMBEDDED
from sse_conform.errors import UsageError
from sse_conform.exit_code import ExitCode
from sse_conform.options import browser_option, target_options
from sse_conform.printable import printable
from sse_conform.profile import BrowserChoice, Engine
from sse_conform.profile_file import load_profile
from sse_conform.profile_layers import find_file
from sse_conform.run_events import RunEvent


@click.command("doctor")
@target_options
@browser_option
@click.option("--fix", is_flag=True, help="With --browser: install what is missing.")
@click.pass_context
def command(ctx: click.Context, target: str | None, profile: Path | None, browser: str | None, fix: bool) -> None:  # noqa: FBT001 - click's flag
    """Try target and profile step by step: what is in order, and how to mend what is not."""
    if target == EMBEDDED:
        raise UsageError("the embedded server needs no doctor", hint="name the address of a service, or a profile")
    if fix and not browser:
        raise UsageError("--fix installs a browser", hint="add --browser")
    checks: list[Check] = []
    if browser is None or _names_target(target, profile):
        overrides: dict[str, object] = {"url": target} if target else {}
        if browser:
            overrides["browser.engine"] = browser
        loaded = load_profile(file=profile, overrides=overrides, environ=os.environ)
        click.echo(f"profile  {loaded.file or 'none, the defaults alone'}")
        if loaded.profile.browser.engine:
            checks.append(_browser(loaded.profile.browser, fix=fix))
        checks += asyncio.run(examine(loaded, listener=_silent))
    else:
        checks.append(_browser(BrowserChoice(engine=Engine(browser)), fix=fix))
    problems = _show(checks)
    ctx.exit(ExitCode.TARGET if problems else ExitCode.CONFORMS)


def _names_target(target: str | None, profile: Path | None) -> bool:
    """Whether there is a target to look at; without one a browser can be looked at all the same."""
    return bool(target or os.environ.get("CONFORM_TARGET") or find_file(profile, os.environ, Path.cwd()))


def _browser(choice: BrowserChoice, *, fix: bool) -> Check:
    """Whether the browser starts, after what was done about it."""
    check = asyncio.run(browser_check(choice))
    remedies: Iterator[tuple[str, ...]] = steps(choice.engine or Engine.CHROMIUM) if fix else iter(())
    for step in remedies:
        if check.ok:
            break
        click.echo(f"running  {shlex.join(step)}")
        subprocess.run(step, check=False)  # noqa: S603 - commands of our own; whether they helped is looked at next
        check = asyncio.run(browser_check(choice))
    return check


def _show(checks: list[Check]) -> int:
    """Print them; how many are problems."""
    width = max(len(check.name) for check in checks)
    for check in checks:
        click.echo(f"{'ok' if check.ok else 'problem':<7}  {check.name:<{width}}  {printable(check.said)}")
        if check.fix:
            click.echo(f"         {'fix:':>{width}}  {printable(check.fix)}")
    problems = sum(not check.ok for check in checks)
    click.echo(f"{problems} problem{'s' * (problems != 1)}" if problems else "everything is in order")
    return problems


def _silent(event: RunEvent, /) -> None:
    """The checks say it all."""
