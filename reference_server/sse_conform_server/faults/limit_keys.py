"""Faults of what the connection limit goes by, and for how long."""

import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import jwt
from starlette.datastructures import Headers
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Receive, Scope, Send

from sse_conform_server.faults.authentication import bearer_of
from sse_conform_server.faults.edges import at_edge
from sse_conform_server.faults.fault import Fault, fault
from sse_conform_server.limiter import MovingWindowLimiter
from sse_conform_server.parts import Parts

_SHARE = 0.1
"""A counter is kept for so much of the window after the last attempt."""


def _limited_by(key: Callable[[Scope, str], str | None]) -> Callable[[Parts], Parts]:
    """Count attempts by another key than the address, which `key` is given as well; `None` counts nothing."""

    def apply(parts: Parts) -> Parts:
        limiter = MovingWindowLimiter(limit=parts.settings.limit, window=parts.settings.window)

        async def middleware(inner: Parts, app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
            counted = None
            if scope["method"] == "GET":
                counted = key(scope, parts.client_address(scope, parts.settings.trusted_proxies))
            wait = None if counted is None else await limiter.admit(counted)
            if wait is None:
                await app(scope, receive, send)
            else:
                await inner.refusals.too_many_attempts(wait)(scope, receive, send)

        return at_edge(middleware)(replace(parts, limiter=_Elsewhere()))

    return apply


class _Elsewhere:
    async def admit(self, address: str) -> float | None:  # noqa: ARG002 - a limiter's signature
        return None


def _user(scope: Scope, address: str) -> str:
    try:
        claims: dict[str, Any] = jwt.decode(bearer_of(HTTPConnection(scope)) or "", options={"verify_signature": False})
    except jwt.PyJWTError:
        return address
    return str(claims.get("sub", address))


def _url(scope: Scope, address: str) -> str:
    return f"{address} {scope['path']}?{scope['query_string'].decode('latin-1')}"


def _first_attempt(scope: Scope, address: str) -> str | None:
    return None if "last-event-id" in Headers(scope=scope) else address


class _Expiring:
    """Keeps a counter with a time to live, which each attempt sets anew: in too small a unit."""

    def __init__(self, limit: int, seconds: float) -> None:
        self._limit, self._seconds = limit, seconds
        self._counted: dict[str, tuple[int, float]] = {}

    async def admit(self, address: str) -> float | None:
        now = time.monotonic()
        count, then = self._counted.get(address, (0, now))
        count = count + 1 if now - then < self._seconds else 1
        self._counted[address] = (count, now)
        return None if count <= self._limit else self._seconds


FAULTS: tuple[Fault, ...] = (
    fault(
        "limit-by-user",
        "Attempts are counted for each user: whoever has many accounts has no limit.",
        _limited_by(_user),
        "rate_limit.by-address",
    ),
    fault(
        "limit-by-url",
        "The limiter's key is the address with the URL, query and all: each new query begins anew.",
        _limited_by(_url),
        "rate_limit.by-address",
    ),
    fault(
        "limit-spares-resumes",
        "Who comes with a Last-Event-ID had been admitted before, and is not counted.",
        _limited_by(_first_attempt),
        "rate_limit.by-address",
    ),
    fault(
        "limit-in-another-unit",
        "The time to live of the counter is given in too small a unit: after a moment everything is forgotten.",
        lambda parts: replace(parts, limiter=_Expiring(parts.settings.limit, _SHARE * parts.settings.window)),
        "rate_limit.lasts",
    ),
)
