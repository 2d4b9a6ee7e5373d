"""A notification service of one page in this process: obedient, except on routes that a test takes over."""

import asyncio
import contextlib
import json
import ssl
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import parse_qs, urlsplit

import jwt

from sse_conform.driver.operator import Operator
from sse_conform.profile import (
    Account,
    Auth,
    Carrier,
    Numbers,
    Paths,
    Profile,
    RequestTemplate,
    SignUp,
    Tls,
    Trigger,
    Triggers,
    Users,
)
from sse_conform.profile_file import LoadedProfile
from sse_conform.rule import Rule
from sse_conform.run import RunResult, run
from sse_conform.run_events import Listener, RunEvent
from sse_conform.scenario import Scenario
from sse_conform.schedule import Plan
from sse_conform.terms import Terms

from .listening import hang_up
from .records import event, notification

KEY = "the key that signs the tokens of the tiny target"
STREAM_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nCache-Control: no-store\r\n\r\n"


@dataclass(frozen=True, kw_only=True)
class Request:
    method: str
    path: str
    query: dict[str, list[str]]
    headers: dict[str, str]
    body: bytes
    peer: str

    @property
    def document(self) -> Any:
        return json.loads(self.body)

    @property
    def token(self) -> str:
        bearer = self.headers.get("authorization", "").removeprefix("Bearer ")
        cookie = self.headers.get("cookie", "").removeprefix("token=")
        return bearer or cookie or self.query.get("token", [""])[0]


@dataclass(frozen=True)
class Reply:
    status: int
    document: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes | None = None

    def encode(self) -> bytes:
        body = json.dumps(self.document).encode() if self.body is None else self.body
        fields = {"Content-Type": "application/json", "Content-Length": str(len(body))} | self.headers
        lines = [f"HTTP/1.1 {self.status} Reason", *(f"{name}: {value}" for name, value in fields.items())]
        return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


#: Answers a request, or writes what it likes itself and gives None.
Handler = Callable[[Request, asyncio.StreamWriter], Awaitable[Reply | None]]


class TinyTarget:
    """
    ``routes`` holds a handler by "METHOD /path"; ``requests`` holds all that came.

    Users sign up and log in, publish to one another and hear of it on their streams.
    """

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self.tls = tls
        self.requests: list[Request] = []
        self.passwords: dict[str, str] = {
            "alice": "password-of-alice",
            "bob": "password-of-bob",
            "carol": "password-of-carol",
        }
        self.open: dict[str, set[asyncio.StreamWriter]] = defaultdict(set)
        self.items: dict[str, list[dict[str, Any]]] = defaultdict(list)
        self.routes: dict[str, Handler] = {
            "POST /signup": self.sign_up,
            "POST /login": self.log_in,
            "POST /events": self.publish,
            "GET /items": self.poll,
            "GET /stream": self.stream,
        }
        self.url = ""
        self.server: asyncio.Server | None = None
        self._numbers = 0
        self._tasks: set[asyncio.Task[None]] = set()

    def seen(self, route: str) -> list[Request]:
        """The requests on one route, such as "POST /login"."""
        return [request for request in self.requests if f"{request.method} {request.path}" == route]

    def takes_over(self, route: str, *replies: Reply | None) -> None:
        """Answer this route with each of these in turn, then with the last; None never answers."""
        rest = list(replies)

        async def handler(_request: Request, _writer: asyncio.StreamWriter) -> Reply | None:
            reply = rest.pop(0) if len(rest) > 1 else rest[0]
            if reply is None:
                await asyncio.Event().wait()
            return reply

        self.routes[route] = handler

    # the routes

    async def sign_up(self, request: Request, _writer: asyncio.StreamWriter) -> Reply:
        self.passwords[request.document["username"]] = request.document["password"]
        return Reply(201, {"id": f"id-of-{request.document['username']}"})

    async def log_in(self, request: Request, _writer: asyncio.StreamWriter) -> Reply:
        username = request.document["username"]
        if self.passwords.get(username) != request.document["password"]:
            return Reply(401, {"error": "wrong password"})
        token = jwt.encode({"sub": f"id-of-{username}", "name": username}, KEY, algorithm="HS256")
        return Reply(200, {"token": token}, {"Set-Cookie": f"token={token}; Path=/"})

    async def publish(self, request: Request, _writer: asyncio.StreamWriter) -> Reply:
        if self.user_of(request) is None:
            return Reply(401)
        if not request.document["text"]:
            return Reply(400, {"error": "say something"})
        self._numbers += 1
        user = request.document["target"]
        self.items[user].append({"id": self._numbers, "type": "alert", "message": request.document["text"]})
        for writer in self.open[user]:
            writer.write(notification(request.document["text"], id=self._numbers))
        return Reply(201, {"id": self._numbers})

    async def poll(self, request: Request, _writer: asyncio.StreamWriter) -> Reply:
        user = self.user_of(request)
        return Reply(401) if user is None else Reply(200, {"items": self.items[user]})

    async def stream(self, request: Request, writer: asyncio.StreamWriter) -> Reply | None:
        user = self.user_of(request)
        if user is None:
            return Reply(401, {"error": "who are you?"})
        items = self.items[user]
        writer.write(STREAM_HEAD + event("snapshot", {"unread": len(items), "items": items[:-21:-1]}))
        self.open[user].add(writer)
        return None

    def user_of(self, request: Request) -> str | None:
        """The subject of a valid token."""
        try:
            return str(jwt.decode(request.token, KEY, algorithms=["HS256"], options={"require": ["sub"]})["sub"])
        except jwt.InvalidTokenError:
            return None

    # the server

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
                while True:
                    request = await _read(reader, str(writer.get_extra_info("peername")[0]))
                    self.requests.append(request)
                    handler = self.routes.get(f"{request.method} {request.path}")
                    reply = (
                        Reply(404, {"error": "nothing there"}) if handler is None else await handler(request, writer)
                    )
                    if reply is not None:
                        writer.write(reply.encode())
        finally:
            for writers in self.open.values():
                writers.discard(writer)
            writer.close()

    async def hang_up(self) -> None:
        """Listen no more."""
        assert self.server is not None
        await hang_up(self.server)

    async def die(self) -> None:
        """End as a process does: nobody listens any more, and all connections are gone."""
        await self.hang_up()
        for task in self._tasks - {asyncio.current_task()}:
            task.cancel()

    async def rise(self) -> None:
        """Listen again, where it listened before."""
        self.server = await asyncio.start_server(self.serve, "127.0.0.1", urlsplit(self.url).port, ssl=self.tls)

    async def stop(self) -> None:
        """End all connections."""
        for task in self._tasks:
            task.cancel()
        for outcome in await asyncio.gather(*self._tasks, return_exceptions=True):
            if isinstance(outcome, Exception):  # a handler's own mistake; being cancelled is none
                raise outcome

    # how the suite reaches it

    def profile(self, **changes: Any) -> Profile:
        """A profile that makes its accounts by signing them up."""
        trigger = Trigger(
            steps=(RequestTemplate(path="/events", json={"text": "{text}", "target": "{target.id}"}),), id="/id"
        )
        refused = Trigger(steps=(RequestTemplate(path="/events", json={"text": "", "target": "{target.id}"}),))
        credentials = {"username": "{username}", "password": "{password}"}
        fields: dict[str, Any] = {
            "url": self.url,
            "tls": Tls(verify=self.tls is None),
            "auth": Auth(login=RequestTemplate(path="/login", json=credentials), key=KEY, leeway=0.0),
            "users": Users(signup=SignUp(path="/signup", json=credentials, id="/id")),
            "triggers": Triggers(alert=trigger, invalid=refused),
            "numbers": Numbers(heartbeat=2.0, latency=0.5, rate_limit=0, rate_window=0.5),
            "paths": Paths(stream="/stream", polling="/items", metrics="/metrics"),
        } | changes
        return Profile(**fields)

    def loaded(self, **changes: Any) -> LoadedProfile:
        return LoadedProfile(profile=self.profile(**changes), origins={}, secrets=frozenset({KEY}))

    def given(self, *names: str, **changes: Any) -> Users:
        """The accounts of these users, given instead of made."""
        return Users(accounts=tuple(Account(username=name, password=self.passwords[name], **changes) for name in names))


def carried_by(profile: Profile, carrier: Carrier) -> Auth:
    """The same [auth] with the token in another place."""
    fields = {name: getattr(profile.auth, name) for name in profile.auth.__struct_fields__}
    return Auth(**(fields | {"carrier": carrier, "name": "token"}))


async def _read(reader: asyncio.StreamReader, peer: str) -> Request:
    lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    method, target, _ = lines[0].split(" ")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:-2])}
    body = await reader.readexactly(int(headers.get("content-length", 0)))
    parts = urlsplit(target)
    return Request(method=method, path=parts.path, query=parse_qs(parts.query), headers=headers, body=body, peer=peer)


@contextlib.asynccontextmanager
async def tiny_target(tls: ssl.SSLContext | None = None) -> AsyncIterator[TinyTarget]:
    """One that listens on a free port for as long as the block lasts."""
    target = TinyTarget(tls)
    target.server = await asyncio.start_server(target.serve, "127.0.0.1", 0, ssl=tls)
    target.url = f"http{'s' if tls else ''}://127.0.0.1:{target.server.sockets[0].getsockname()[1]}"
    try:
        yield target
    finally:
        await target.hang_up()
        await target.stop()


def quiet(_event: RunEvent, /) -> None:
    """A listener that does not care."""


async def play_on(
    target: TinyTarget,
    *scenes: Scenario,
    rules: tuple[Rule, ...] = (),
    skipped: tuple[tuple[str, str], ...] = (),
    listener: Listener = quiet,
    operator: Operator | None = None,
    **profile: Any,
) -> RunResult:
    """A whole run of these scenes against the target."""
    attempts = sum(scene.most(Terms()) for scene in scenes)
    plan = Plan(rules=rules, scenes=scenes, skipped=skipped, attempts=attempts, most=attempts, seconds=0.0)
    return await run(replace(target.loaded(**profile), operator=operator), plan, listener=listener)
