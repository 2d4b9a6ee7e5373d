"""
A notification service in plain asyncio that keeps the contract until it is told where to break it.

It runs in a thread of its own, so that a command line under test may block the calling one. Each route is a coroutine
``route(service, request, wire)``; a deviation replaces one route and may fall back to the method of the same name.
"""

import asyncio
import base64
import contextlib
import hashlib
import hmac
import json
import secrets
import socket
import struct
import threading
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from ..listening import hang_up

KEY = "a-signing-key-for-tests-only-0123456789"
HEARTBEAT = 0.5
EVENT_STREAM = (
    b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nCache-Control: no-cache\r\n"
    b"X-Accel-Buffering: no\r\nTransfer-Encoding: chunked\r\n\r\n"
)
SNAPSHOT = b'event: snapshot\ndata: {"unread": 0, "items": []}\nretry: 5000\n\n'
PING = b"event: ping\ndata: {}\n\n"
_LINGER_ZERO = struct.pack("ii", 1, 0)

PROFILE = f"""
[auth]
key = "{KEY}"
token = "/token"
leeway = 0
[auth.login]
path = "/login"
json = {{ username = "{{username}}", password = "{{password}}" }}
[users.signup]
path = "/signup"
json = {{ username = "{{username}}", password = "{{password}}" }}
id = "/id"
[triggers.vulnerability]
[[triggers.vulnerability.steps]]
path = "/publish"
json = {{ title = "{{text}}", assignee = "{{target.id}}" }}
[numbers]
heartbeat = {HEARTBEAT}
latency = 0.4
rate_limit = 0
burst = 20
[[accept_untested]]
rule = "rate_limit.*"
reason = "there is no limiter"
[[accept_untested]]
rule = "delivery.*"
reason = "there is one kind of event"
"""


@dataclass(frozen=True, kw_only=True)
class Request:
    """One request; ``number`` counts those on its route from 1."""

    number: int
    method: str
    target: str
    headers: dict[str, str]
    body: bytes

    @property
    def token(self) -> str:
        scheme, _, token = self.headers.get("authorization", "").partition(" ")
        return token if scheme.lower() == "bearer" else ""

    @property
    def document(self) -> dict[str, Any]:
        return json.loads(self.body)


class Wire:
    """The service's end of one connection."""

    def __init__(self, writer: asyncio.StreamWriter) -> None:
        self.writer = writer

    async def send(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    async def chunk(self, data: bytes) -> None:
        await self.send(b"%x\r\n%s\r\n" % (len(data), data))

    async def answer(self, status: int, body: bytes = b"{}", *head: bytes, kind: bytes = b"application/json") -> None:
        lines = [b"HTTP/1.1 %d X" % status, b"Content-Type: " + kind, b"Content-Length: %d" % len(body), *head]
        await self.send(b"\r\n".join(lines) + b"\r\n\r\n" + body)

    async def hang(self) -> None:
        await asyncio.Event().wait()

    def reset(self) -> None:
        with contextlib.suppress(OSError):  # it is closed already
            self.writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_ZERO)
        self.writer.transport.abort()


Route = Callable[["Service", Request, Wire], Awaitable[None]]


class Service:
    """The service while its ``with`` block lasts; ``url`` is its address."""

    def __init__(self, **deviations: Route) -> None:
        self.requests: Counter[str] = Counter()
        self.tokens: list[str] = []
        self.passwords: list[str] = []
        self._deviations = deviations
        self._users: dict[str, list[dict[str, str]]] = {}
        self._streams: dict[str, list[asyncio.Queue[bytes]]] = {}
        self._loop = asyncio.new_event_loop()
        self._conversations: set[asyncio.Task[None]] = set()
        self._ready = threading.Event()
        self._stop: asyncio.Event
        self._thread = threading.Thread(target=self._loop.run_until_complete, args=(self._serve(),))

    def __enter__(self) -> "Service":
        self._thread.start()
        self._ready.wait()
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join()
        self._loop.close()

    async def _serve(self) -> None:
        self._stop = asyncio.Event()
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0, limit=2**20)
        port = self._server.sockets[0].getsockname()[1]
        self.url = f"http://127.0.0.1:{port}"
        self._ready.set()
        await self._stop.wait()
        await hang_up(self._server)
        while others := asyncio.all_tasks() - {asyncio.current_task()}:  # connections that are just being accepted too
            for task in others:
                task.cancel()
            await asyncio.wait(others)
        for _ in range(3):  # a task's end aborts its transport a turn later, which closes its socket a turn later
            await asyncio.sleep(0)

    async def die(self) -> None:
        """Accept nobody any more, and drop everybody."""
        await hang_up(self._server)
        for task in self._conversations - {asyncio.current_task()}:
            task.cancel()

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = self._loop.create_task(self._converse(reader, writer))
        self._conversations.add(task)

        def end(task: asyncio.Task[None]) -> None:
            self._conversations.discard(task)
            writer.transport.abort()  # here, because a task that is cancelled before its first step never runs

        task.add_done_callback(end)

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        wire = Wire(writer)
        with contextlib.suppress(ConnectionError, EOFError, ValueError, asyncio.CancelledError):
            while not writer.is_closing():
                request, route = await self._read(reader)
                await self._deviations.get(route, getattr(type(self), route))(self, request, wire)

    async def _read(self, reader: asyncio.StreamReader) -> tuple[Request, str]:
        first, *lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")[:-2]
        method, target, _ = first.split(" ", 2)
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        body = await reader.readexactly(int(headers.get("content-length", 0)))
        route = {"/signup": "signup", "/login": "login", "/publish": "publish"}.get(target.split("?")[0], "stream")
        self.requests[route] += 1
        number = self.requests[route]
        return Request(number=number, method=method, target=target, headers=headers, body=body), route

    async def signup(self, request: Request, wire: Wire) -> None:
        name = request.document["username"]
        self.passwords.append(request.document["password"])
        self._users[name] = []
        await wire.answer(201, json.dumps({"id": name}).encode())

    async def login(self, request: Request, wire: Wire) -> None:
        token = sign({"sub": request.document["username"], "exp": int(time.time()) + 600})
        self.tokens.append(token)
        await wire.answer(200, json.dumps({"token": token}).encode())

    async def publish(self, request: Request, wire: Wire) -> None:
        user, message = request.document["assignee"], request.document["title"]
        item = {"id": secrets.token_hex(6), "type": "vulnerability", "message": message}
        self._users[user].insert(0, item)
        for queue in self._streams.get(user, ()):
            queue.put_nowait(b"event: notification\nid: %s\ndata: %s\n\n" % (item["id"].encode(), _json(item)))
        await wire.answer(201)

    async def stream(self, request: Request, wire: Wire) -> None:
        if request.method != "GET":
            await wire.answer(405, b"", b"Allow: GET")
            return
        user = self.user_of(request.token)
        if user is None:
            await wire.answer(401, b'{"error": "unauthorised"}', b"WWW-Authenticate: Bearer")
            return
        queue: asyncio.Queue[bytes] = asyncio.Queue()
        self._streams.setdefault(user, []).append(queue)
        try:
            items = self._users[user]
            snapshot = {"unread": len(items), "items": items[:20]}
            await wire.send(EVENT_STREAM)
            await wire.chunk(b"event: snapshot\nretry: 5000\ndata: %s\n\n" % _json(snapshot))
            while True:
                try:
                    await wire.chunk(await asyncio.wait_for(queue.get(), HEARTBEAT))
                except TimeoutError:
                    await wire.chunk(PING)
        finally:
            self._streams[user].remove(queue)

    def user_of(self, token: str) -> str | None:
        """Whose token it is; None where it is not valid."""
        try:
            signed, _, _ = token.rpartition(".")
            header, claims = (json.loads(_unb64(part)) for part in signed.split("."))
            now = time.time()
            valid = header["alg"] == "HS256" and hmac.compare_digest(token, sign(claims, header))
            fresh = claims["exp"] > now and claims.get("nbf", 0) <= now
            return claims["sub"] if valid and fresh and claims["sub"] in self._users else None
        except (ValueError, KeyError):
            return None


def sign(claims: dict[str, Any], header: dict[str, Any] | None = None) -> str:
    """A JWT with these claims."""
    signed = ".".join(_b64(_json(part, tight=True)) for part in (header or {"alg": "HS256", "typ": "JWT"}, claims))
    return f"{signed}.{_b64(hmac.digest(KEY.encode(), signed.encode(), hashlib.sha256))}"


def _json(value: object, *, tight: bool = False) -> bytes:
    return json.dumps(value, separators=(",", ":") if tight else None).encode()


def _b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _unb64(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
