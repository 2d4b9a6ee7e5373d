"""``conform init``: look at a service and write a commented profile of it."""

import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

import click

from sse_conform.discovery.draft import EXAMPLE, Draft
from sse_conform.discovery.entry import Person
from sse_conform.discovery.explore import Given, explore, unasked
from sse_conform.discovery.page import Filling, fill_page
from sse_conform.discovery.profile_facts import facts_of, head_of, hints_of, off_in
from sse_conform.discovery.samples import FOLDER, SAMPLES
from sse_conform.driver.trust import client_context
from sse_conform.errors import TargetError, UsageError
from sse_conform.profile import Tls
from sse_conform.profile_checks import url_problems
from sse_conform.profile_file import variables_used
from sse_conform.profile_layers import read_file
from sse_conform.profile_problem import Problem
from sse_conform.secret import SecretError, Vault, is_reference

DEFAULT_FILE = Path("conform.toml")


@dataclass(frozen=True, kw_only=True, slots=True)
class InitOptions:
    """What the command line gives; empty where nothing was said."""

    target: str | None
    openapi: str
    login: str
    stream: str
    username: str
    password_from: str
    token_from: str
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
@click.option("--login", metavar="PATH", default="", help="The path of the login route, where it is not found.")
@click.option("--stream", metavar="PATH", default="", help="The path of the stream route, where it is not found.")
@click.option("--username", metavar="NAME", default="", help="An account that exists.")
@click.option("--password-from", metavar="REFERENCE", default="", help="Its password, as env:NAME or file:PATH.")
@click.option(
    "--token-from", metavar="REFERENCE", default="", help="Its token, where there is no login with a password."
)
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
    sign-up. Each line says where it comes from; what was not found is a comment. Secrets are named, never written.
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
    asks = bool(options.target) and not options.offline
    vault = Vault(environ=os.environ, folder=options.file.absolute().parent)

    def person(username: str, reference: str, *, token: bool = False) -> Person | None:
        kind = "token" if token else "password"
        try:
            # Where nobody is asked no secret is needed: its name is written.
            secret = vault.open(reference) if asks and username else reference
        except SecretError as trouble:
            raise UsageError(f"the {kind} of {username} {trouble.what}", hint=trouble.remedy) from None
        return Person(username=username, reference=reference, **{kind: secret}) if username else None

    own = options.token_from or options.password_from
    tls = Tls(verify=not options.insecure, ca_file=str(Path(options.ca_file).resolve()) if options.ca_file else "")
    if options.ca_file:
        client_context(tls)  # whoever misspells it hears of it now, and not at the first run
    given = Given(
        url=options.target or EXAMPLE,
        tls=tls,
        openapi=options.openapi,
        login=options.login,
        stream=options.stream,
        person=person(options.username, own, token=bool(options.token_from)),
        admin=person(options.admin_username, options.admin_password_from),
        key_reference=options.key_from,
        may_sign_up=options.sign_up,
    )
    if not asks:
        return unasked(given)
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
    for name in ("password_from", "token_from", "admin_password_from", "key_from"):
        value, flag = getattr(options, name), f"--{name.replace('_', '-')}"
        if value and not is_reference(value):
            remedy = f"name where the secret is, never the secret itself: {flag} env:NAME"
            yield Problem(path=flag, what="is no reference", remedy=remedy)
    if options.password_from and options.token_from:
        remedy = "give one of them: who has a token needs no password"
        yield Problem(path="--password-from and --token-from", what="exclude each other", remedy=remedy)
    own = "--token-from" if options.token_from else "--password-from"
    for username, secret, flags in (
        (options.username, options.password_from or options.token_from, ("--username", own)),
        (options.admin_username, options.admin_password_from, ("--admin-username", "--admin-password-from")),
    ):
        if bool(username) != bool(secret):
            remedy = f"give both: {flags[0]} NAME {flags[1]} env:NAME"
            yield Problem(path=" and ".join(flags), what="go together", remedy=remedy)
    for flag, path in (("--login", options.login), ("--stream", options.stream)):
        if path and not path.startswith("/"):
            begun = f"/{path.partition('://')[2].partition('/')[2] if '://' in path else path}"
            what = f"is {path!r}, which is no path"
            yield Problem(path=flag, what=what, remedy=f"begin it with a slash: {flag} {begun}")


def _say_what_next(options: InitOptions, draft: Draft) -> None:
    """What is left to do, which variables the file needs, and how to try it."""
    missing = sorted(set(variables_used(read_file(options.file))) - os.environ.keys())
    click.echo(f"{options.file} written. Every line says where it comes from; read it through.")
    if draft.asked and draft.to_fill_in:
        click.echo("Not found, and to be filled in by hand where it exists:")
    for part in draft.to_fill_in if draft.asked else ():
        click.echo(f"  {part}")
    for unused in _without_effect(options, draft):
        click.echo(f"Without effect: {unused}")
    for name in missing:
        click.echo(f"  export {name}=...   # the profile refers to it")
    option = "" if options.file == DEFAULT_FILE else f" --profile {options.file}"
    if not draft.asked or draft.to_fill_in:
        click.echo(f"The profile of a similar service is the best to copy from; in {FOLDER} of the repository are")
        for name, traits in SAMPLES.items():
            click.echo(f"  {name:<{max(map(len, SAMPLES))}}  {traits}")
    click.echo(f"Then try it: conform doctor{option}")


def _without_effect(options: InitOptions, draft: Draft) -> Iterator[str]:
    """What was given and is not in the file."""
    if options.openapi and not draft.asked:
        yield "--openapi, for the target was asked nothing"
    if options.key_from and draft.token.opaque:
        yield "--key-from, for the token is no JWT"
