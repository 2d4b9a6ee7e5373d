"""A small client of the service, for its tests."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import httpx
from httpx_sse import EventSource, ServerSentEvent

from sse_conform_server.settings import Settings

STREAM = "/api/stream/notifications"
KEY = "a key for tests only, 32 bytes or more"
PATIENCE = 10.0


def make_settings(**changes: Any) -> Settings:
    quick = {
        "port": 0, "database": "memory", "heartbeat": 20.0, "limit": 1000, "open_admin": True, "jwt_key": KEY,
        "password_time_cost": 1, "password_memory": 8, "shutdown_grace": 2.0,
    }  # fmt: skip
    return Settings(**(quick | changes))


@dataclass
class Tab:
    """One open stream."""

    response: httpx.Response
    events: AsyncIterator[ServerSentEvent]
    seen: list[ServerSentEvent] = field(default_factory=list)

    async def next(self) -> ServerSentEvent:
        async with asyncio.timeout(PATIENCE):
            event = await anext(self.events)
        self.seen.append(event)
        return event

    async def until(self, wanted: Callable[[ServerSentEvent], bool]) -> ServerSentEvent:
        while not wanted(event := await self.next()):
            pass
        return event

    async def snapshot(self) -> dict[str, Any]:
        event = await self.next()
        assert event.event == "snapshot"
        return event.json()

    async def notification(self) -> dict[str, Any]:
        return (await self.until(lambda event: event.event == "notification")).json()

    async def ended(self) -> bool:
        """Read to the end of the body; true when it ended by its final chunk."""
        try:
            async with asyncio.timeout(PATIENCE):
                async for event in self.events:
                    self.seen.append(event)
        except (httpx.RemoteProtocolError, httpx.ReadError):
            return False
        return True


@dataclass
class Account:
    id: str
    username: str
    token: str
    http: httpx.AsyncClient
    stack: AsyncExitStack

    @property
    def bearer(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"}

    async def get(self, path: str, **params: Any) -> httpx.Response:
        return await self.http.get(path, params=params, headers=self.bearer)

    async def post(self, path: str, body: Any = None) -> httpx.Response:
        return await self.http.post(path, json=body, headers=self.bearer)

    async def report(self, title: str, **more: Any) -> dict[str, Any]:
        answer = await self.post("/api/vulnerabilities", {"title": title, "assignee": self.id} | more)
        assert answer.status_code == 201, answer.text
        return answer.json()

    async def open(self, **headers: str) -> Tab:
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        stream = self.http.stream("GET", STREAM, headers=self.bearer | given)
        response = await self.stack.enter_async_context(stream)
        return Tab(response, EventSource(response).aiter_sse())


@dataclass
class Client:
    http: httpx.AsyncClient
    stack: AsyncExitStack

    async def account(self, name: str | None = None, **more: str) -> Account:
        credentials = {"username": name or f"user-{uuid4().hex[:8]}", "password": "correct horse"}
        made = await self.http.post("/api/auth/signup", json=credentials | more)
        assert made.status_code == 201, made.text
        login = await self.http.post("/api/auth/login", json=credentials)
        self.http.cookies.clear()
        body = login.json()
        return Account(body["user"]["id"], body["user"]["username"], body["token"], self.http, self.stack)

    async def metric_reaches(self, name: str, wanted: float) -> None:
        """Scrape until the metric has that value."""
        async with asyncio.timeout(PATIENCE):
            while await self.metric(name) != wanted:  # noqa: ASYNC110 - the condition is in another process' hands
                await asyncio.sleep(0.02)

    async def metric(self, name: str) -> float:
        text = (await self.http.get("/metrics")).text
        (line,) = (line for line in text.splitlines() if line.startswith(f"{name} "))
        return float(line.split()[1])


@asynccontextmanager
async def client_of(url: str) -> AsyncIterator[Client]:
    limits = httpx.Limits(max_connections=None)
    timeout = httpx.Timeout(PATIENCE, read=30)
    verify = not url.startswith("https:")  # a certificate of one's own making is trusted by nobody
    http = httpx.AsyncClient(base_url=url, limits=limits, timeout=timeout, verify=verify)
    async with http, AsyncExitStack() as stack:
        yield Client(http, stack)
