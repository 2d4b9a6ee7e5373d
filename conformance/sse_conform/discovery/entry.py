"""How one gets in: the sign-up, the login, and where its answer has the token."""

import secrets
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from sse_conform.discovery.bodies import DOMAIN, Shape, credential_shape, login_variants, variants, words_in
from sse_conform.discovery.client import Client, Reply
from sse_conform.discovery.described import Described
from sse_conform.discovery.fact import GUESSED, Fact
from sse_conform.discovery.words import LOG_IN_PATHS, SIGN_UP_PATHS
from sse_conform.json_pointer import ids_in
from sse_conform.token_places import TokenPlace, token_places

#: The reason of a login whose path somebody named.
GIVEN = "given: --login"
#: So many bodies are tried on one route.
TRIES = 4
#: ... and so many where somebody named the route, so that it is no guess.
NAMED_TRIES = 8

Request = dict[str, Any]


@dataclass(frozen=True, kw_only=True, slots=True)
class Person:
    """
    Somebody who may log in with a password, or has a token.

    ``reference`` is where the profile finds the one or the other (``env:NAME``).
    """

    username: str
    password: str = field(default="", repr=False)
    token: str = field(default="", repr=False)
    reference: str = ""

    @property
    def domain(self) -> str:
        """The part of an address after the at sign; empty where the name is none."""
        return self.username.partition("@")[2]

    def name_in(self, request: Request) -> str:
        """The name that the placeholder stands for: of an address the first part, where the request has the rest."""
        has_domain = bool(self.domain) and f"{{username}}@{self.domain}" in str(request)
        return self.username.partition("@")[0] if has_domain else self.username


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """
    What is known of sign-up and login.

    ``token`` is a genuine one, ``person`` whose it is, ``user_id`` what the sign-up called that person.
    """

    sign_up: Fact[Request] | None = None
    sign_up_id: Fact[str] | None = None
    login: Fact[Request] | None = None
    place: Fact[TokenPlace] | None = None
    token: str = field(default="", repr=False)
    person: Person | None = None
    user_id: str | int | None = None
    notes: tuple[str, ...] = ()


def guessed_login(path: str) -> Fact[Request]:
    """A login at a path that somebody named, with the likeliest body."""
    return Fact(value=next(variants((), DOMAIN)).request(path), why=f"{GIVEN}; its fields are {GUESSED}")


class EntryFinder:
    """Looks for the two routes: as the API describes them, else where they usually are."""

    def __init__(
        self, client: Client, described: Described, person: Person | None, *, may_sign_up: bool, login: str = ""
    ) -> None:
        self._client = client
        self._described = described
        self._person = person
        self._may_sign_up = may_sign_up
        self._login = login
        self._domain = person.domain if person and person.domain else DOMAIN
        self._absent: dict[str, int] = {}

    def find(self) -> Entry:
        """Sign up where that is allowed, log in, and look for the token; who has one needs no login."""
        entry = self._sign_up()
        person = self._person
        if person is None or not person.token:
            return self._log_in(entry)
        self._person = None
        known = self._log_in(entry) if self._login or self._described.login else entry
        return replace(known, token=person.token, person=person, user_id=None)

    # signing up

    def _sign_up(self) -> Entry:
        operation = self._described.sign_up
        shape = operation and credential_shape(operation.fields, form=operation.form, domain=self._domain)
        if operation and shape:
            request = shape.request(operation.path)
            entry = Entry(sign_up=Fact(value=request, why=f"found in {self._described.name}"))
            return self._new_account(entry, operation.path, [shape]) if self._may_sign_up else entry
        if not self._may_sign_up:
            return Entry()
        for path, evidence in self._existing(SIGN_UP_PATHS):
            entry = self._new_account(Entry(), path, self._shapes(evidence))
            if entry.sign_up:
                return entry
        return Entry()

    def _new_account(self, entry: Entry, path: str, shapes: Iterable[Shape]) -> Entry:
        """Make one account, and remember it as the person who logs in where nobody was given."""
        newcomer = Person(username=f"conform-{secrets.token_hex(4)}", password=f"Aa1-{secrets.token_urlsafe(15)}")
        request, reply = self._try(path, shapes, newcomer)
        if not reply.ok:
            said = f"{reply.status} {reply.text[:80]!r}" if reply.status else "nothing"
            return replace(entry, notes=(*entry.notes, f"POST {path} made no account: it answered {said}"))
        self._person = self._person or newcomer
        why = entry.sign_up.why if entry.sign_up else f"POST {path} answered {reply.status}"
        pointer, value = next(iter(ids_in(reply.document)), ("", None))
        found = Fact(value=pointer, why=f"the answer to POST {path} has it there") if pointer else None
        note = f"one account was made by POST {path}: {newcomer.username}"
        own = value if self._person is newcomer else None
        return replace(
            entry, sign_up=Fact(value=request, why=why), sign_up_id=found, user_id=own, notes=(*entry.notes, note)
        )

    # logging in

    def _log_in(self, entry: Entry) -> Entry:
        operation = self._described.login_at(self._login)
        shape = operation and credential_shape(operation.fields, form=operation.form, domain=self._domain)
        if operation and shape:
            why = f"found in {self._described.name}"
            return self._logged_in(entry, operation.path, [shape], why=why)
        if self._login:
            evidence = words_in(self._client.ask("POST", self._login, json={}).text)
            named = list(login_variants(evidence, self._domain))
            return self._logged_in(entry, self._login, named, why=f"{GIVEN}; its fields are {GUESSED}")
        guess = None
        for path, evidence in self._existing(LOG_IN_PATHS):
            shapes = list(self._shapes(evidence))
            if self._person is None:
                request = shapes[0].request(path)
                return replace(entry, login=Fact(value=request, why=f"POST {path} exists; its fields are {GUESSED}"))
            tried = self._logged_in(entry, path, shapes, why="")
            if tried.token:
                return tried
            guess = guess or tried
        return guess or entry

    def _logged_in(self, entry: Entry, path: str, shapes: Iterable[Shape], *, why: str) -> Entry:
        first, *others = shapes
        if self._person is None:
            return replace(entry, login=Fact(value=first.request(path), why=why))
        request, reply = self._try(path, self._as_they_said(entry, [first, *others]), self._person)
        if not reply.ok:
            note = f"POST {path} did not log {self._person.username} in: {reply.status} {reply.text[:80]!r}"
            reason = why or f"POST {path} exists; its fields are {GUESSED}"
            return replace(entry, login=Fact(value=first.request(path), why=reason), notes=(*entry.notes, note))
        seen = (
            f"{GIVEN}, and it answered {reply.status}" if self._login else why or f"POST {path} answered {reply.status}"
        )
        login = Fact(value=request, why=seen)
        found = token_places(reply.document, reply.cookies, reply.headers)
        if not found:
            note = f"POST {path} answered {reply.status}, but no token was found in its body, cookies or headers"
            return replace(entry, login=login, notes=(*entry.notes, note))
        place = Fact(value=found[0], why=f"the answer to POST {path} has it there")
        return replace(entry, login=login, place=place, token=found[0].token, person=self._person)

    def _as_they_said(self, entry: Entry, shapes: list[Shape]) -> list[Shape]:
        """Whoever signed up with certain fields probably logs in with the same."""
        if entry.sign_up is None:
            return shapes
        used = set(entry.sign_up.value.get("json") or entry.sign_up.value.get("form") or {})
        return sorted(shapes, key=lambda shape: len(used ^ set(shape.body)) + 10 * shape.form)

    # trying

    def _shapes(self, evidence: set[str]) -> Iterator[Shape]:
        return variants(evidence, self._domain)

    def _existing(self, paths: Iterable[str]) -> Iterator[tuple[str, set[str]]]:
        """The paths on which a POST is taken, each with what the refusal of an empty one names."""
        for path in paths:
            reply = self._client.ask("POST", path, json={})
            if reply.status not in {0, 404, 405, 501} and reply.status != self._status_of_nothing(path):
                yield path, words_in(reply.text)

    def _status_of_nothing(self, path: str) -> int:
        """What a POST to a route gives that cannot exist, under the same first part of the path."""
        top = path.split("/")[1] if path.count("/") > 1 else ""
        if top not in self._absent:
            nowhere = f"{'/' + top if top else ''}/conform-{secrets.token_hex(4)}"
            self._absent[top] = self._client.ask("POST", nowhere, json={}).status
        return self._absent[top]

    def _try(self, path: str, shapes: Iterable[Shape], person: Person) -> tuple[Request, Reply]:
        """The first body that is accepted, else the last one tried; what a refusal names is tried next."""
        left, last = list(shapes), (Request(), Reply())
        for _ in range(NAMED_TRIES if path == self._login else TRIES):
            if not left:
                break
            shape = left.pop(0)
            request = shape.request(path)
            values = {"username": person.name_in(request), "password": person.password}
            reply = self._client.send(request, values)
            last = request, reply
            if reply.ok or reply.status == 429:
                break
            if reply.status == 415:
                left.sort(key=lambda other: other.form is shape.form)
            elif named := words_in(reply.text) - shape.body.keys():
                left.sort(
                    key=lambda other: (other.form is not shape.form, -len(named & set(other.body)), len(other.body))
                )
            elif words_in(reply.text):  # it knows these fields, and may look for them in a form
                left.sort(key=lambda other: other.body != shape.body)
        return last
