"""``conform init``: write a commented profile to fill in."""

import json
from importlib.resources import files
from pathlib import Path

import click

from sse_conform.errors import UsageError
from sse_conform.profile_checks import url_problems

#: The address in the template that ``--target`` replaces.
EXAMPLE = "http://127.0.0.1:3000"


@click.command("init")
@click.option("--target", metavar="URL", default=EXAMPLE, show_default=True, help="The service to judge.")
@click.argument("file", type=click.Path(path_type=Path), default=Path("conform.toml"))
def command(target: str, file: Path) -> None:
    """Write a commented target profile to FILE (conform.toml); an existing file is left alone."""
    for problem in url_problems("--target", target):
        raise UsageError(f"{problem.path} {problem.what}", hint=problem.remedy)
    try:
        with file.open("x", encoding="utf-8") as out:
            out.write(template(target))
    except FileExistsError:
        raise UsageError(f"{file} exists and is left alone", hint="name another file, or move it away") from None
    except OSError as error:
        raise UsageError(f"{file} cannot be written: {error.strerror}", hint="name a file you may write") from None
    option = "" if file == Path("conform.toml") else f" --profile {file}"
    click.echo(f"{file} written. Fill in accounts and triggers, then try it: conform doctor{option}")


def template(target: str) -> str:
    """The commented profile for a target."""
    text = (files("sse_conform") / "profile_template.toml").read_text(encoding="utf-8")
    return text.replace(json.dumps(EXAMPLE), json.dumps(target), 1)
