"""Faults of the connection limit."""

import asyncio
import math
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import cast

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.requests import HTTPConnection
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sse_conform_server.auth import Identity, UnauthorisedError
from sse_conform_server.faults.edges import STREAM_PATH, at_edge
from sse_conform_server.faults.fault import Fault, fault
from sse_conform_server.limiter import Limiter, MovingWindowLimiter
from sse_conform_server.parts import Parts
from sse_conform_server.refusals import Refusals
from sse_conform_server.snapshot import Opening

_STRICT = 4


class _Unlimited:
    async def admit(self, address: str) -> float | None:  # noqa: ARG002 - a limiter's signature
        return None


class _Banning:
    def __init__(self, inner: Limiter) -> None:
        self._inner = inner
        self._banned: set[str] = set()

    async def admit(self, address: str) -> float | None:
        wait = await self._inner.admit(address)
        if wait is not None:
            self._banned.add(address)
        return 1.0 if address in self._banned else None


class _Listening:
    """Tells somebody about each refusal."""

    def __init__(self, inner: Limiter, refused: Callable[[str], None]) -> None:
        self._inner = inner
        self._refused = refused

    async def admit(self, address: str) -> float | None:
        wait = await self._inner.admit(address)
        if wait is not None:
            self._refused(address)
        return wait


class _AsStream(Refusals):
    def too_many_attempts(self, retry_after: float) -> Response:
        """429 in the stream's own media type."""
        answer = super().too_many_attempts(retry_after)
        answer.headers["content-type"] = "text/event-stream"
        answer.body = b"event: error\ndata: too many\n\n"
        answer.headers["content-length"] = str(len(answer.body))
        return answer


class _Terse(Refusals):
    def too_many_attempts(self, retry_after: float) -> Response:
        """429 without Retry-After."""
        answer = super().too_many_attempts(retry_after)
        del answer.headers["retry-after"]
        return answer


class _InMilliseconds(Refusals):
    def too_many_attempts(self, retry_after: float) -> Response:
        """429 whose Retry-After counts what the limiter counts."""
        return super().too_many_attempts(retry_after * 1000)


def _stricter(parts: Parts) -> Parts:
    limit = max(1, parts.settings.limit // _STRICT)
    return replace(parts, limiter=MovingWindowLimiter(limit=limit, window=parts.settings.window))


def _cutting(parts: Parts) -> Parts:
    cuts: dict[str, asyncio.Event] = defaultdict(asyncio.Event)

    def cut(address: str) -> None:
        cuts.pop(address, asyncio.Event()).set()

    async def middleware(inner: Parts, app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
        gone = cuts[inner.client_address(scope, inner.settings.trusted_proxies)]

        async def cuttable() -> Message:
            waiting = [asyncio.ensure_future(receive()), asyncio.ensure_future(gone.wait())]
            done, pending = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
            for task in pending:
                task.cancel()
            return {"type": "http.disconnect"} if waiting[1] in done else cast("Message", waiting[0].result())

        await app(scope, cuttable, send)

    return at_edge(middleware)(replace(parts, limiter=_Listening(parts.limiter, cut)))


def _breaking_circuit(parts: Parts) -> Parts:
    broken: set[str] = set()

    async def authenticate(inner: Parts, connection: HTTPConnection) -> Identity:
        if inner.client_address(connection.scope, inner.settings.trusted_proxies) in broken:
            raise HTTPException(503, "try again later")
        return await parts.authenticate(inner, connection)

    return replace(parts, limiter=_Listening(parts.limiter, broken.add), authenticate=authenticate)


def _blocking_rest(parts: Parts) -> Parts:
    blocked: dict[str, float] = {}

    async def middleware(inner: Parts, app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
        bearer = Headers(scope=scope).get("authorization", "")

        async def watching(message: Message) -> None:
            if message.get("status") == 429:
                blocked[bearer] = time.monotonic() + inner.settings.window / 2
            await send(message)

        if scope["path"] == STREAM_PATH:
            await app(scope, receive, watching)
        elif time.monotonic() < blocked.get(bearer, 0.0):
            await inner.refusals.too_many_attempts(1.0)(scope, receive, send)
        else:
            await app(scope, receive, send)

    return at_edge(middleware, path="/api/")(parts)


def _muting(parts: Parts) -> Parts:
    muted: set[str] = set()

    async def open_stream(inner: Parts, identity: Identity, last_event_id: str | None) -> Opening:
        opening = await parts.open_stream(inner, identity, last_event_id)
        if identity.user.id in muted:
            inner.hub.unsubscribe(opening.subscription)
        return opening

    async def middleware(inner: Parts, app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
        async def watching(message: Message) -> None:
            if message.get("status") == 429:
                muted.add((await inner.authenticate(inner, HTTPConnection(scope))).user.id)
            await send(message)

        await app(scope, receive, watching)

    return at_edge(middleware)(replace(parts, open_stream=open_stream))


def _counting(*, refused: bool) -> Callable[[Parts], Parts]:
    """Count attempts only once their token was judged: the good ones, or the bad ones."""

    def apply(parts: Parts) -> Parts:
        async def check(inner: Parts, connection: HTTPConnection) -> None:
            address = inner.client_address(connection.scope, inner.settings.trusted_proxies)
            wait = await parts.limiter.admit(address)
            if wait is not None:
                raise HTTPException(429, "too many attempts", headers={"Retry-After": str(max(1, math.ceil(wait)))})

        async def authenticate(inner: Parts, connection: HTTPConnection) -> Identity:
            counted = connection.scope["path"] == STREAM_PATH
            try:
                identity = await parts.authenticate(inner, connection)
            except UnauthorisedError:
                if counted and refused:
                    await check(inner, connection)
                raise
            if counted and not refused:
                await check(inner, connection)
            return identity

        return replace(parts, limiter=_Unlimited(), authenticate=authenticate)

    return apply


def _believing(scope: Scope, trusted: Sequence[str]) -> str:  # noqa: ARG001 - the part's signature
    client = scope.get("client")
    return Headers(scope=scope).get("x-forwarded-for", str(client[0]) if client else "")


FAULTS: tuple[Fault, ...] = (
    fault(
        "no-limit",
        "Connection attempts are not limited.",
        lambda parts: replace(parts, limiter=_Unlimited()),
        "rate_limit.exists",
    ),
    fault(
        "limit-too-strict",
        "Only a quarter of the attempts agreed is allowed.",
        _stricter,
        "rate_limit.not-too-tight",
    ),
    fault(
        "limit-counts-admitted-only",
        "Only attempts with a good token count: guessing tokens is free.",
        _counting(refused=False),
        "rate_limit.counts-all",
    ),
    fault(
        "limit-counts-refused-only",
        "Only attempts with a bad token count: a reconnect storm is free.",
        _counting(refused=True),
        "rate_limit.exists",
        "rate_limit.counts-all",
    ),
    fault(
        "limit-429-as-stream",
        "The 429 is declared an event stream.",
        lambda parts: replace(parts, refusals=_AsStream()),
        "rate_limit.plain-refusal",
    ),
    fault(
        "no-retry-after",
        "The 429 does not say when to come back.",
        lambda parts: replace(parts, refusals=_Terse()),
        "rate_limit.retry-after",
    ),
    fault(
        "retry-after-in-milliseconds",
        "The limiter counts in milliseconds, and Retry-After says so many seconds.",
        lambda parts: replace(parts, refusals=_InMilliseconds()),
        "rate_limit.retry-after",
    ),
    fault(
        "limit-cuts-open-streams",
        "Reaching the limit cuts the streams that the address has open.",
        _cutting,
        "rate_limit.spares-open-streams",
        "stream.no-broken-end",
    ),
    fault(
        "limit-mutes",
        "Who reached the limit is muted and never heard again: admitted after the window, told of nothing live.",
        _muting,
        "delivery.every-tab",
    ),
    fault(
        "limit-blocks-rest",
        "Reaching the limit also blocks REST and polling of that user.",
        _blocking_rest,
        "rate_limit.spares-rest",
    ),
    fault(
        "limit-breaks-circuit",
        "Whoever reached the limit gets 503 once it is over, from a circuit breaker that nobody resets.",
        _breaking_circuit,
        "rate_limit.ends",
        "stream.status-200",
    ),
    fault(
        "limit-forever",
        "Whoever reached the limit once is refused until the server restarts.",
        lambda parts: replace(parts, limiter=_Banning(parts.limiter)),
        "rate_limit.ends",
    ),
    fault(
        "believes-forwarded-for",
        "X-Forwarded-For is believed from anybody: a made-up address gets a fresh allowance.",
        lambda parts: replace(parts, client_address=_believing),
        "rate_limit.forwarded-for",
    ),
)
