"""Faults of how the service takes its leave when it is told to stop."""

import asyncio
import os
import socket
import struct
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from uuid import uuid4
from weakref import WeakSet

from sqlalchemy import delete
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sse_conform_server.faults.edges import at_edge
from sse_conform_server.faults.fault import Fault, fault
from sse_conform_server.models import notifications
from sse_conform_server.parts import Parts
from sse_conform_server.store import Store

_RESET = struct.pack("ii", 1, 0)
"""To linger for no time: what was not sent yet is thrown away, and the peer gets RST."""
_FLUSHED_EVERY = 1.0
"""Seconds between two times at which what was accepted is written."""
_WARMING, _WARMING_SECONDS = 2, 1.0
"""So many reconnection times, and seconds, are taken for filling caches: whoever waits for the service meets that."""
_DRAINING = 0.5
"""Seconds for which a service that is leaving still answers."""

Drain = Callable[[Parts], Awaitable[None]]


def drained(drain: Drain) -> Callable[[Parts], Parts]:
    """Begin a stop otherwise."""
    return lambda parts: replace(parts, drain=drain)


def _resets(parts: Parts) -> Parts:
    """Every connection is destroyed at once."""
    transports: WeakSet[asyncio.Transport] = WeakSet()

    def wire(transport: asyncio.Transport) -> asyncio.Transport:
        transports.add(transport)
        return parts.wire(transport)

    async def drain(inner: Parts) -> None:
        for transport in tuple(transports):
            transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
            transport.abort()
        await parts.drain(inner)

    return replace(parts, wire=wire, drain=drain)


async def _exit(_: Parts) -> None:
    os._exit(0)


async def _wait_for_the_streams(_: Parts) -> None:
    await asyncio.Event().wait()


def _cuts(parts: Parts) -> Parts:
    """Whoever writes an event field by field is stopped between two of them."""
    leaving = asyncio.Event()

    async def drain(inner: Parts) -> None:
        leaving.set()
        await parts.drain(inner)

    async def middleware(_: Parts, app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
        async def cut(message: Message) -> None:
            last = message["type"] == "http.response.body" and not message.get("more_body", False)
            if last and leaving.is_set() and scope["method"] == "GET":
                await send({"type": "http.response.body", "body": b"event: notification\n", "more_body": True})
            await send(message)

        await app(scope, receive, cut)

    return at_edge(middleware)(replace(parts, drain=drain))


class _Behind(Store):
    """Writes behind: what came since the last flush goes down with the process."""

    def __init__(self, parts: Parts) -> None:
        super().__init__(parts.store.engine)

    async def close(self) -> None:
        """The cache was all that knew of these."""
        fresh = notifications.c.created_at > time.time() - _FLUSHED_EVERY
        await self.write(lambda c: c.execute(delete(notifications).where(fresh)))
        await super().close()


def _accepts_in_vain(parts: Parts) -> Parts:
    """The door stays open while whoever would write is gone already."""
    leaving = asyncio.Event()

    async def drain(inner: Parts) -> None:
        leaving.set()
        await parts.drain(inner)
        await asyncio.sleep(_DRAINING)

    async def middleware(_: Parts, app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
        queued = leaving.is_set() and scope["method"] == "POST"
        await (JSONResponse({"id": uuid4().hex}, status_code=202) if queued else app)(scope, receive, send)

    return at_edge(middleware, path="/api/vulnerabilities")(replace(parts, drain=drain))


def _warms_up(parts: Parts) -> Parts:
    warming = Path(parts.settings.database).exists()
    ready = time.monotonic() + warming * (_WARMING * parts.settings.retry / 1000 + _WARMING_SECONDS)

    async def middleware(_: Parts, app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
        if time.monotonic() < ready:
            await JSONResponse({"error": "warming up"}, status_code=503)(scope, receive, send)
        else:
            await app(scope, receive, send)

    return at_edge(middleware)(parts)


FAULTS: tuple[Fault, ...] = (
    fault(
        "drain-resets",
        "A stop destroys every connection: what was sent last may never arrive.",
        _resets,
        "shutdown.ends-cleanly",
        "framing.clean-drain",
    ),
    fault(
        "drain-exits",
        "Nobody heeds SIGTERM, so the process is gone at once and its streams break off.",
        drained(_exit),
        "shutdown.ends-cleanly",
        "framing.clean-drain",
    ),
    fault(
        "drain-waits",
        "A stop waits for all connections to end by themselves, which streams never do, until the process is killed.",
        drained(_wait_for_the_streams),
        "shutdown.ends-cleanly",
    ),
    fault(
        "drain-cuts-event",
        "Events are written field by field, and a stop cancels the writer between two of them.",
        _cuts,
        "framing.clean-drain",
    ),
    fault(
        "warms-up-503",
        "A start that finds a database fills its caches, and answers streams with 503 meanwhile: EventSource gives up.",
        _warms_up,
        "reconnect.after-faults-restart",
        "stream.status-200",
    ),
    fault(
        "written-behind",
        "What was accepted is written once a second, and a stop does not write what is left.",
        lambda parts: replace(parts, store=_Behind(parts)),
        "shutdown.loses-nothing",
    ),
    fault(
        "accepts-while-leaving",
        "While it drains the service still answers publishes with 202, and queues them for a worker that is gone.",
        _accepts_in_vain,
        "shutdown.loses-nothing",
    ),
)
