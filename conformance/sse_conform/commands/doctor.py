"""``conform doctor``: try target and profile step by step."""

import asyncio
import os
import shlex
import subprocess
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import click

from sse_conform.browser_install import steps
from sse_conform.doctor.check import Check, Standing
from sse_conform.doctor.examination import browser_check, examine
from sse_conform.embedded import EMBEDDED
from sse_conform.errors import UsageError
from sse_conform.exit_code import ExitCode
from sse_conform.options import browser_option, target_options
from sse_conform.printable import printable
from sse_conform.profile import BrowserChoice, Engine
from sse_conform.profile_file import LoadedProfile, load_profile
from sse_conform.profile_layers import find_file
from sse_conform.rules import ALL
from sse_conform.run_events import Message, RunEvent, Waiting

#: The widths of the first two columns: the longest standing, and the longest name of a check.
_STANDING, _NAME = max(len(standing) for standing in Standing), len("trigger vulnerability")


@click.command("doctor")
@target_options
@browser_option
@click.option("--fix", is_flag=True, help="With --browser: install what is missing.")
@click.pass_context
def command(ctx: click.Context, target: str | None, profile: Path | None, browser: str | None, fix: bool) -> None:  # noqa: FBT001 - click's flag
    """
    Try target and profile step by step: what is in order, and how to mend what is not.

    At most 8 attempts on the stream route are made, 3 more where --browser is to try the service's own page; each
    trigger is tried once, and where the profile has a sign-up three accounts are made.
    """
    if target == EMBEDDED:
        raise UsageError("the embedded server needs no doctor", hint="name the address of a service, or a profile")
    if fix and not browser:
        raise UsageError("--fix installs a browser", hint="add --browser")
    said: list[Check] = []
    if browser is None or _names_target(target, profile):
        overrides: dict[str, object] = {"url": target} if target else {}
        if browser:
            overrides["browser.engine"] = browser
        loaded = load_profile(file=profile, overrides=overrides, environ=os.environ)
        click.echo(f"profile  {loaded.file or 'none, the defaults alone'}")
        if loaded.profile.browser.engine:
            said.append(_show(_browser(loaded.profile.browser, fix=fix)))
        said += asyncio.run(_examined(loaded))
    else:
        said.append(_show(_browser(BrowserChoice(engine=Engine(browser)), fix=fix)))
    click.echo(_summary(said))
    ctx.exit(ExitCode.CONFORMS if all(check.ok for check in said) else ExitCode.TARGET)


async def _examined(loaded: LoadedProfile) -> list[Check]:
    return [_show(check) async for check in examine(loaded, ALL, listener=_follow)]


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


def _show(check: Check) -> Check:
    """Print a check as soon as it was made."""
    click.echo(f"{check.standing:<{_STANDING}}  {check.name:<{_NAME}}  {printable(check.said)}")
    if check.fix:
        click.echo(f"{'':<{_STANDING}}  {'fix:':>{_NAME}}  {printable(check.fix)}")
    return check


def _summary(checks: list[Check]) -> str:
    """What is to be done, in one line."""
    standings = Counter(check.standing for check in checks)
    problems, missing = standings[Standing.PROBLEM], standings[Standing.MISSING]
    parts = [f"{problems} problem{'s' * (problems != 1)}"] * bool(problems)
    parts += [f"{missing} part{'s' * (missing != 1)} of the profile missing"] * bool(missing)
    return ", ".join(parts) or "everything is in order; judge it: conform"


def _follow(event: RunEvent, /) -> None:
    """The checks say it all, save why one takes so long."""
    match event:
        case Waiting():
            click.echo(f"waiting for {event.what}, up to {event.seconds:.0f} s", err=True)
        case Message():
            click.echo(printable(event.text), err=True)
        case _:
            pass
