"""Oddities of HTTP itself: other bytes on the wire for the same response (RFC 9112)."""

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any, cast

from sse_conform_server.oddities.oddity import Oddity, oddity
from sse_conform_server.oddities.traps import Trap
from sse_conform_server.parts import Parts

_SMALL = 64
"""So many bytes of each write are sent one by one."""


class Wire:
    """
    Writes what h11 wrote, changed in one thing; all else is the transport's own.

    A write of h11 is a whole head, a whole chunk or the last chunk.
    """

    closes = False
    """Whether the end of a stream is the end of its connection."""

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        self._streaming = False

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever the transport has
        return getattr(self._transport, name)

    def write(self, written: bytes) -> None:
        """Send it on, changed."""
        for piece in self._changed(written):
            self._transport.write(piece)
        if self.closes and self._streaming and written == b"0\r\n\r\n":
            self._transport.close()

    def _changed(self, written: bytes) -> Iterator[bytes]:
        if written.startswith(b"HTTP/1."):
            lower = written.lower()
            self._streaming = b"text/event-stream" in lower and b"transfer-encoding: chunked" in lower
            yield self.head(written)
        elif self._streaming and written:
            size, _, rest = written.partition(b"\r\n")
            yield from self.chunk(rest[: int(size, 16)]) if int(size, 16) else (self.last(),)
        else:
            yield written

    def head(self, head: bytes) -> bytes:
        """A response head, up to its blank line."""
        return head

    def chunk(self, data: bytes) -> Iterator[bytes]:
        """A piece of the body of a stream."""
        yield b"%x\r\n%s\r\n" % (len(data), data)

    def last(self) -> bytes:
        """The end of the body of a stream."""
        return b"0\r\n\r\n"


def wired(kind: type[Wire]) -> Callable[[Parts], Parts]:
    """Put a wire around the transport of each connection, and around what stands there already."""

    def apply(parts: Parts) -> Parts:
        return replace(parts, wire=lambda transport: cast("asyncio.Transport", kind(parts.wire(transport))))

    return apply


def _without(head: bytes, *names: bytes) -> bytes:
    """The head less the headers of these names."""
    lines = head.split(b"\r\n")
    return b"\r\n".join(line for line in lines if line.partition(b":")[0].lower() not in names)


class _Extended(Wire):
    def chunk(self, data: bytes) -> Iterator[bytes]:
        """With leading zeros, capitals and an extension."""
        yield b'00%X;seq=1;note="a;b"\r\n%s\r\n' % (len(data), data)


class _Trailing(Wire):
    def last(self) -> bytes:
        """With a trailer section."""
        return b"0\r\nServer-Timing: total;dur=1\r\nX-Checksum: 0badc0de\r\n\r\n"


class _CloseDelimited(Wire):
    closes = True

    def head(self, head: bytes) -> bytes:
        """Without chunks to come."""
        return _without(head, b"transfer-encoding") if self._streaming else head

    def chunk(self, data: bytes) -> Iterator[bytes]:
        """As it is."""
        yield data

    def last(self) -> bytes:
        """Nothing: the connection ends."""
        return b""


class _Old(_CloseDelimited):
    def head(self, head: bytes) -> bytes:
        """In the words of HTTP/1.0."""
        if not self._streaming:
            return head
        return super().head(head).replace(b"HTTP/1.1", b"HTTP/1.0", 1).replace(b"\r\n", b"\r\nConnection: close\r\n", 1)


class _Terse(Wire):
    def head(self, head: bytes) -> bytes:
        """Without a reason, and without Date."""
        status, _, rest = head.partition(b"\r\n")
        return _without(status[: len(b"HTTP/1.1 200 ")] + b"\r\n" + rest, b"date")


class _Hinting(Wire):
    def head(self, head: bytes) -> bytes:
        """After an informational response."""
        return b"HTTP/1.1 103 Early Hints\r\nLink: </app.css>; rel=preload\r\n\r\n" + head if self._streaming else head


class _Dripping(Wire):
    def _changed(self, written: bytes) -> Iterator[bytes]:
        """The first bytes one by one, the rest in one piece: every border between two bytes is a border of segments."""
        for whole in super()._changed(written):
            yield from (whole[place : place + 1] for place in range(min(_SMALL, len(whole))))
            yield whole[_SMALL:]


def over_tls(parts: Parts) -> Parts:
    """Speak TLS with a certificate of one's own making, and HTTP/2 with whoever chooses it."""
    from sse_conform_server.certificate import self_made  # noqa: PLC0415 - cryptography takes a while to import

    return replace(parts, tls=self_made())


ODDITIES: tuple[Oddity, ...] = (
    oddity(
        "chunk-extensions",
        Trap.HTTP_FRAMING,
        "Chunk sizes have leading zeros, capitals and extensions.",
        wired(_Extended),
    ),
    oddity(
        "http2",
        Trap.HTTP_FRAMING,
        "It speaks TLS, and HTTP/2 with whoever chooses it.",
        over_tls,
    ),
    oddity("trailers", Trap.HTTP_FRAMING, "A stream that ends has a trailer section.", wired(_Trailing)),
    oddity(
        "close-delimited",
        Trap.HTTP_FRAMING,
        "The body is not chunked: the end of the connection ends it.",
        wired(_CloseDelimited),
        mutes=("framing.one-piece",),
    ),
    oddity(
        "old-http",
        Trap.HTTP_FRAMING,
        "The stream is answered in HTTP/1.0, and its connection says close.",
        wired(_Old),
        warns=("stream.keep-alive",),
        mutes=("framing.one-piece",),
    ),
    oddity("no-reason", Trap.HTTP_FRAMING, "Heads have neither a reason phrase nor a Date.", wired(_Terse)),
    oddity(
        "early-hints",
        Trap.HTTP_FRAMING,
        "An informational response (103) precedes the head of a stream.",
        wired(_Hinting),
    ),
    oddity(
        "byte-by-byte",
        Trap.CHUNKS,
        "The beginning of each head and of each chunk is sent byte by byte.",
        wired(_Dripping),
    ),
)
