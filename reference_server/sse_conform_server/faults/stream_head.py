"""Faults of the response head and of the connection."""

import zlib
from collections.abc import Callable
from dataclasses import replace

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sse_conform_server.auth import Identity
from sse_conform_server.faults.edges import at_edge, rewriting, set_header
from sse_conform_server.faults.fault import Fault, fault
from sse_conform_server.oddities.wires import over_tls
from sse_conform_server.parts import Parts

_BUFFER = 4096


def _header(name: str, value: str | None) -> Callable[[Parts], Parts]:
    """Replace one header of the stream, or remove it for `None`."""

    def apply(parts: Parts) -> Parts:
        kept = tuple(pair for pair in parts.stream_headers if pair[0] != name)
        return replace(parts, stream_headers=kept if value is None else (*kept, (name, value)))

    return apply


def _kept_alive_by_hand(parts: Parts) -> Parts:
    return _header("connection", "keep-alive")(over_tls(parts))


def _idle_cut(parts: Parts) -> Parts:
    def lifetime(inner: Parts, identity: Identity) -> float:
        return min(parts.lifetime(inner, identity), 2 * inner.heartbeat.interval)

    return replace(parts, lifetime=lifetime)


def compressing(*, always: bool, flushed: Callable[[bytes], bool], coding: str = "gzip") -> Callable[[Parts], Parts]:
    """
    Pack the stream for who accepts it, or for everybody, and flush after those writes that ``flushed`` names.

    Another ``coding`` is so in name only: nothing is ever read of it.
    """

    async def middleware(_: Parts, app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
        wanted = always or coding in Headers(scope=scope).get("accept-encoding", "")
        packer = zlib.compressobj(wbits=31)
        streaming = False

        async def packed(message: Message) -> None:
            nonlocal streaming
            if message["type"] == "http.response.start":
                streaming = wanted and message["status"] == 200
                await send(set_header(message, b"content-encoding", coding.encode()) if streaming else message)
                return
            if streaming:
                body = packer.compress(message.get("body", b""))
                if not message.get("more_body", False):
                    body += packer.flush()
                elif flushed(message.get("body", b"")):
                    body += packer.flush(zlib.Z_SYNC_FLUSH)
                message = {**message, "body": body}
            await send(message)

        await app(scope, receive, packed)

    return at_edge(middleware)


async def _buffer(_: Parts, app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
    held: list[Message] = []

    async def buffered(message: Message) -> None:
        held.append(message)
        unfinished = message.get("more_body", False)
        if unfinished and sum(len(part.get("body", b"")) for part in held) < _BUFFER:
            return
        for part in held:
            await send(part)
        held.clear()

    await app(scope, receive, buffered)


def _as_get(*methods: str) -> Callable[[Parts], Parts]:
    async def middleware(_: Parts, app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
        await app({**scope, "method": "GET"} if scope["method"] in methods else scope, receive, send)

    return at_edge(middleware)


async def _answer_head_at_the_end(_: Parts, app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
    if scope["method"] != "HEAD":
        await app(scope, receive, send)
        return
    held: list[Message] = []

    async def hold(message: Message) -> None:
        held.append(message)

    await app({**scope, "method": "GET"}, receive, hold)
    for message in held:
        await send(message)


async def _need_accept(_: Parts, app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
    if "text/event-stream" in Headers(scope=scope).get("accept", ""):
        await app(scope, receive, send)
    else:
        await PlainTextResponse("Internal Server Error", status_code=500)(scope, receive, send)


async def _no_allow(_: Scope, message: Message, send: Send) -> None:
    if message.get("status") == 405:
        message = {**set_header(message, b"allow", None), "status": 500}
    await send(message)


FAULTS: tuple[Fault, ...] = (
    fault(
        "wrong-content-type",
        "The stream is declared text/plain, as a framework's default does; EventSource gives up for good.",
        _header("content-type", "text/plain; charset=utf-8"),
        "stream.content-type",
        "framing.second-decoder",
    ),
    fault(
        "latin1-charset",
        "The media type carries charset=ISO-8859-1, as some servlet containers add; Chromium aborts.",
        _header("content-type", "text/event-stream; charset=ISO-8859-1"),
        "stream.content-type",
        "framing.second-decoder",
    ),
    fault(
        "http2-connection-header",
        "Connection: keep-alive is set by hand, as the plan sketches it, and HTTP/2 does not take it out.",
        _kept_alive_by_hand,
        "stream.http2-headers",
    ),
    fault(
        "content-length-header",
        "A Content-Length is announced for a body without end; clients and proxies wait for it or cut there.",
        _header("content-length", "999999999"),
        "stream.no-content-length",
        "stream.no-broken-end",
    ),
    fault(
        "cacheable",
        "No Cache-Control at all, so that a shared cache may keep one user's stream for another.",
        _header("cache-control", None),
        "stream.uncacheable",
    ),
    fault(
        "connection-close",
        "The stream is sent with Connection: close, as HTTP/1.0 habits do.",
        _header("connection", "close"),
        "stream.keep-alive",
    ),
    fault(
        "no-buffering-hint",
        "Neither X-Accel-Buffering: no nor no-transform: nginx with default settings holds the events.",
        lambda parts: _header("x-accel-buffering", None)(_header("cache-control", "no-cache")(parts)),
        "stream.buffering-hint",
    ),
    fault(
        "idle-cut",
        "A request time-out of two heartbeats closes streams that are in perfect order.",
        _idle_cut,
        "stream.stays-open",
    ),
    fault(
        "gzip-always",
        "A compression middleware packs the stream although the client asked for identity.",
        compressing(always=True, flushed=lambda _: True),
        "stream.identity",
    ),
    fault(
        "gzip-unflushed",
        "A compression middleware packs the stream when asked, and never flushes: events stay in its window.",
        compressing(always=False, flushed=lambda _: False),
        "stream.compressed-in-time",
        "delivery.browser-to-browser",
        "client.honours-retry-native",
        "reconnect.after-faults-browser",
        "reconnect.after-faults-restart",
        "reconnect.after-offline",
        "delivery.every-tab-browser",
        "reconnect.after-faults-page",
    ),
    fault(
        "br-unflushed",
        "A better compressor, which browsers ask for and tools do not, is never flushed.",
        compressing(always=False, flushed=lambda _: False, coding="br"),
        "stream.compressed-in-time",
    ),
    fault(
        "proxy-buffer",
        "Something in front collects 4 KiB of a body before it lets anything of it out.",
        at_edge(_buffer),
        "stream.starts-in-time",
        "framing.text-arrives",
        "delivery.burst",
        "delivery.after-return",
        perhaps=("delivery.every-tab", "delivery.closed-tab"),  # whose 4 KiB are full first
    ),
    fault(
        "head-opens-stream",
        "HEAD runs the GET handler and is answered when that is through, which it never is.",
        at_edge(_answer_head_at_the_end),
        "stream.head-method",
    ),
    fault(
        "post-opens-stream",
        "The route is registered for every method, so that POST opens a stream.",
        _as_get("POST"),
        "stream.get-only",
        "stream.method-not-allowed",
    ),
    fault(
        "rare-methods-open-streams",
        "POST is refused by name; PUT and DELETE, of which nobody thought, are served as GET is.",
        _as_get("PUT", "DELETE"),
        "stream.get-only",
        "stream.method-not-allowed",
    ),
    fault(
        "wrong-method-500",
        "A wrong method ends in 500 without Allow instead of 405.",
        rewriting(_no_allow),
        "stream.method-not-allowed",
    ),
    fault(
        "needs-accept",
        "A request without Accept: text/event-stream is answered with 500.",
        at_edge(_need_accept),
        "stream.odd-headers",
    ),
)
