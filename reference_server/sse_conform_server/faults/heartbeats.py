"""Faults of the ping."""

import math
from collections.abc import Callable
from dataclasses import replace

from sse_conform_server.auth import Identity
from sse_conform_server.encoder import Event
from sse_conform_server.faults.fault import Fault, fault
from sse_conform_server.faults.tabs import hubbed
from sse_conform_server.hub import Hub, Subscription
from sse_conform_server.parts import Parts
from sse_conform_server.snapshot import Opening


def _frame(frame: bytes) -> Callable[[Parts], Parts]:
    return lambda parts: replace(parts, heartbeat=replace(parts.heartbeat, frame=frame))


def _interval(factor: float) -> Callable[[Parts], Parts]:
    def apply(parts: Parts) -> Parts:
        return replace(parts, heartbeat=replace(parts.heartbeat, interval=parts.heartbeat.interval * factor))

    return apply


class _Relying(Subscription):
    """Once an event has been sent, the timer is never set again."""

    _busy = False

    async def next(self, patience: float) -> Event | None:
        """Wait without end after the first event."""
        event = await super().next(math.inf if self._busy else patience)
        self._busy = self._busy or event is not None
        return event


class _RelyingHub(Hub):
    subscription_type = _Relying


class _Timed(Subscription):
    """Pings come as long as its timer is set."""

    timer = True

    async def next(self, patience: float) -> Event | None:
        """Without a timer wait for events alone."""
        return await super().next(patience if self.timer else math.inf)


class _TimedHub(Hub):
    subscription_type = _Timed


def _resuming_without_timer(parts: Parts) -> Parts:
    async def open_stream(inner: Parts, identity: Identity, last_event_id: str | None) -> Opening:
        opening = await parts.open_stream(inner, identity, last_event_id)
        assert isinstance(opening.subscription, _Timed)
        opening.subscription.timer = last_event_id is None
        return opening

    return replace(hubbed(_TimedHub)(parts), open_stream=open_stream)


FAULTS: tuple[Fault, ...] = (
    fault(
        "no-ping",
        "No heartbeat is sent; proxies close the idle connection.",
        _interval(math.inf),
        "heartbeat.no-silence",
        "heartbeat.after-events",
    ),
    fault(
        "ping-slow",
        "The timer runs at 1.6 times the interval agreed.",
        _interval(1.6),
        "heartbeat.no-silence",
        "heartbeat.after-events",
    ),
    fault(
        "comment-ping",
        "The heartbeat is a comment: it keeps the line open, but no client hears it.",
        _frame(b": ping\n\n"),
        "heartbeat.named-ping",
    ),
    fault(
        "ping-without-data",
        "The ping has no data line, so that no browser dispatches it (WHATWG HTML 9.2.6).",
        _frame(b"event: ping\n\n"),
        "heartbeat.has-data",
    ),
    fault(
        "ping-with-id",
        "The ping carries an id and so moves the point to resume from.",
        _frame(b"id: ping\nevent: ping\ndata: {}\n\n"),
        "heartbeat.no-id",
    ),
    fault(
        "ping-flood",
        "Pings come twenty times as often as agreed.",
        _interval(1 / 20),
        "heartbeat.not-too-fast",
    ),
    fault(
        "ping-stops-after-event",
        "The first live event cancels the timer and nothing starts it again.",
        hubbed(_RelyingHub),
        "heartbeat.after-events",
    ),
    fault(
        "ping-not-after-resume",
        "A stream that resumes takes a path of its own, on which no timer is set.",
        _resuming_without_timer,
        "heartbeat.after-events",
    ),
)
