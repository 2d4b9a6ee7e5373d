"""What a scene can do with real browsers: devices, each on a network of its own, and their tabs."""

from enum import StrEnum
from typing import Protocol

from sse_conform.entries import Published


class Outage(StrEnum):
    """How the network of a device fails, until it is mended."""

    RESET = "reset"
    """What is connected gets an RST; what comes anew goes through."""
    CLOSE = "close"
    """What is connected gets a FIN; what comes anew goes through."""
    OFFLINE = "offline"
    """What is connected is lost, nothing new gets through, and the browser knows that it is offline."""
    REFUSED = "refused"
    """What is connected is lost, and whoever comes anew is refused; the browser believes that it is online."""
    SILENCE = "silence"
    """Nothing comes through, and nothing is closed."""
    GATEWAY = "gateway"
    """What is connected is lost, and a gateway answers 502 to whoever comes anew."""
    SLOW = "slow"
    """What is connected goes on, and all bytes come slowly."""


class Tab(Protocol):
    """One page with the suite's harness, seen by a scene. Waits answer whether what was awaited came; none raises."""

    @property
    def connected(self) -> bool:
        """Whether the page's EventSource says that it is open."""
        ...

    @property
    def stopped(self) -> bool:
        """Whether the page's EventSource has given up (readyState CLOSED)."""
        ...

    @property
    def retry(self) -> float:
        """
        Seconds after which the browser should reconnect: as the server said, else the browser's own.

        A time beyond what was promised, or beyond all patience, counts only that far.
        """
        ...

    async def until_snapshot(self) -> bool:
        """Wait for an event named snapshot on the present connection."""
        ...

    async def until(self, *published: Published) -> bool:
        """Wait until the page was told of each of these events, live or by a snapshot."""
        ...

    async def until_back(self, *published: Published) -> bool:
        """
        Wait until a page that lost its connection has a snapshot again, and was told of these events.

        Whether it came back and was told. Other scenes may act meanwhile.
        """
        ...

    async def until_lost(self, *, seconds: float) -> bool:
        """Wait until the EventSource is not open any more."""
        ...

    async def until_stopped(self, *, seconds: float) -> bool:
        """Wait until the EventSource has given up."""
        ...

    async def reload(self) -> None:
        """Load the page again, as a person does; it opens a new EventSource."""
        ...

    async def leave(self) -> None:
        """Go on to another page of the same site."""
        ...

    async def back(self) -> None:
        """Return from there by the back button."""
        ...

    async def close(self) -> None:
        """Close the tab."""
        ...


class Device(Protocol):
    """One person's browser profile: cookies or headers of one account, and a network that can fail."""

    async def open(self, part: str, *, patience: float | None = None, again: float | None = None) -> Tab:
        """
        A new tab that opens the stream.

        With ``patience`` (seconds) the page makes a new EventSource where nothing was dispatched for so long, with
        ``again`` (seconds) so long after one gave up.
        """
        ...

    async def visit(self, part: str) -> Tab:
        """A new tab that opens no stream."""
        ...

    async def fail(self, outage: Outage) -> None:
        """Let the network fail."""
        ...

    async def mend(self) -> None:
        """Let the network work again; what was lost stays lost."""
        ...

    async def close(self) -> None:
        """Close every tab and leave."""
        ...
