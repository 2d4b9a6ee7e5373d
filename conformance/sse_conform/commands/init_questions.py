"""The questions of `conform init` to a person at a terminal: only what the command line did not say."""

import re
from dataclasses import replace
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from sse_conform.commands.init import InitOptions

_NO_NAME = re.compile(r"[^A-Z0-9]+")


def asked(options: "InitOptions") -> "InitOptions":
    """The options with the answers; an empty one means that it is not known."""
    click.echo(
        "What you do not know may stay empty. Secrets are named by reference (env:NAME or file:PATH), never typed."
    )
    target = options.target or click.prompt("Address of the service")
    login = options.login or _ask("Path of the login route (empty: look for it)")
    stream = options.stream or _ask("Path of the stream route (empty: look for it)")
    openapi = options.openapi or _ask("API description, a file or an address (empty: look for it)")
    username, password = options.username, options.password_from
    if not options.token_from:
        username, password = _account("An account that exists, to log in with", username, password)
    sign_up = options.sign_up and click.confirm("May one account be made, where there is a sign-up?", default=True)
    admin, admin_password = _account(
        "An account that may raise alerts", options.admin_username, options.admin_password_from
    )
    key = options.key_from or _ask(
        "Where the key is that signs the tokens (empty: env:JWT_SECRET where it is a secret)"
    )
    return replace(
        options,
        target=target,
        login=login,
        stream=stream,
        openapi=openapi,
        username=username,
        password_from=password,
        sign_up=sign_up,
        admin_username=admin,
        admin_password_from=admin_password,
        key_from=key,
    )


def _ask(question: str) -> str:
    return str(click.prompt(question, default="", show_default=False))


def _account(question: str, username: str, password: str) -> tuple[str, str]:
    name = username or _ask(f"{question} (empty: none)")
    if not name or password:
        return name, password
    variable = _NO_NAME.sub("_", name.partition("@")[0].upper()).strip("_") or "ACCOUNT"
    return name, str(click.prompt("Where its password is", default=f"env:{variable}_PASSWORD"))
