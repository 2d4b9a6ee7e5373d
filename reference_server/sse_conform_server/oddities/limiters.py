"""Oddities of the connection limit: other ways to count to the same number."""

import time
from collections import Counter, defaultdict, deque
from collections.abc import Callable
from dataclasses import replace
from email.utils import formatdate

from limits import RateLimitItemPerSecond
from limits.aio.storage import MemoryStorage
from limits.aio.strategies import SlidingWindowCounterRateLimiter
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from sse_conform_server.auth import Identity
from sse_conform_server.faults.edges import at_edge
from sse_conform_server.limiter import Limiter
from sse_conform_server.oddities.oddity import Oddity, oddity
from sse_conform_server.oddities.traps import Trap
from sse_conform_server.parts import Parts
from sse_conform_server.refusals import Refusals
from sse_conform_server.snapshot import Opening

_CAP = 8
"""Streams of one user: what a browser's tabs need, and one more for each that the server has not yet seen go."""


class _FixedWindow:
    """Counts in windows that begin at round times: around their border twice as many pass."""

    def __init__(self, limit: int, window: int) -> None:
        self._limit, self._window = limit, window
        self._counts: Counter[tuple[str, int]] = Counter()

    async def admit(self, address: str) -> float | None:
        number, since = divmod(time.time(), self._window)
        self._counts[address, int(number)] += 1
        return None if self._counts[address, int(number)] <= self._limit else self._window - since


class _WholeLog:
    """Remembers every attempt of the last window, the refused ones too, which prolong the wait."""

    def __init__(self, limit: int, window: int) -> None:
        self._limit, self._window = limit, window
        self._log: dict[str, deque[float]] = defaultdict(deque)

    async def admit(self, address: str) -> float | None:
        now, log = time.monotonic(), self._log[address]
        while log and log[0] <= now - self._window:
            log.popleft()
        log.append(now)
        return None if len(log) <= self._limit else self._window


class _Bucket:
    """A bucket of tokens that refills evenly."""

    def __init__(self, limit: int, window: int) -> None:
        self._limit, self._rate = limit, limit / window
        self._buckets: dict[str, tuple[float, float]] = {}

    async def admit(self, address: str) -> float | None:
        now = time.monotonic()
        tokens, then = self._buckets.get(address, (float(self._limit), now))
        tokens = min(self._limit, tokens + (now - then) * self._rate)
        self._buckets[address] = (tokens - 1 if tokens >= 1 else tokens, now)
        return None if tokens >= 1 else (1 - tokens) / self._rate


class _CellRate:
    """The generic cell rate algorithm: one theoretical arrival time for each address, and a burst."""

    def __init__(self, limit: int, window: int) -> None:
        self._every, self._window = window / limit, window
        self._due: dict[str, float] = {}

    async def admit(self, address: str) -> float | None:
        now = time.monotonic()
        due = max(self._due.get(address, now), now) + self._every
        if due - now > self._window:
            return due - now - self._window
        self._due[address] = due
        return None


class _TwoWindows:
    """Weighs the count of the window before with its share of the last window."""

    def __init__(self, limit: int, window: int) -> None:
        self._item = RateLimitItemPerSecond(limit, window)
        self._window = window
        self._limiter = SlidingWindowCounterRateLimiter(MemoryStorage())

    async def admit(self, address: str) -> float | None:
        return None if await self._limiter.hit(self._item, address) else float(self._window)


class _Shared:
    """Somebody else behind the same address comes once a window."""

    def __init__(self, inner: Limiter, window: int) -> None:
        self._inner, self._window = inner, window
        self._next: dict[str, float] = {}

    async def admit(self, address: str) -> float | None:
        now = time.monotonic()
        if self._next.get(address, 0.0) <= now:
            self._next[address] = now + self._window
            await self._inner.admit(address)
        return await self._inner.admit(address)


class _Dated(Refusals):
    def too_many_attempts(self, retry_after: float) -> Response:
        """With a date instead of seconds (RFC 9110 10.2.3)."""
        answer = super().too_many_attempts(retry_after)
        answer.headers["retry-after"] = formatdate(time.time() + retry_after + 1, usegmt=True)
        return answer


def _counting(kind: Callable[[int, int], Limiter]) -> Callable[[Parts], Parts]:
    return lambda parts: replace(parts, limiter=kind(parts.settings.limit, parts.settings.window))


async def _every_method(parts: Parts, app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
    if scope["method"] != "GET":
        wait = await parts.limiter.admit(parts.client_address(scope, parts.settings.trusted_proxies))
        if wait is not None:
            await parts.refusals.too_many_attempts(wait)(scope, receive, send)
            return
    await app(scope, receive, send)


def _capped(parts: Parts) -> Parts:
    async def open_stream(inner: Parts, identity: Identity, last_event_id: str | None) -> Opening:
        if len(tuple(inner.hub.audience(identity.user.id))) >= _CAP:
            raise HTTPException(429, "close another tab first", headers={"Retry-After": "1"})
        return await parts.open_stream(inner, identity, last_event_id)

    return replace(parts, open_stream=open_stream)


ODDITIES: tuple[Oddity, ...] = (
    oddity(
        "fixed-window", Trap.WINDOWS, "The limit counts in windows that begin at round times.", _counting(_FixedWindow)
    ),
    oddity(
        "log-of-all-attempts",
        Trap.WINDOWS,
        "Refused attempts count too, so that the limit ends a window after the last one.",
        _counting(_WholeLog),
    ),
    oddity("token-bucket", Trap.WINDOWS, "The limit is a bucket that refills evenly.", _counting(_Bucket)),
    oddity("gcra", Trap.WINDOWS, "The limit follows the generic cell rate algorithm.", _counting(_CellRate)),
    oddity(
        "sliding-counter",
        Trap.WINDOWS,
        "The limit is estimated from the counts of two windows.",
        _counting(_TwoWindows),
    ),
    oddity(
        "retry-after-date",
        Trap.WINDOWS,
        "Retry-After is a date.",
        lambda parts: replace(parts, refusals=_Dated()),
    ),
    oddity(
        "every-method-counts",
        Trap.OWN_ATTEMPTS,
        "HEAD, POST and preflights count as attempts, too.",
        at_edge(_every_method),
    ),
    oddity(
        "shared-address",
        Trap.SHARED_ADDRESS,
        "Once a window somebody else behind the same address uses an attempt up.",
        lambda parts: replace(parts, limiter=_Shared(parts.limiter, parts.settings.window)),
    ),
    oddity("capped-user", Trap.CAPS, f"A user may have {_CAP} streams open; what exceeds them gets 429.", _capped),
)
