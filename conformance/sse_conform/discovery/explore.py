"""From the address of an unknown service to the draft of its profile."""

from dataclasses import dataclass, field, replace
from pathlib import Path
from urllib.parse import urlsplit

from sse_conform.discovery.client import Client
from sse_conform.discovery.described import Described, fetch_description, read_description
from sse_conform.discovery.draft import Draft
from sse_conform.discovery.entry import Entry, EntryFinder, Person, guessed_login
from sse_conform.discovery.fact import Fact
from sse_conform.discovery.routes import RouteFinder, Routes
from sse_conform.profile import Tls


@dataclass(frozen=True, kw_only=True, slots=True)
class Given:
    """What a person said: ``openapi`` is a file or an address, ``login`` and ``stream`` paths of routes, if known."""

    url: str
    tls: Tls = field(default_factory=Tls)
    openapi: str = ""
    login: str = ""
    stream: str = ""
    person: Person | None = None
    admin: Person | None = None
    key_reference: str = ""
    may_sign_up: bool = True


def explore(given: Given) -> Draft:
    """Look at the target with a bounded number of requests; TargetError where it gives no answer at all."""
    base_path = urlsplit(given.url).path
    with Client(given.url, tls=given.tls) as client:
        client.reach()
        described = _description(client, given.openapi, base_path)
        entry = EntryFinder(client, described, given.person, may_sign_up=given.may_sign_up, login=given.login).find()
        routes = RouteFinder(client, described, entry).find(stream=given.stream)
        return replace(
            unasked(given),
            described=described,
            entry=entry,
            routes=routes,
            asked=client.asked,
            exhausted=client.exhausted,
        )


def unasked(given: Given) -> Draft:
    """What a person said, and nothing else: the target is asked nothing."""
    return Draft(
        url=given.url,
        tls=given.tls,
        person=given.person,
        admin=given.admin,
        key_reference=given.key_reference,
        entry=Entry(login=guessed_login(given.login) if given.login else None),
        routes=Routes(stream=Fact(value=given.stream, why="given: --stream") if given.stream else None),
    )


def _description(client: Client, given: str, base_path: str) -> Described:
    if given and "://" not in given and (not given.startswith("/") or Path(given).is_file()):
        return read_description(given, base_path)
    return fetch_description(client, base_path, given)
