"""The connection budget: one place that knows how many attempts the target still admits from each source address."""

import asyncio
import contextlib
import time
from collections.abc import Callable, Iterable

from sse_conform.schedule import RESERVE


class Place:
    """
    The right to one attempt from ``address``.

    It counts from now on until ``answered_at`` says when the attempt was over for the target's limiter: when its head
    was in, since nobody knows when in between the target counted it.
    """

    __slots__ = ("address", "answered_at", "used")

    def __init__(self, address: str, *, used: bool = False) -> None:
        self.address = address
        self.used = used
        self.answered_at: float | None = None


class AttemptBudget:
    """
    Hands out places: at most ``limit`` - RESERVE in any ``window`` (seconds) from each source address.

    A scene reserves all it needs at once, so that it never stands still in the middle, and two scenes never wait for
    each other. ``addresses`` may hold one empty string: the kernel's choice. A limit of 0 means no limit.
    """

    def __init__(
        self,
        *,
        limit: int,
        window: float,
        addresses: tuple[str, ...],
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._allowance = max(1, limit - RESERVE) if limit else None
        self._window = window
        self._monotonic = monotonic
        self._places: dict[str, list[Place]] = {address: [] for address in addresses}
        self._changed = asyncio.Event()

    @property
    def addresses(self) -> tuple[str, ...]:
        """The source addresses that attempts are spread over."""
        return tuple(self._places)

    async def reserve(self, attempts: int, *, together: bool = False) -> list[Place]:
        """
        Wait until so many places are free (at the most all there are), and take them.

        ``together`` asks for those of one address: to a limiter the scene is then one client.
        """
        if self._allowance is not None:
            attempts = min(attempts, self._allowance * (1 if together else len(self._places)))
        while True:
            self._changed.clear()
            self._forget()
            free = {address: self._free(address) for address in self._places}
            if together and max(free.values()) >= attempts:
                roomiest = max(free, key=free.__getitem__)
                return [self._take(roomiest) for _ in range(attempts)]
            if not together and sum(free.values()) >= attempts:
                return [self._take() for _ in range(attempts)]
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._until_next()):
                    await self._changed.wait()

    def count(self, address: str) -> Place:
        """An attempt that does not wait for its place: the limiter's scene makes these, from an address of its own."""
        place = Place(address, used=True)
        if address in self._places:
            self._places[address].append(place)
        return place

    def answered(self, place: Place) -> None:
        """The attempt is over for the limiter: its window begins now."""
        place.answered_at = self._monotonic()
        self._changed.set()

    def give_back(self, places: Iterable[Place]) -> None:
        """Places that were not used are free again."""
        for place in places:
            if not place.used:
                self._places[place.address].remove(place)
        self._changed.set()

    def _free(self, address: str) -> float:
        if self._allowance is None:
            return float("inf")
        return max(0, self._allowance - len(self._places[address]))

    def _take(self, address: str | None = None) -> Place:
        """The next place, of this address or of the one that fewest were taken of."""
        if address is None:
            address = min(self._places, key=lambda each: len(self._places[each]))
        place = Place(address)
        self._places[address].append(place)
        return place

    def _forget(self) -> None:
        """Attempts older than a window count no longer."""
        border = self._monotonic() - self._window
        for places in self._places.values():
            places[:] = [place for place in places if place.answered_at is None or place.answered_at > border]

    def _until_next(self) -> float | None:
        """Seconds until one more place is free; None where that hangs on a scene that has yet to use its own."""
        places = [place for those in self._places.values() for place in those]
        dates = [place.answered_at for place in places if place.answered_at is not None]
        return max(min(dates) + self._window - self._monotonic(), 0.001) if dates else None
