"""Oddities of how the service takes its leave when it is told to stop."""

import asyncio
from dataclasses import replace

from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sse_conform_server.faults.edges import at_edge
from sse_conform_server.oddities.oddity import Oddity, oddity
from sse_conform_server.oddities.traps import Trap
from sse_conform_server.parts import Parts

_DRAINING = 0.4
"""Share of the grace for which a service that is leaving still refuses."""


def _farewell(parts: Parts) -> Parts:
    """Say when to come back, in frames that dispatch nothing."""
    leaving = asyncio.Event()

    async def drain(inner: Parts) -> None:
        leaving.set()
        await parts.drain(inner)

    async def middleware(_: Parts, app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
        async def last_words(message: Message) -> None:
            last = message["type"] == "http.response.body" and not message.get("more_body", False)
            if last and leaving.is_set() and scope["method"] == "GET":
                farewell = b"retry: %d\n\n: going down for a moment\n" % parts.settings.retry
                await send({"type": "http.response.body", "body": farewell, "more_body": True})
            await send(message)

        await app(scope, receive, last_words)

    return at_edge(middleware)(replace(parts, drain=drain))


def _refusing(parts: Parts) -> Parts:
    """Whoever comes late is sent away in good order."""
    leaving = asyncio.Event()

    async def drain(inner: Parts) -> None:
        leaving.set()
        await parts.drain(inner)
        await asyncio.sleep(_DRAINING * inner.settings.shutdown_grace)

    async def middleware(_: Parts, app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
        away = PlainTextResponse("Going down", status_code=503, headers={"Retry-After": "1"})
        await (away if leaving.is_set() else app)(scope, receive, send)

    return at_edge(middleware, path="/")(replace(parts, drain=drain))


ODDITIES: tuple[Oddity, ...] = (
    oddity(
        "farewell",
        Trap.LEAVING,
        "A stream that a stop ends is told when to come back, and why, in a comment without a blank line.",
        _farewell,
    ),
    oddity(
        "refuses-while-leaving",
        Trap.LEAVING,
        "For a part of its grace a service that was told to stop answers 503 with Retry-After to whoever still comes.",
        _refusing,
    ),
)
