"""Faults of streams that last: after a silence, after many events, beside another tab."""

import asyncio
import math

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sse_conform_server.encoder import Event
from sse_conform_server.faults.edges import at_edge
from sse_conform_server.faults.fault import Fault, fault
from sse_conform_server.faults.stream_head import compressing
from sse_conform_server.faults.tabs import hubbed
from sse_conform_server.hub import Ending, Hub, Subscription
from sse_conform_server.parts import Parts

_MOST = 30
"""Events that a response has room for."""
_DEADLINE = 1.6
"""Heartbeats for which a connection may be written to."""


class _Forgetful(Subscription):
    """A ping sets another listener in the place of the one for events."""

    _pinged = False

    async def next(self, patience: float) -> Event | None:
        """Remember the ping that this gives rise to."""
        event = await super().next(patience)
        self._pinged = self._pinged or (event is None and self.ending is None)
        return event

    def offer(self, event: Event) -> None:
        """Nobody listens any more."""
        if not self._pinged:
            super().offer(event)


class _ForgetfulHub(Hub):
    subscription_type = _Forgetful


def _with_deadline(parts: Parts) -> Parts:
    class Dated(Subscription):
        _dated = False

        def offer(self, event: Event) -> None:
            """The first event sets the end of all writing."""
            super().offer(event)
            if not self._dated:
                self._dated = True
                deadline = _DEADLINE * parts.settings.heartbeat
                asyncio.get_running_loop().call_later(deadline, self.end, Ending.EXPIRED)

    class DatedHub(Hub):
        subscription_type = Dated

    return hubbed(DatedHub)(parts)


async def _bounded(_: Parts, app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
    """End the response after so many events, as a generator with a count does."""
    count = 0
    full = asyncio.Event()

    async def counted(message: Message) -> None:
        nonlocal count
        if full.is_set():
            return
        await send(message)
        count += message.get("body", b"").count(b"event: notification")
        if count >= _MOST:
            await send({"type": "http.response.body"})
            full.set()

    async def until_full() -> Message:
        waits = {asyncio.ensure_future(receive()), asyncio.ensure_future(full.wait())}
        done, pending = await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        for wait in pending:
            wait.cancel()
        message = done.pop().result()
        return message if isinstance(message, dict) else {"type": "http.disconnect"}

    await app(scope, until_full, counted)


def _one_timer(parts: Parts) -> Parts:
    """Timers are kept by user: that of a new tab takes the place of the one before."""
    latest: dict[str, Subscription] = {}

    class Timed(Subscription):
        async def next(self, patience: float) -> Event | None:
            """Only the latest tab has a timer."""
            return await super().next(patience if latest.get(self.user_id) is self else math.inf)

    class TimedHub(Hub):
        subscription_type = Timed

        def subscribe(self, user_id: str, token_id: str) -> Subscription:
            """Take the timer over."""
            latest[user_id] = super().subscribe(user_id, token_id)
            return latest[user_id]

    return hubbed(TimedHub)(parts)


FAULTS: tuple[Fault, ...] = (
    fault(
        "deaf-after-ping",
        "The first ping takes the place of the listener: the stream stays alive and never tells anything again.",
        hubbed(_ForgetfulHub),
        "delivery.after-silence",
        "rate_limit.spares-open-streams",
        perhaps=("delivery.every-tab",),  # where another tab has not had its ping yet
    ),
    fault(
        "write-deadline",
        "The first event sets a deadline for all writing, which no later write moves: the stream ends in silence.",
        _with_deadline,
        "stream.stays-open",
    ),
    fault(
        "bounded-response",
        f"A response has room for {_MOST} events and then ends: clients come back at once, in the middle of a burst.",
        at_edge(_bounded),
        "stream.stays-open",
    ),
    fault(
        "gzip-unflushed-pings",
        "A compression middleware is flushed by whoever publishes, and pings stay in its window.",
        compressing(always=False, flushed=lambda written: b"event: ping" not in written),
        "heartbeat.after-events",
    ),
    fault(
        "ping-timer-per-user",
        "Heartbeat timers are kept by user: a second tab takes that of the first over.",
        _one_timer,
        "heartbeat.after-events",
    ),
)
