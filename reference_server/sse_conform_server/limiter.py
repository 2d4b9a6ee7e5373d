"""At most so many connection attempts for one address in a window."""

import ipaddress
import time
from collections.abc import Sequence
from typing import Protocol

from limits import RateLimitItemPerSecond
from limits.aio.storage import MemoryStorage
from limits.aio.strategies import MovingWindowRateLimiter
from starlette.datastructures import Headers
from starlette.types import Scope


class Limiter(Protocol):
    """Decides whether one more attempt is admitted."""

    async def admit(self, address: str) -> float | None:
        """`None` admits; otherwise the seconds after which to try again."""
        ...


class MovingWindowLimiter:
    """Counts every admitted attempt, whatever became of it, over the last `window` seconds."""

    def __init__(self, *, limit: int, window: int) -> None:
        self._item = RateLimitItemPerSecond(limit, window)
        self._limiter = MovingWindowRateLimiter(MemoryStorage())

    async def admit(self, address: str) -> float | None:
        """Count an attempt of this address."""
        if await self._limiter.hit(self._item, address):
            return None
        stats = await self._limiter.get_window_stats(self._item, address)
        return max(0.0, stats.reset_time - time.time())


def client_address(scope: Scope, trusted: Sequence[str]) -> str:
    """
    The address to count: the peer's, or, behind trusted proxies, the last X-Forwarded-For hop they did not add.

    Read right to left, because a client may write anything to the left of what the first trusted hop saw.
    """
    client = scope.get("client")
    address = str(client[0]) if client else "unknown"
    hops = [hop.strip() for line in Headers(scope=scope).getlist("x-forwarded-for") for hop in line.split(",")]
    while hops and _within(address, trusted):
        address = hops.pop()
    return address


def _within(address: str, networks: Sequence[str]) -> bool:
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return False
    return any(parsed in ipaddress.ip_network(network) for network in networks)
