"""The command that serves; its options are the settings. Heavy imports wait until something is served."""

import json
import os
import resource
import sys
from collections.abc import Callable, Container, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

import click

from sse_conform_server.settings import SECRETS, Settings, SettingsError, description, field_types, load

if TYPE_CHECKING:
    from sse_conform_server.faults.fault import Fault
    from sse_conform_server.oddities.oddity import Oddity
    from sse_conform_server.variant import Variant

PROMISE = "the profile has to say: "
"""Precedes each line of TOML that a target profile needs for an oddity."""


def _options(command: Callable[..., None]) -> Callable[..., None]:
    """One option for each setting, save the secrets; what is not given stays `None`."""
    for name, annotated in reversed(field_types().items()):
        if name in SECRETS:
            continue
        flag, kind = f"--{name.replace('_', '-')}", get_args(annotated)[0]
        extra: dict[str, Any] = {"help": description(name), "default": None, "show_default": _default(name)}
        match kind:
            case _ if kind is bool:
                flag = f"{flag}/--no-{flag.removeprefix('--')}"
            case _ if kind in (int, float):
                extra["type"] = kind
            case _ if kind is str:
                extra["type"] = str
            case _:
                extra["help"] += " Comma-separated."
        command = click.option(flag, name, **extra)(command)
    return command


def _default(name: str) -> str | bool:
    value = getattr(Settings(), name)
    if isinstance(value, tuple):
        value = ",".join(value)
    return str(value) if value != "" else False


@click.command(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 120})
@click.option("--config", type=click.Path(dir_okay=False, path_type=Path), help="TOML file with settings.")
@click.option("--demo", is_flag=True, help="Fill the database with made-up users and notifications.")
@click.option("--fault", "fault_names", multiple=True, metavar="NAME", help="Break one thing on purpose; repeatable.")
@click.option("--list-faults", is_flag=True, help="Print every fault and leave.")
@click.option(
    "--odd", "odd_names", multiple=True, metavar="NAME", help="Be unusual, and right, in one way; repeatable."
)
@click.option("--list-odd", is_flag=True, help="Print every oddity and leave.")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", help="Of the lists.")
@_options
def serve(
    *,
    config: Path | None,
    demo: bool,
    fault_names: tuple[str, ...],
    list_faults: bool,
    odd_names: tuple[str, ...],
    list_odd: bool,
    form: str,
    **flags: object,
) -> None:
    """
    Run the reference notification service.

    Every option is also an environment variable, SSE_CONFORM_SERVER_<NAME>, and a key of the --config file. The
    secrets jwt_key and admin_password are only that. Prints `listening on URL` when ready.
    """
    from sse_conform_server.faults import catalogue as faults  # noqa: PLC0415 - heavy
    from sse_conform_server.oddities import catalogue as oddities  # noqa: PLC0415 - heavy

    try:
        _demand_apart(odd_names, faults.FAULTS, option="--fault")
        _demand_apart(fault_names, oddities.ODDITIES, option="--odd")
        odd = [oddities.find(name) for name in odd_names]
        broken = [faults.find(name) for name in fault_names]
        if list_faults or list_odd:
            broken_ways = map(_fault_row, faults.FAULTS.values())
            _list([*broken_ways] if list_faults else [*map(_oddity_row, oddities.ODDITIES.values())], form)
            return
        settings = load(file=config, environ=os.environ, flags=flags)
    except (SettingsError, LookupError) as error:
        raise click.UsageError(str(error.args[0])) from None
    for each in odd:
        for path, value in each.promises(settings).items():
            click.echo(f"{PROMISE}{path} = {json.dumps(value)}")
    _serve(settings, [*odd, *broken], demo=demo)


def _demand_apart(names: Iterable[str], others: Container[str], *, option: str) -> None:
    """None of the names is one of those that belong to the other option; else raises `LookupError`."""
    for name in names:
        if name in others:
            raise LookupError(f"`{name}` goes with {option}: {option} {name}")


def _fault_row(one: "Fault") -> dict[str, Any]:
    return {"name": one.name, "summary": one.summary, "breaks": sorted(one.breaks), "perhaps": sorted(one.perhaps)}


def _oddity_row(one: "Oddity") -> dict[str, Any]:
    trap = {"number": one.trap.number, "title": one.trap.title}
    return {
        "name": one.name,
        "summary": one.summary,
        "trap": trap,
        "warns": sorted(one.warns),
        "mutes": sorted(one.mutes),
    }


def _list(rows: list[dict[str, Any]], form: str) -> None:
    """Print name and summary; as JSON the rules that each breaks, too."""
    if form == "json":
        click.echo(json.dumps(rows, indent=2))
        return
    for row in rows:
        click.echo(f"{row['name']:28} {row['summary']}")


def _serve(settings: Settings, variants: "list[Variant]", *, demo: bool) -> None:
    from sse_conform_server.server import run  # noqa: PLC0415 - heavy

    _raise_file_limit()
    try:
        run(settings, variants=variants, ready=_announce, demo=demo)
    except SettingsError as error:
        raise click.UsageError(str(error)) from None
    except OSError as error:
        raise click.ClickException(f"cannot listen on {settings.host}:{settings.port}: {error.strerror}") from None


def _announce(url: str) -> None:
    click.echo(f"listening on {url}")
    sys.stdout.flush()


def _raise_file_limit() -> None:
    """Each stream is an open file; the usual soft limit of 1024 is too low for a notification service."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
