"""One direction of a proxied connection: bytes wait until they are due, and leave in order."""

import asyncio
import contextlib
import math
from collections import deque
from dataclasses import dataclass
from typing import Protocol

#: How much one read takes, and one write at most.
PIECE_BYTES = 64 * 1024
#: How much waits in one direction at most; then its source is not read, and TCP slows it down.
CAPACITY_BYTES = 1024 * 1024
#: A throttled lane writes this often: rarely enough to cost nothing, often enough to look like a slow line.
_TICK_SECONDS = 0.05


@dataclass(frozen=True, kw_only=True, slots=True)
class Shape:
    """How bytes flow: seconds late, bytes a second, pieces of so many bytes, seconds between them, or not at all."""

    delay: float = 0.0
    rate: float = math.inf
    size: int = PIECE_BYTES
    pause: float = 0.0
    held: bool = False

    def joined(self, other: "Shape") -> "Shape":
        """Both at once: delays add up, of all else the harder counts."""
        return Shape(
            delay=self.delay + other.delay,
            rate=min(self.rate, other.rate),
            size=min(self.size, other.size),
            pause=max(self.pause, other.pause),
            held=self.held or other.held,
        )

    def cut_off(self, available: int) -> tuple[int, float]:
        """How many of the available bytes go in the next write, and how many seconds to wait after it."""
        tick = self.rate * _TICK_SECONDS
        size = min(available, self.size, available if math.isinf(tick) else max(1, int(tick)))
        return size, max(self.pause, size / self.rate)


class Sink(Protocol):
    """Where a lane ends."""

    async def send(self, data: memoryview) -> None:
        """Send all of this; OSError where that cannot be."""


class Lane:
    """
    A bounded queue in front of a sink, emptied by :meth:`deliver`.

    An end is queued like bytes, so it keeps its place behind them and is as late as they are.
    """

    def __init__(self, sink: Sink, shape: Shape) -> None:
        self.sent = 0
        self._sink = sink
        self._shape = shape
        self._pieces: deque[tuple[float, memoryview]] = deque()
        self._waiting = 0
        self._not_before = 0.0
        self._ended = False
        self._reset = False
        self._due = asyncio.Event()
        self._moved = asyncio.Event()

    def reshape(self, shape: Shape) -> None:
        """From now on bytes flow so, those that wait already included."""
        if shape != self._shape:
            self._shape, self._not_before = shape, 0.0
            self._due.set()

    async def put(self, data: bytes) -> None:
        """Queue bytes, once there is room for them; behind an end they are dropped."""
        while self._waiting >= CAPACITY_BYTES and not self._ended:
            await self._movement()
        if data and not self._ended:
            self._waiting += len(data)
            self._push(data)

    def end(self, *, reset: bool = False) -> None:
        """No more bytes follow: the source sent FIN, or RST. The first end counts."""
        if not self._ended:
            self._ended, self._reset = True, reset
            self._push(b"")

    async def deliver(self) -> bool:
        """
        Send what is queued, each piece when it is due, up to the end; True where that end is a reset.

        :raises OSError: the sink cannot be written to; what waits is dropped, and whatever is queued later.
        """
        while True:
            self._due.clear()
            wait = self._seconds_until_due()
            if wait == 0:
                if not self._pieces[0][1]:
                    self._pieces.popleft()
                    self._moved.set()
                    return self._reset
                await self._send()
                continue
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(wait):
                    await self._due.wait()

    async def drained(self) -> None:
        """Wait until nothing is queued."""
        while self._pieces:
            await self._movement()

    def _push(self, data: bytes) -> None:
        self._pieces.append((asyncio.get_running_loop().time(), memoryview(data)))
        self._due.set()

    def _seconds_until_due(self) -> float | None:
        """None as long as nothing is queued or all is held."""
        if not self._pieces or self._shape.held:
            return None
        due = max(self._pieces[0][0] + self._shape.delay, self._not_before)
        return max(0.0, due - asyncio.get_running_loop().time())

    async def _send(self) -> None:
        loop = asyncio.get_running_loop()
        t, data = self._pieces[0]
        size, pause = self._shape.cut_off(len(data))
        try:
            await self._sink.send(data[:size])
        except OSError:
            self._ended = True
            self._pieces.clear()
            self._moved.set()
            raise
        if size < len(data):
            self._pieces[0] = (t, data[size:])
        else:
            self._pieces.popleft()
        self.sent += size
        self._waiting -= size
        self._not_before = loop.time() + pause
        self._moved.set()

    async def _movement(self) -> None:
        self._moved.clear()
        await self._moved.wait()
