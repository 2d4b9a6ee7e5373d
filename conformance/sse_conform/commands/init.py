"""``conform init``: look at a service and write a commented profile of it."""

import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

import click

from sse_conform.discovery.draft import KEY_REFERENCE, Draft
from sse_conform.discovery.entry import Person
from sse_conform.discovery.explore import Given, explore
from sse_conform.discovery.page import Filling, fill_page
from sse_conform.discovery.profile_facts import facts_of, head_of, hints_of, off_in
from sse_conform.errors import TargetError, UsageError
from sse_conform.profile import Tls
from sse_conform.profile_checks import url_problems
from sse_conform.profile_file import variables_used
from sse_conform.profile_layers import read_file
from sse_conform.profile_problem import Problem
from sse_conform.secret import SecretError, Vault, is_reference

#: The address in the template that ``--target`` replaces.
EXAMPLE = "http://127.0.0.1:3000"
DEFAULT_FILE = Path("conform.toml")


@dataclass(frozen=True, kw_only=True, slots=True)
class InitOptions:
    """What the command line gives; empty where nothing was said."""

    target: str | None
    openapi: str
    stream: str
    username: str
    password_from: str
    admin_username: str
    admin_password_from: str
    key_from: str
    ca_file: str
    insecure: bool
    sign_up: bool
    offline: bool
    yes: bool
    force: bool
    file: Path


@click.command("init")
@click.option("--target", metavar="URL", help="The service to look at; without it an example is written.")
@click.option("--openapi", metavar="FILE|URL", default="", help="Its API description; else the usual places are tried.")
@click.option("--stream", metavar="PATH", default="", help="The path of the stream route, where it is not found.")
@click.option("--username", metavar="NAME", default="", help="An account that exists.")
@click.option("--password-from", metavar="REFERENCE", default="", help="Its password, as env:NAME or file:PATH.")
@click.option("--admin-username", metavar="NAME", default="", help="An account that may raise alerts.")
@click.option("--admin-password-from", metavar="REFERENCE", default="", help="Its password, in the same way.")
@click.option("--key-from", metavar="REFERENCE", default="", help="The signing key of the tokens; else env:JWT_SECRET.")
@click.option("--ca-file", metavar="FILE", default="", help="The authority of the target's certificate, in PEM.")
@click.option("--insecure", is_flag=True, help="Trust any certificate: for test targets.")
@click.option("--sign-up/--no-sign-up", default=True, help="Whether one account may be made to see the answers.")
@click.option("--offline", is_flag=True, help="Ask nothing of the target: write an example with its address.")
@click.option("-y", "--yes", is_flag=True, help="Ask nothing, at a terminal too.")
@click.option("--force", is_flag=True, help="Write over FILE where it exists.")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False), default=DEFAULT_FILE)
def command(**given: Any) -> None:  # noqa: ANN401 - click gives them by name
    """
    Look at a service and write a commented target profile to FILE (conform.toml).

    At most 60 requests are made, at most 4 of them on the stream route, and one account is made where the service has a
    sign-up. Each line says where it comes from; what was not found is an example. Secrets are named, never written.
    At a terminal it asks for what it is not told.
    """
    options = InitOptions(**given)
    if options.file.parts[0] in {"http:", "https:"}:
        raise UsageError("FILE is the address of a service", hint="conform init --target URL [FILE]")
    if options.file.exists() and not options.force:
        raise UsageError(f"{options.file} exists and is left alone", hint="give --force, or name another file")
    if not options.yes and sys.stdin.isatty():
        from sse_conform.commands.init_questions import asked  # noqa: PLC0415 - only for a person

        options = asked(options)
    for problem in [*url_problems("--target", options.target or EXAMPLE), *_problems(options)]:
        raise UsageError(f"{problem.path} {problem.what}", hint=problem.remedy)
    draft = _draft(options)
    try:
        options.file.write_text(page_of(draft), encoding="utf-8")
    except OSError as error:
        raise UsageError(
            f"{options.file} cannot be written: {error.strerror}", hint="name a file you may write"
        ) from None
    _say_what_next(options, draft)


def template(target: str) -> str:
    """The commented profile for a target that nobody looked at."""
    return page_of(Draft(url=target))


def _draft(options: InitOptions) -> Draft:
    """What is known of the target: without one nobody is asked."""
    if options.offline or not options.target:
        return Draft(url=options.target or EXAMPLE)
    vault = Vault(environ=os.environ, folder=options.file.absolute().parent)

    def person(username: str, reference: str) -> Person | None:
        if not username:
            return None
        try:
            return Person(username=username, password=vault.open(reference), reference=reference)
        except SecretError as trouble:
            raise UsageError(f"the password of {username} {trouble.what}", hint=trouble.remedy) from None

    given = Given(
        url=options.target,
        tls=Tls(verify=not options.insecure, ca_file=str(Path(options.ca_file).resolve()) if options.ca_file else ""),
        openapi=options.openapi,
        stream=options.stream,
        person=person(options.username, options.password_from),
        admin=person(options.admin_username, options.admin_password_from),
        key_reference=options.key_from or KEY_REFERENCE,
        may_sign_up=options.sign_up,
    )
    try:
        return explore(given)
    except TargetError as trouble:
        trouble.hint += "; or write an example without asking it: conform init --offline"
        raise


def page_of(draft: Draft) -> str:
    """The profile as a commented page."""
    text = (files("sse_conform") / "profile_template.toml").read_text(encoding="utf-8")
    filling = Filling(facts=facts_of(draft), hints=hints_of(draft), off=off_in(draft), head=tuple(head_of(draft)))
    return fill_page(text, filling)


def _problems(options: InitOptions) -> Iterator[Problem]:
    """Secrets are referred to, and names and passwords go together."""
    for name in ("password_from", "admin_password_from", "key_from"):
        value, flag = getattr(options, name), f"--{name.replace('_', '-')}"
        if value and not is_reference(value):
            remedy = f"name where the secret is, never the secret itself: {flag} env:NAME"
            yield Problem(path=flag, what="is no reference", remedy=remedy)
    for username, password in (("username", "password_from"), ("admin_username", "admin_password_from")):
        if bool(getattr(options, username)) != bool(getattr(options, password)):
            flags = [f"--{name.replace('_', '-')}" for name in (username, password)]
            yield Problem(path=" and ".join(flags), what="go together", remedy=f"give both: {flags[1]} env:NAME")


def _say_what_next(options: InitOptions, draft: Draft) -> None:
    """What is left to do, which variables the file needs, and how to try it."""
    missing = sorted(set(variables_used(read_file(options.file))) - os.environ.keys())
    click.echo(f"{options.file} written. Every line says where it comes from; read it through.")
    if draft.asked and draft.to_fill_in:
        click.echo("Not found, and to be filled in by hand where it exists:")
    for part in draft.to_fill_in if draft.asked else ():
        click.echo(f"  {part}")
    for name in missing:
        click.echo(f"  export {name}=...   # the profile refers to it")
    option = "" if options.file == DEFAULT_FILE else f" --profile {options.file}"
    click.echo(f"Then try it: conform doctor{option}")
