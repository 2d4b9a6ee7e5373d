"""Faults of the hub: which streams get an event, and what their queues do with it."""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any

from sse_conform_server.encoder import Event
from sse_conform_server.faults.fault import Fault, fault
from sse_conform_server.hub import Hub, Subscription
from sse_conform_server.parts import Parts

BACKLOG = 4
"""Events a stream may have waiting before a publish waits for it."""


def hubbed(kind: Callable[..., Hub]) -> Callable[[Parts], Parts]:
    """Replace the hub, which is the publisher too."""

    def apply(parts: Parts) -> Parts:
        hub = kind(max_events=parts.settings.queue_events, max_chars=parts.settings.queue_bytes)
        return replace(parts, hub=hub, publisher=hub)

    return apply


class _FirstTab(Hub):
    def audience(self, user_id: str) -> Iterable[Subscription]:
        """Only who came first."""
        return tuple(super().audience(user_id))[:1]


class _LastTab(Hub):
    def audience(self, user_id: str) -> Iterable[Subscription]:
        """Only who came last."""
        return tuple(super().audience(user_id))[-1:]


class _Silencing(Hub):
    def unsubscribe(self, subscription: Subscription) -> None:
        """Forget the user, not the stream."""
        self._streams.pop(subscription.user_id, None)


class _Stacking(Hub):
    """Adds one listener more at each connection of a user and never takes one away."""

    def __init__(self, *, max_events: int, max_chars: int) -> None:
        super().__init__(max_events=max_events, max_chars=max_chars)
        self._count: dict[str, int] = defaultdict(int)

    def subscribe(self, user_id: str, token_id: str) -> Subscription:
        """Listen once for each connection so far."""
        subscription = super().subscribe(user_id, token_id)
        self._streams[user_id].extend([subscription] * self._count[user_id])
        self._count[user_id] += 1
        return subscription

    def unsubscribe(self, subscription: Subscription) -> None:
        """Take all of this stream's away."""
        while subscription in self._streams.get(subscription.user_id, ()):
            super().unsubscribe(subscription)


class _OneBehindSubscription(Subscription):
    _held: Event | None = None

    def offer(self, event: Event) -> None:
        """Let go of the one before."""
        held, self._held = self._held, event
        if held is not None:
            super().offer(held)

    async def next(self, patience: float) -> Event | None:
        """After a silence the ping is written, a little early, and that pushes the held one out as well."""
        event = await super().next(0.6 * patience)
        if event is None and self.ending is None and self._held is not None:
            held, self._held = self._held, None
            super().offer(held)
        return event


class _SkippingSubscription(Subscription):
    def overflow(self) -> None:
        """Keep the stream: the event that did not fit is lost, and nobody is told."""


def _with_subscriptions(kind: type[Subscription]) -> Callable[..., Hub]:
    class Custom(Hub):
        subscription_type = kind

    return Custom


class _Blocking(Hub):
    """One worker serves all streams, and goes on only when each has nearly written what it has."""

    def __init__(self, *, max_events: int, max_chars: int) -> None:
        super().__init__(max_events=max_events, max_chars=max_chars)
        self._due: asyncio.Queue[tuple[str, str, Mapping[str, Any]]] = asyncio.Queue()
        self._worker: asyncio.Task[None] | None = None

    async def publish(self, user_id: str, event_name: str, payload: Mapping[str, Any]) -> None:
        """Leave it to the worker."""
        self._worker = self._worker or asyncio.create_task(self._work())
        self._due.put_nowait((user_id, event_name, payload))

    async def _work(self) -> None:
        while True:
            await super().publish(*await self._due.get())
            while any(subscription.waiting > BACKLOG for subscription in self.everyone()):  # noqa: ASYNC110 - a fault
                await asyncio.sleep(0.01)


#: A worker that waits holds up whoever is told something just then.
_WHO_IS_ABOUT = (
    "delivery.after-return",
    "delivery.after-silence",
    "framing.text-arrives",
    "rate_limit.spares-open-streams",
    "reconnect.unknown-id",
    "stream.compressed-in-time",
)

FAULTS: tuple[Fault, ...] = (
    fault(
        "first-tab-only",
        "Only the first open stream of a user gets events.",
        hubbed(_FirstTab),
        "delivery.every-tab",
        "delivery.slow-reader",
        "delivery.after-return",
        "delivery.after-silence",
    ),
    fault(
        "last-tab-only",
        "A map from user to one connection: the newest tab replaces the others.",
        hubbed(_LastTab),
        "delivery.every-tab",
        "delivery.slow-reader",
        "delivery.after-silence",
        "delivery.no-silent-skip",
    ),
    fault(
        "closed-tab-silences",
        "When one tab closes, the user's entry is removed with all other tabs in it.",
        hubbed(_Silencing),
        "delivery.closed-tab",
        "delivery.slow-reader",
        perhaps=("rate_limit.spares-open-streams", "delivery.every-tab"),
    ),
    fault(
        "stacked-listeners",
        "Each reconnect adds a listener and none is removed: the n-th connection gets every event n times.",
        hubbed(_Stacking),
        "delivery.once",
    ),
    fault(
        "one-behind",
        "An event stays in a buffer until the next write pushes it out.",
        hubbed(_with_subscriptions(_OneBehindSubscription)),
        "delivery.in-time",
        "delivery.in-time-of-sending",
        "delivery.slow-reader",
        "stream.compressed-in-time",
    ),
    fault(
        "slow-reader-blocks",
        "One worker writes to all streams and waits for each: a stalled reader holds up all.",
        hubbed(_Blocking),
        "delivery.slow-reader",
        perhaps=_WHO_IS_ABOUT,
    ),
    fault(
        "slow-reader-skips",
        "What does not fit into a slow reader's queue is dropped in silence.",
        hubbed(_with_subscriptions(_SkippingSubscription)),
        "delivery.no-silent-skip",
    ),
)
