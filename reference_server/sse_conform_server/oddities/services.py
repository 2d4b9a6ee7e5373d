"""Oddities of what a service offers, for how long, and how soon it sees who has gone."""

import asyncio
import re
from dataclasses import replace
from urllib.parse import parse_qsl, urlencode

import msgspec
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sse_conform_server.auth import Identity
from sse_conform_server.faults.edges import POLLING, at_edge
from sse_conform_server.metrics import Metrics
from sse_conform_server.oddities.oddity import Oddity, Promises, oddity
from sse_conform_server.oddities.traps import Trap
from sse_conform_server.parts import Parts
from sse_conform_server.settings import Settings

_HEARTBEATS = 3
"""Streams are ended at so many heartbeats of age."""
_LATE_HEARTBEATS = 1.5
_PAGE = 2
"""The most items that a page after a cursor holds, however many are asked for."""
_ABSENT = {POLLING, "/metrics"}
_SAMPLE = re.compile(rb"^(\w+)(?:\{\})? (\S+)$", re.MULTILINE)


def _age(settings: Settings) -> float:
    return _HEARTBEATS * settings.heartbeat


def _rotating(parts: Parts) -> Parts:
    def lifetime(inner: Parts, identity: Identity) -> float:
        return min(parts.lifetime(inner, identity), _age(inner.settings))

    return replace(parts, lifetime=lifetime)


async def _slow_to_see(parts: Parts, app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
    async def late() -> Message:
        message = await receive()
        if message["type"] == "http.disconnect":
            await asyncio.sleep(_LATE_HEARTBEATS * parts.heartbeat.interval)
        return message

    await app(scope, late, send)


class _Stamped(Metrics):
    def exposition(self) -> bytes:
        """Every sample split over two workers, with the time at which it was taken."""
        shares = rb'\1{worker="of 2: #1"} \2 1700000000000' + b"\n" + rb'\1{worker="of 2: #2"} 0 1700000000000'
        return _SAMPLE.sub(shares, super().exposition()) + b"# EOF\n"


async def _capped(_: Parts, app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
    asked = dict(parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True))
    limit = asked.get("limit", str(_PAGE))
    if "after" in asked and limit.isdecimal():
        asked["limit"] = str(min(int(limit), _PAGE))
    await app({**scope, "query_string": urlencode(asked).encode()}, receive, send)


async def _nothing_there(_: Parts, app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
    absent = scope["path"] in _ABSENT
    await (PlainTextResponse("Not Found", status_code=404) if absent else app)(scope, receive, send)


def _bare(parts: Parts) -> Parts:
    settings = msgspec.structs.replace(parts.settings, cors_origins=())
    return at_edge(_nothing_there, path="/")(replace(parts, settings=settings))


def _only_streams(_: Settings) -> Promises:
    absent = {f"capabilities.{name}": False for name in ("polling", "metrics", "cors")}
    return {**absent, "rest.path": f"{POLLING}/unread-count", "rest.method": "GET"}


ODDITIES: tuple[Oddity, ...] = (
    oddity(
        "rotated-streams",
        Trap.ROTATION,
        "Every stream is ended in good order at the age of three heartbeats.",
        _rotating,
        promises=lambda settings: {"numbers.max_stream_age": _age(settings)},
    ),
    oddity(
        "slow-to-see-them-go",
        Trap.GONE_PEERS,
        "That a reader has gone is noticed one and a half heartbeats later.",
        at_edge(_slow_to_see),
    ),
    oddity(
        "stamped-metrics",
        Trap.GONE_PEERS,
        "Samples of the metrics are split by worker and carry the time at which they were taken.",
        lambda parts: replace(parts, metrics=_Stamped()),
    ),
    oddity(
        "capped-pages",
        Trap.CAPS,
        "A page after a cursor holds two items at most, also where more are asked for.",
        at_edge(_capped, path=POLLING),
    ),
    oddity(
        "streams-alone",
        Trap.ABSENT_CAPABILITIES,
        "There is neither polling nor metrics nor leave for other origins.",
        _bare,
        promises=_only_streams,
    ),
)
