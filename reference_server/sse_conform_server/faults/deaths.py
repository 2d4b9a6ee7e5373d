"""
Faults that end the whole process, which its supervisor starts again at once.

The supervisor is the process itself, which becomes a new one: all connections and the listener are gone and memory is
lost, while address, settings and database stay.
"""

import os
import sys
from collections.abc import Callable

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from sse_conform_server.faults.edges import STREAM_PATH, at_edge
from sse_conform_server.faults.fault import Fault, fault
from sse_conform_server.parts import Parts
from sse_conform_server.stream import ABORT

#: What fits the buffer that somebody took for large enough, in bytes.
_BUFFER = 32 * 1024


def _die(scope: Scope) -> None:
    """End the process and start it anew on the same port."""
    _, port = scope["server"]
    os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:], f"--port={port}"])  # noqa: S606 - our own command


def _dying_of(fatal: Callable[[Headers], bool], *, path: str) -> Callable[[Parts], Parts]:
    """Die of a request with such headers."""

    async def middleware(_: Parts, app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
        if fatal(Headers(scope=scope)):
            _die(scope)
        await app(scope, receive, send)

    return at_edge(middleware, path=path)


async def _dying_with_overflow(_: Parts, app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
    """Die where a stream is cut whose reader is too slow."""
    scope.setdefault("extensions", {})[ABORT] = lambda: _die(scope)
    await app(scope, receive, send)


FAULTS: tuple[Fault, ...] = (
    fault(
        "death-by-odd-id",
        "A Last-Event-ID that is no number raises where nobody catches it, and the process ends.",
        _dying_of(lambda headers: not headers.get("last-event-id", "0").isdecimal(), path=STREAM_PATH),
        "stream.survives",
    ),
    fault(
        "death-by-large-text",
        "A text of more than 32 KiB overruns a buffer of native code, and the process ends.",
        _dying_of(lambda headers: int(headers.get("content-length", "0")) > _BUFFER, path="/api/"),
        "stream.survives",
    ),
    fault(
        "death-by-slow-reader",
        "The write to a stream whose reader is too slow is rejected with nobody listening, and the process ends.",
        at_edge(_dying_with_overflow),
        "stream.survives",
        perhaps=("stream.no-broken-end",),
    ),
)
