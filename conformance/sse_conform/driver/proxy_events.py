"""What the fault proxy tells while it works: one frozen record for each thing that happened, in order."""

from enum import StrEnum

import msgspec

from sse_conform.entries import Header


class Cut(StrEnum):
    """How the proxy itself ended a connection."""

    RESET = "reset"
    """RST to both ends; what was on its way is lost."""
    CLOSE = "close"
    """FIN to both ends; what was on its way is lost."""
    REFUSE = "refuse"
    """RST to the client before a target was connected."""
    BLACKHOLE = "blackhole"
    """Nothing was closed, and nothing comes through any more."""


class ProxyAccepted(msgspec.Struct, frozen=True, kw_only=True):
    """A client connected to the proxy; `client` is its `ip:port`. `conn` numbers the connections from 1."""

    t: int
    conn: int
    client: str


class ProxyRequest(msgspec.Struct, frozen=True, kw_only=True):
    """
    A client asked for a target: a URL, or `host:port` for a CONNECT tunnel, whose inside stays unseen.

    `headers` are as the client sent them: names lower-cased, values decoded as latin-1, order kept, secrets included.
    They are empty for CONNECT.
    """

    t: int
    conn: int
    method: str
    target: str
    headers: tuple[Header, ...] = ()

    @property
    def last_event_id(self) -> str | None:
        """The Last-Event-ID header decoded as UTF-8; None where there is none."""
        values = (value for name, value in self.headers if name == "last-event-id")
        value = next(values, None)
        return None if value is None else value.encode("latin-1").decode("utf-8", "replace")


class ProxyConnected(msgspec.Struct, frozen=True, kw_only=True):
    """The connection to the target (`host:port`) of a client (`ip:port`) stands."""

    t: int
    conn: int
    client: str
    target: str


class ProxyAnswered(msgspec.Struct, frozen=True, kw_only=True):
    """The proxy answered a request itself, and why; it closes the connection then."""

    t: int
    conn: int
    status: int
    detail: str


class ProxyForwarded(msgspec.Struct, frozen=True, kw_only=True):
    """A request was passed on to its target."""

    t: int
    conn: int
    request: ProxyRequest


class ProxyReceived(msgspec.Struct, frozen=True, kw_only=True):
    """Bytes came from the target, whatever becomes of them on the way to the client."""

    t: int
    conn: int
    data: bytes


class ProxyClientEnded(msgspec.Struct, frozen=True, kw_only=True):
    """The client ended the connection; `reset` tells whether by RST."""

    t: int
    conn: int
    reset: bool


class ProxyTargetEnded(msgspec.Struct, frozen=True, kw_only=True):
    """The target ended the connection; `reset` tells whether by RST."""

    t: int
    conn: int
    reset: bool


class ProxyCut(msgspec.Struct, frozen=True, kw_only=True):
    """A fault cut a connection, after so many bytes were sent to each side."""

    t: int
    conn: int
    how: Cut
    to_client: int
    to_target: int


class ProxyEnded(msgspec.Struct, frozen=True, kw_only=True):
    """A connection is over at both ends; `reset` tells whether by RST."""

    t: int
    conn: int
    reset: bool


class ProxySwitched(msgspec.Struct, frozen=True, kw_only=True):
    """A fault was switched on or off. One that only cuts what is there is never switched off."""

    t: int
    fault: str
    on: bool


ProxyEvent = ProxyAccepted | ProxyRequest | ProxyConnected | ProxyAnswered | ProxyCut | ProxyEnded | ProxySwitched
#: What is told to whoever listens to the wire: who sent what, and who left first. Of tunnels only the ends are told.
WireEvent = ProxyForwarded | ProxyReceived | ProxyClientEnded | ProxyTargetEnded
