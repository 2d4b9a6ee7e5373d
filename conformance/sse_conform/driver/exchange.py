"""The exchange of one request and its response, by the version of HTTP that the request asks for."""

from collections.abc import Iterator
from typing import Protocol

from sse_conform.driver.http_response import ResponseReader
from sse_conform.driver.stream_records import End, Head, Piece, StreamRequest


class Exchange(Protocol):
    """What turns octets into a response. All methods work on octets; none touches the network."""

    def outgoing(self) -> bytes:
        """The octets that are due on the wire."""

    def feed(self, data: bytes) -> Iterator[Head | Piece | End]:
        """What `data` brought: the head, pieces of the body, the end."""

    def at_eof(self) -> End:
        """What it means that the server closes the connection now."""


def exchange_of(request: StreamRequest) -> Exchange:
    """The exchange of this request; ValueError where it cannot be written."""
    if not request.http2:
        return ResponseReader(request)
    from sse_conform.driver.http2_response import Http2Response  # noqa: PLC0415 - only a run over TLS needs it

    return Http2Response(request)
