"""Oddities between the application and HTTP: the same body in other pieces, coded, or answered otherwise."""

import asyncio
import zlib
from collections.abc import Callable, Iterator

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sse_conform_server.faults.edges import at_edge, is_stream, rewriting, set_header
from sse_conform_server.oddities.oddity import Oddity, oddity
from sse_conform_server.oddities.traps import Trap
from sse_conform_server.parts import Parts

#: Brotli is so in name only: nobody undoes it.
_WINDOWS = {"gzip": 31, "deflate": 15, "br": 15}
_SMALL, _PRIME = 160, 1021
_SHARE = 0.1
"""Writes are gathered for so much of the latency budget."""
_FULL = 65_536


def _pieces(body: bytes) -> Iterator[bytes]:
    """Byte by byte at first, then in sizes that fit nothing."""
    yield from (body[place : place + 1] for place in range(min(_SMALL, len(body))))
    yield from (body[place : place + _PRIME] for place in range(_SMALL, len(body), _PRIME))


def _cut(cut: Callable[[bytes], Iterator[bytes]]) -> Callable[[Parts], Parts]:
    """Make a chunk of every piece of a body."""

    async def rewrite(_: Scope, message: Message, send: Send) -> None:
        if message.get("more_body"):
            for piece in cut(message["body"]):
                await send({**message, "body": piece})
        else:
            await send(message)

    return rewriting(rewrite)


class _Gatherer:
    """Collects what is written within a short time into one write; a lot of it does not wait."""

    def __init__(self, send: Send, pause: float) -> None:
        self._send = send
        self._pause = pause
        self._held = bytearray()
        self._timer: asyncio.Task[None] | None = None

    async def __call__(self, message: Message) -> None:
        """Hold back the body; all else, and the end, passes after it."""
        if message.get("more_body"):
            self._held += message["body"]
            if len(self._held) > _FULL:
                await self._release()
            elif self._timer is None:
                self._timer = asyncio.create_task(self._later())
        else:
            await self.stop()
            await self._release()
            await self._send(message)

    async def stop(self) -> None:
        """No timer outlives its response."""
        if self._timer is not None:
            self._timer.cancel()
            await asyncio.gather(self._timer, return_exceptions=True)

    async def _later(self) -> None:
        await asyncio.sleep(self._pause)
        self._timer = None
        await self._release()

    async def _release(self) -> None:
        body, self._held = bytes(self._held), bytearray()
        if body:
            await self._send({"type": "http.response.body", "body": body, "more_body": True})


async def _gather(parts: Parts, app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
    gatherer = _Gatherer(send, _SHARE * parts.settings.latency_budget)
    try:
        await app(scope, receive, gatherer)
    finally:
        await gatherer.stop()


def _compressing(coding: str) -> Callable[[Parts], Parts]:
    """Compress a stream for who accepts it, flushed at every write."""

    async def middleware(_: Parts, app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
        wanted = coding in Headers(scope=scope).get("accept-encoding", "")
        packer = zlib.compressobj(wbits=_WINDOWS[coding])
        packing = False

        async def packed(message: Message) -> None:
            nonlocal packing
            if message["type"] == "http.response.start":
                packing = wanted and scope["method"] == "GET" and is_stream(message)
                head = set_header(message, b"content-encoding", coding.encode()) if packing else message
                await send(set_header(head, b"vary", b"Accept-Encoding, Origin"))
                return
            if packing:
                more = message.get("more_body", False)
                flush = zlib.Z_SYNC_FLUSH if more else zlib.Z_FINISH
                message = {**message, "body": packer.compress(message.get("body", b"")) + packer.flush(flush)}
            await send(message)

        await app(scope, receive, packed)

    return at_edge(middleware)


def _answering(refuses: Callable[[Scope], bool], answer: Response) -> Callable[[Parts], Parts]:
    """Answer some requests so, ahead of everything else."""

    async def middleware(_: Parts, app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
        await (answer if refuses(scope) else app)(scope, receive, send)

    return at_edge(middleware)


def _is_head(scope: Scope) -> bool:
    return bool(scope["method"] == "HEAD")


def _accepts_no_stream(scope: Scope) -> bool:
    accepted = Headers(scope=scope).get("accept", "")
    return scope["method"] == "GET" and "text/event-stream" not in accepted


ODDITIES: tuple[Oddity, ...] = (
    oddity(
        "small-chunks",
        Trap.CHUNKS,
        "Every chunk has one byte at first, then 1021: characters are cut.",
        _cut(_pieces),
        warns=("framing.one-piece",),
    ),
    oddity(
        "chunk-per-line",
        Trap.CHUNKS,
        "Every line is a chunk of its own.",
        _cut(lambda body: iter(body.splitlines(keepends=True))),
        warns=("framing.one-piece",),
    ),
    oddity(
        "gathered-writes",
        Trap.BATCHES,
        "What is written within a tenth of the latency budget goes out in one piece.",
        at_edge(_gather),
    ),
    oddity(
        "gzip-flushed", Trap.COMPRESSION, "The stream is packed with gzip for who accepts it.", _compressing("gzip")
    ),
    oddity("br-flushed", Trap.COMPRESSION, "The stream is packed with br for who accepts it.", _compressing("br")),
    oddity(
        "deflate-flushed",
        Trap.COMPRESSION,
        "The stream is packed with deflate for who accepts it.",
        _compressing("deflate"),
    ),
    oddity(
        "head-405",
        Trap.HEAD,
        "HEAD is answered with 405.",
        _answering(_is_head, Response(status_code=405, headers={"Allow": "GET"})),
    ),
    oddity(
        "head-501",
        Trap.HEAD,
        "HEAD is not implemented and answered with 501.",
        _answering(_is_head, Response(status_code=501)),
    ),
    oddity(
        "accept-406",
        Trap.ACCEPT,
        "Who does not accept event streams is answered with 406.",
        _answering(_accepts_no_stream, PlainTextResponse("text/event-stream is all there is", status_code=406)),
    ),
)
