"""Building blocks for variants that sit between the application and the socket, as a middleware would."""

import json
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sse_conform_server.encoder import to_json
from sse_conform_server.parts import Parts

STREAM_PATH = "/api/stream/notifications"
POLLING = "/api/notifications"

Middleware = Callable[[Parts, ASGIApp, Scope, Receive, Send], Awaitable[None]]
Rewrite = Callable[[Scope, Message, Send], Awaitable[None]]


def at_edge(middleware: Middleware, *, path: str = STREAM_PATH) -> Callable[[Parts], Parts]:
    """Put a middleware in front of one path, and of what stands there already; all else passes it by."""

    def apply(parts: Parts) -> Parts:
        def edge(whole: Parts, app: ASGIApp) -> ASGIApp:
            within = parts.edge(whole, app)

            async def wrapped(scope: Scope, receive: Receive, send: Send) -> None:
                if scope["type"] == "http" and scope["path"].startswith(path):
                    await middleware(whole, within, scope, receive, send)
                else:
                    await within(scope, receive, send)

            return wrapped

        return replace(parts, edge=edge)

    return apply


def rewriting(rewrite: Rewrite, *, path: str = STREAM_PATH) -> Callable[[Parts], Parts]:
    """Pass every message of a response through `rewrite`, which sends what it wants instead."""

    async def middleware(_: Parts, app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
        async def rewritten(message: Message) -> None:
            await rewrite(scope, message, send)

        await app(scope, receive, rewritten)

    return at_edge(middleware, path=path)


def prefixed(prefix: bytes) -> Callable[[Parts], Parts]:
    """Write something once at the start of every stream, ahead of its first event."""

    async def rewrite(scope: Scope, message: Message, send: Send) -> None:
        await send(message)
        if scope["method"] == "GET" and is_stream(message):
            await send({"type": "http.response.body", "body": prefix, "more_body": True})

    return rewriting(rewrite)


def is_stream(message: Message) -> bool:
    """Whether this is the head of a stream."""
    types = [value.lower() for name, value in message.get("headers", ()) if name.lower() == b"content-type"]
    return message.get("status") == 200 and any(value.startswith(b"text/event-stream") for value in types)


def by_browser(headers: Headers) -> bool:
    """Whether a browser sent these, as services tell by the name that all of them go by."""
    return "Mozilla" in headers.get("user-agent", "")


def set_header(message: Message, name: bytes, value: bytes | None) -> Message:
    """The start message with that header replaced, or removed for `None`; other messages unchanged."""
    if message["type"] != "http.response.start":
        return message
    kept = [(key, old) for key, old in message["headers"] if key.lower() != name]
    return {**message, "headers": kept if value is None else [*kept, (name, value)]}


async def repolled(
    change: Callable[[dict[str, Any]], Awaitable[dict[str, Any]]],
    app: ASGIApp,
    scope: Scope,
    receive: Receive,
    send: Send,
) -> None:
    """Answer a poll with another document than the service has for it; refusals stay as they are."""
    start: Message = {}
    body = bytearray()

    async def collect(message: Message) -> None:
        nonlocal start
        if message["type"] == "http.response.start":
            start = message
            return
        body.extend(message.get("body", b""))
        if not message.get("more_body", False):
            whole = bytes(body)
            if start["status"] == 200:
                whole = to_json(await change(json.loads(whole))).encode()
            await send(set_header(start, b"content-length", str(len(whole)).encode()))
            await send({"type": "http.response.body", "body": whole})

    await app(scope, receive, collect)
