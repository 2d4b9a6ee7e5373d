"""What a scene can do with an attempt on the stream route."""

from typing import Protocol

from sse_conform.entries import Published


class Subscription(Protocol):
    """One attempt on the stream route, seen by a scene. Waits answer whether what was awaited came; none raises."""

    @property
    def status(self) -> int:
        """The status of the answer, 0 without one."""
        ...

    @property
    def ended(self) -> bool:
        """Whether the exchange is over."""
        ...

    @property
    def last_event_id(self) -> str:
        """The last event id that a client would send on reconnecting."""
        ...

    @property
    def received(self) -> int:
        """How many frames came so far."""
        ...

    async def until_snapshot(self) -> bool:
        """Wait for the first event named snapshot."""
        ...

    async def until(self, *published: Published) -> bool:
        """Wait until each of the published events was seen here."""
        ...

    async def until_event(self, name: str, *, seconds: float) -> bool:
        """Wait for an event of this type that arrives from now on: one that only has to be read is none."""
        ...

    async def until_ended(self, *, seconds: float) -> bool:
        """Wait for the end of the exchange."""
        ...

    async def close(self) -> None:
        """End it in an orderly way (FIN)."""
        ...

    async def reset(self) -> None:
        """End it as a lost connection does (RST)."""
        ...

    def stall(self) -> None:
        """Read no more, but stay: a reader that sleeps, or a network that swallows everything."""
        ...

    def resume(self) -> None:
        """Read again."""
        ...
