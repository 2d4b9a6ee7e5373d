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
    NO_PUSH = "no-push"
    """The stream is lost, and 503 is answered to whoever asks for it anew; all else goes through."""
    LIMITED = "limited"
    """The same with 429."""
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

    async def until_let_in(self, *, seconds: float) -> bool:
        """Wait for an event named snapshot, or until the EventSource has given up; whether it was let in."""
        ...

    async def connect(self) -> None:
        """Open the stream from a page that was only visited, or that has abandoned it."""
        ...

    async def abandon(self) -> None:
        """Close the EventSource; the page stays."""
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

    async def freeze(self) -> None:
        """
        Let the page stand still, as browsers do with one that is long out of sight.

        Its connection stays. All pages of its device may stand still with it.
        """
        ...

    async def thaw(self) -> None:
        """Let a frozen page go on."""
        ...

    async def close(self) -> None:
        """Close the tab."""
        ...


class OwnPage(Protocol):
    """
    The target's own page in a tab, used as a person uses it. Waits answer whether what was awaited came.

    A step that cannot be done breaks the scene with a message that names its selector; a login without a stream too.
    """

    @property
    def retry(self) -> float:
        """Seconds after which a lost stream should be asked for again: as the server said, else the browser's own."""
        ...

    async def log_in(self) -> None:
        """Go to the page, log in, and wait until it has a stream with a snapshot and asks for no login any more."""
        ...

    async def log_out(self) -> bool:
        """Log out by the page's own means; False where the profile names none."""
        ...

    async def until_back(self, *, seconds: float) -> bool:
        """Wait for a snapshot on a stream that was asked for after the network failed last."""
        ...

    async def until_shown(self, *published: Published, seconds: float) -> bool:
        """Wait until the page shows each of these events."""
        ...

    async def until_polled(self, *published: Published, seconds: float) -> bool:
        """The same where it takes a poll: other scenes may act meanwhile."""
        ...

    async def until_prompted(self, *, seconds: float) -> bool:
        """Wait until the page asks for a login."""
        ...

    async def until_heard(self, name: str, *, seconds: float) -> bool:
        """Wait for one more event of this type on the page's stream."""
        ...

    async def hide(self) -> None:
        """Put the page out of sight, as far as its scripts can tell; the browser goes on as before."""
        ...

    async def unhide(self) -> None:
        """Bring it into sight again."""
        ...

    async def look(self, part: str) -> None:
        """Record what the page shows now, with a screenshot."""
        ...

    async def leave(self) -> None:
        """Go elsewhere in the same tab."""
        ...


class Device(Protocol):
    """One person's browser profile: cookies or headers of one account, and a network that can fail."""

    async def open(
        self, part: str, *, patience: float | None = None, again: float | None = None, kept: bool = False
    ) -> Tab:
        """
        A new tab that opens the stream.

        With ``patience`` (seconds) the page makes a new EventSource where nothing was dispatched for so long, with
        ``again`` (seconds) so long after one gave up. Only where it is to be ``kept`` has the browser to keep it in its
        back/forward cache when it is left.
        """
        ...

    async def visit(self, part: str) -> Tab:
        """A new tab that opens no stream by itself."""
        ...

    async def use(self, part: str) -> OwnPage:
        """The target's own page in a new tab, where nobody is logged in; one on a device."""
        ...

    def expire(self) -> bool:
        """
        From now on the target sees an expired token where a page sends its genuine one; whether that can be.

        Without the key of the target it is a tampered one, which is refused alike.
        """
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
