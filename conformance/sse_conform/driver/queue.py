"""Where the target refuses attempts that are within its limit: the queue before it, one for each source address."""

import asyncio
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

#: An attempt waits through so many windows at most. Limiters that weigh two windows let one in long before that.
MOST_WINDOWS = 2
#: A target that says "at once" is not asked more often than this, in seconds.
SHORTEST = 0.1


@dataclass(slots=True)
class _Door:
    """Who comes from one address goes through it one at a time, and not before it opens again."""

    turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    opens_at: float = 0.0


class AttemptQueue:
    """
    Tells attempts when to go, once the target has refused one by 429.

    A limiter may count otherwise than the budget does: it estimates a sliding window from two fixed ones, or others
    share the address. It says when to come back (Retry-After), and an attempt that waits as it was told is no load.
    Where one was refused through ``MOST_WINDOWS`` windows waiting is of no use, and none waits any more.
    """

    def __init__(self, *, window: float, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._window = window
        self._monotonic = monotonic
        self._doors: dict[str, _Door] = {}
        self._hopeless = False

    def stands_before(self, address: str) -> bool:
        """Whether an attempt from this address has to queue."""
        return address in self._doors and not self._hopeless

    async def enter(self, address: str) -> None:
        """Wait for the turn; :meth:`leave` is due afterwards."""
        door = self._doors[address]
        await door.turn.acquire()
        try:
            if not self._hopeless:
                await asyncio.sleep(max(0.0, door.opens_at - self._monotonic()))
        except BaseException:
            door.turn.release()
            raise

    def leave(self, address: str) -> None:
        """The attempt was answered: the next one may go."""
        self._doors[address].turn.release()

    def refused(self, address: str, headers: Iterable[tuple[str, str]], *, waited: float) -> bool:
        """
        The target answered 429 to an attempt that has waited for so many seconds altogether.

        Whether to try it again: :meth:`enter` waits until the target would have it.
        """
        self._hopeless = self._hopeless or waited >= MOST_WINDOWS * self._window
        door = self._doors.setdefault(address, _Door())
        seconds = retry_after(dict(headers), default=self._window)
        door.opens_at = self._monotonic() + min(max(seconds, SHORTEST), self._window)
        return not self._hopeless


def retry_after(headers: dict[str, str], *, default: float) -> float:
    """The seconds that a Retry-After header names, as a number or as a date (RFC 9110, 10.2.3)."""
    value = headers.get("retry-after", "").strip()
    if value.isascii() and value.isdigit() and len(value) < 10:
        return float(value)
    try:
        until = parsedate_to_datetime(value)
        sent = parsedate_to_datetime(headers["date"]) if "date" in headers else datetime.now(UTC)
        return (until - sent).total_seconds()
    except (ValueError, TypeError):  # no date, or one without a zone beside one with
        return default
