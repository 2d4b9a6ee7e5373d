"""The API description of a target, where there is one, and what its operations seem to be for."""

import importlib
import json
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit

from sse_conform.discovery.client import EVENT_STREAM, Client, Reply
from sse_conform.discovery.description import Operation, is_description, operations
from sse_conform.discovery.words import DESCRIPTION_PAGES, DESCRIPTION_PATHS
from sse_conform.errors import UsageError

_LOG_IN = re.compile(r"log-?_?\s?in\b|sign-?_?\s?in\b|token|session|authenticat")
_SIGN_UP = re.compile(r"sign-?_?\s?up|regist|create[_\s-]?(user|account)|/(users|accounts)/?$")
_NO_LOG_IN = re.compile(r"regist|sign-?_?up|\b(reset|forgot|change|refresh|revoke|verify)")
_LOG_OUT = re.compile(r"log-?_?\s?out|sign-?_?\s?out")
_STREAM = re.compile(r"stream|\bsse\b|server-sent|event-?source")
_POLLING = re.compile(r"notifications?/?$|notifications?/(list|recent|unread|poll)/?$")
_ME = re.compile(r"/(me|whoami|profile|current[_-]?user)/?$")
#: How a page names the document that it shows: Swagger UI, FastAPI, ReDoc, Scalar.
_LINK = re.compile(
    r"""(?:url|spec-url|data-url|href)["']?\s*[:=]\s*["']([^"']*(?:openapi|swagger|api-docs)[^"']*)["']"""
)
#: Files of Swagger UI itself, which its pages link as well.
_ASSET = re.compile(r"\.(css|js|png|html?|ico)$")

GET, POST = "GET", "POST"


@dataclass(frozen=True, kw_only=True, slots=True)
class Described:
    """The operations of a description called ``name``; none where nothing was found."""

    name: str = ""
    operations: tuple[Operation, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.operations)

    @property
    def sign_up(self) -> Operation | None:
        """The operation that makes an account: one with a password, called so."""
        return self._first(lambda o: o.method == POST and _takes_password(o) and bool(_SIGN_UP.search(o.label)))

    @property
    def login(self) -> Operation | None:
        """The operation that gives a token for a password."""
        return self._first(
            lambda o: (
                o.method == POST
                and _takes_password(o)
                and bool(_LOG_IN.search(o.label))
                and not _NO_LOG_IN.search(o.label)
            )
        )

    def login_at(self, path: str) -> Operation | None:
        """The operation at the path that somebody named as the login's; without one, what seems to be the login."""
        return self._first(lambda o: o.method == POST and o.path == path) if path else self.login

    @property
    def logout(self) -> Operation | None:
        """The operation that ends a session: called so, or the DELETE beside the login."""
        login = self.login
        return self._first(
            lambda o: (
                o.method in {POST, "DELETE"}
                and not o.parameters
                and (bool(_LOG_OUT.search(o.label)) or bool(login and o.method == "DELETE" and o.path == login.path))
            )
        )

    @property
    def stream(self) -> Operation | None:
        """The event stream: by its media type, else by its name."""
        gets = [o for o in self.operations if o.method == GET and not o.parameters]
        typed = [o for o in gets if any(kind.startswith(EVENT_STREAM) for kind in o.media_types)]
        named = [o for o in gets if _STREAM.search(o.words)]
        return min(typed or named, key=lambda o: "notif" not in o.words, default=None)

    @property
    def polling(self) -> Operation | None:
        """The list of notifications that a client without a stream asks for."""
        return self._first(lambda o: o.method == GET and not o.parameters and bool(_POLLING.search(o.path.lower())))

    @property
    def metrics(self) -> Operation | None:
        """The metrics."""
        return self._first(lambda o: o.method == GET and o.path.rstrip("/").endswith(("/metrics", "/prometheus")))

    @property
    def me(self) -> Operation | None:
        """A cheap request about oneself."""
        return self._first(lambda o: o.method == GET and bool(_ME.search(o.path.lower())))

    def _first(self, wanted: Callable[[Operation], bool]) -> Operation | None:
        """The operation with the shortest path that is wanted."""
        return min((o for o in self.operations if wanted(o)), key=lambda o: (len(o.path), o.path), default=None)


def _takes_password(operation: Operation) -> bool:
    names = [inner.name for field in operation.fields for inner in (field, *field.fields)]
    return any("pass" in name.lower() for name in names)


def read_description(given: str, base_path: str) -> Described:
    """A description in a file; UsageError where it cannot be read, or is none."""
    try:
        text = Path(given).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"--openapi {given} cannot be read: {error}", hint="name a file or an address") from None
    document = _parsed(text)
    if not is_description(document):
        hint = "give OpenAPI 3 or Swagger 2.0 as JSON" + ("" if _yaml() else "; for YAML install PyYAML beside conform")
        raise UsageError(f"--openapi {given} is no API description", hint=hint)
    return Described(name=given, operations=operations(document, base_path))


def fetch_description(client: Client, base_path: str, given: str = "") -> Described:
    """The description at the address given, else wherever descriptions commonly are."""
    for path, reply in _documents(client, (given,) if given else DESCRIPTION_PATHS):
        document = _parsed(reply.text)
        if is_description(document):
            return Described(name=path, operations=operations(document, base_path))
    if given:
        raise UsageError(f"--openapi {given} is no API description", hint="give OpenAPI 3 or Swagger 2.0 as JSON")
    for page in DESCRIPTION_PAGES:
        reply = client.ask("GET", page)
        for link in _links(page, reply) if reply.ok else ():
            document = _parsed(client.ask("GET", link).text)
            if is_description(document):
                return Described(name=link, operations=operations(document, base_path))
    return Described()


def _documents(client: Client, paths: Iterable[str]) -> Iterator[tuple[str, Reply]]:
    for path in paths:
        reply = client.ask("GET", path)
        if reply.ok:
            yield path, reply


def _links(page: str, reply: Reply) -> list[str]:
    """The documents that a page names, on the same host; of a page in several parts the next part is not followed."""
    found = [urljoin(page, link) for link in _LINK.findall(reply.text) if not _ASSET.search(link)]
    return [link for link in dict.fromkeys(found) if not urlsplit(link).netloc][:2]


def _parsed(text: str) -> Any:  # noqa: ANN401 - any JSON value
    """JSON, or YAML where a reader of it is installed; None for anything else."""
    try:
        return json.loads(text)
    except ValueError:
        yaml = _yaml()
    if yaml is None or text.lstrip().startswith("<"):
        return None
    try:
        return yaml.safe_load(text)
    except yaml.YAMLError:
        return None


def _yaml() -> Any:  # noqa: ANN401 - a module that need not be there
    try:
        return importlib.import_module("yaml")
    except ImportError:
        return None
