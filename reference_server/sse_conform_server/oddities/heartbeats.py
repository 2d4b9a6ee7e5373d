"""Oddities of the heartbeat: other forms and times of the same sign of life."""

import asyncio
from collections.abc import Callable
from dataclasses import replace

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sse_conform_server.encoder import Event
from sse_conform_server.faults.edges import at_edge
from sse_conform_server.faults.tabs import hubbed
from sse_conform_server.hub import Hub, Subscription
from sse_conform_server.oddities.chance import uniform
from sse_conform_server.oddities.oddity import Oddity, oddity
from sse_conform_server.oddities.traps import Trap
from sse_conform_server.parts import Parts

_EARLIEST = 0.3
"""A jittered ping comes after at least so much of the interval."""


def _frame(frame: bytes) -> Callable[[Parts], Parts]:
    return lambda parts: replace(parts, heartbeat=replace(parts.heartbeat, frame=frame))


def _twice_as_often(parts: Parts) -> Parts:
    return replace(parts, heartbeat=replace(parts.heartbeat, interval=parts.heartbeat.interval / 2))


class _Uneven(Subscription):
    async def next(self, patience: float) -> Event | None:
        """Lose patience at random."""
        return await super().next(patience * uniform(_EARLIEST, 1))


class _UnevenHub(Hub):
    subscription_type = _Uneven


def _ticking(frame: Callable[[Parts], bytes], share: float) -> Callable[[Parts], Parts]:
    """Write something on every stream at even times, the first time after the snapshot, whatever else comes."""

    async def middleware(parts: Parts, app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
        ticks: list[asyncio.Task[None]] = []

        async def tick() -> None:
            while True:
                await send({"type": "http.response.body", "body": frame(parts), "more_body": True})
                await asyncio.sleep(share * parts.heartbeat.interval)

        async def beaten(message: Message) -> None:
            if not message.get("more_body") and ticks:
                ticks.pop().cancel()
            await send(message)
            if message.get("more_body") and not ticks:
                ticks.append(asyncio.create_task(tick()))

        try:
            await app(scope, receive, beaten)
        finally:
            for each in ticks:
                each.cancel()

    return at_edge(middleware)


ODDITIES: tuple[Oddity, ...] = (
    oddity(
        "ping-without-text",
        Trap.HEARTBEAT_FORM,
        "The ping has a data line without colon and value, which browsers dispatch.",
        _frame(b"event: ping\ndata\n\n"),
    ),
    oddity(
        "ping-with-time",
        Trap.HEARTBEAT_FORM,
        "The data of a ping is a time, which is no JSON.",
        _frame(b"data: 2026-01-01T00:00:00Z\ndata: ping\nevent: ping\n\n"),
    ),
    oddity(
        "comments-beside-pings",
        Trap.HEARTBEAT_FORM,
        "Comments beat beside the pings, four times as often.",
        _ticking(lambda _: b": ping - 2026-01-01 00:00:00\n\n", 1 / 4),
    ),
    oddity(
        "uneven-pings",
        Trap.HEARTBEAT_TIMING,
        "Pings come at random times within the interval.",
        hubbed(_UnevenHub),
    ),
    oddity(
        "steady-pings",
        Trap.HEARTBEAT_TIMING,
        "Pings come at even times from the snapshot on, beside those after silence.",
        _ticking(lambda parts: parts.heartbeat.frame, 1 / 2),
    ),
    oddity("frequent-pings", Trap.HEARTBEAT_TIMING, "Pings come twice as often as promised.", _twice_as_often),
)
