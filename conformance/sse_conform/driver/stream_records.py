"""What goes into a stream and what comes out of it: the request, the head, the end, and who is told."""

import ssl
from dataclasses import dataclass, field
from typing import Protocol

from sse_conform.entries import EndKind, Stamp


@dataclass(frozen=True, kw_only=True, slots=True)
class ForwardProxy:
    """
    A forward proxy on the way to the target (RFC 9110, 3.7).

    ``tls`` is None for one that is spoken to in plain; ``headers`` tell it who we are.
    """

    host: str
    port: int
    tls: ssl.SSLContext | None = None
    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)

    @property
    def endpoint(self) -> str:
        """`host:port` as written in a URL."""
        return format_endpoint(self.host, self.port)


@dataclass(frozen=True, kw_only=True, slots=True)
class StreamRequest:
    """
    One request whose response may never end. It has no body.

    Header names and values are given as text of one character for each octet (latin-1); a Last-Event-ID beyond ASCII is
    therefore passed as `id.encode("utf-8").decode("latin-1")`. `Host` is added unless given.
    """

    method: str = "GET"
    host: str
    port: int
    target: str
    headers: tuple[tuple[str, str], ...] = ()
    tls: ssl.SSLContext | None = None
    """None for plain HTTP. Where the context offers HTTP/2 by ALPN, the target chooses."""
    server_hostname: str | None = None
    """The name the certificate must carry; `host` unless given."""
    source_address: str | None = None
    """The local IP address to connect from; the kernel's choice unless given."""
    proxy: ForwardProxy | None = None
    """On the way: asked for the target by its whole URL, or, where there is TLS, for a tunnel."""

    @property
    def endpoint(self) -> str:
        """`host:port` as written in a URL."""
        return format_endpoint(self.host, self.port)

    @property
    def authority(self) -> str:
        """`host:port`, the port left out where it is the scheme's own."""
        port = 443 if self.tls else 80
        return self.endpoint.removesuffix(f":{port}") if self.port == port else self.endpoint


@dataclass(frozen=True, kw_only=True, slots=True)
class Head:
    """The head of the final response: names lower-cased, values decoded as latin-1, order kept."""

    status: int
    reason: str
    http_version: str
    headers: tuple[tuple[str, str], ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Piece:
    """Octets of the body; ``ends_chunk`` where a chunk of the transfer coding ends with them."""

    data: bytes
    ends_chunk: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class End:
    """How a stream ended, and a sentence that says so to a person."""

    kind: EndKind
    detail: str


class StreamSink(Protocol):
    """
    Who is told what happens on one stream, in this order: connected, head, any number of pieces, end.

    Instants are nanoseconds on the run's `Clock`. Calls come from the event loop and must not block; an exception
    raised here is the suite's own trouble: it closes the stream and comes out of `OpenStream.wait_closed`.
    """

    def on_connected(self, t: int, local_address: str) -> None:
        """The TCP connection stands (TLS is still to come); `local_address` is `ip:port` of the suite's end."""

    def on_head(self, t: int, head: Head) -> None:
        """The final response head is complete; `t` is the arrival of its last piece."""

    def on_body(self, t: int, piece: Piece, stamp: Stamp) -> None:
        """
        Body octets, transfer decoding undone.

        Pieces are never merged: one call for each chunk, or part of a chunk, in each read. `t` is the arrival of the
        last segment that was read at once.
        """

    def on_end(self, t: int, end: End) -> None:
        """The stream is over. FIN and RST carry no kernel stamp: for those, `t` is when the suite saw them."""


def format_endpoint(host: str, port: int) -> str:
    """`host:port` with brackets around an IPv6 address."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
