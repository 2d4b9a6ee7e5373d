"""Faults between a publish and the streams it concerns."""

import asyncio
import time
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from sse_conform_server.faults.fault import Fault, fault
from sse_conform_server.faults.snapshots import other_shape
from sse_conform_server.models import Kind
from sse_conform_server.parts import Parts
from sse_conform_server.publisher import Publisher

BURST = 50
_UNIQUE_FOR = 10.0
"""For so many seconds a job like another one is taken for the same."""


def publishing(make: Callable[[Parts, Publisher], Publisher]) -> Callable[[Parts], Parts]:
    """Put another publisher in front of the present one."""
    return lambda parts: replace(parts, publisher=make(parts, parts.publisher))


class _Late:
    def __init__(self, parts: Parts, inner: Publisher) -> None:
        self._inner = inner
        self._delay = 3 * parts.settings.latency_budget
        self._pending: set[asyncio.Task[None]] = set()

    async def publish(self, user_id: str, event_name: str, payload: Mapping[str, Any]) -> None:
        task = asyncio.create_task(self._later(user_id, event_name, payload))
        self._pending.add(task)
        task.add_done_callback(self._pending.discard)

    async def _later(self, user_id: str, event_name: str, payload: Mapping[str, Any]) -> None:
        await asyncio.sleep(self._delay)
        await self._inner.publish(user_id, event_name, payload)


class _Without:
    def __init__(self, kind: Kind, inner: Publisher) -> None:
        self._kind = kind
        self._inner = inner

    async def publish(self, user_id: str, event_name: str, payload: Mapping[str, Any]) -> None:
        if payload["type"] != self._kind:
            await self._inner.publish(user_id, event_name, payload)


class _Twice:
    def __init__(self, _: Parts, inner: Publisher) -> None:
        self._inner = inner

    async def publish(self, user_id: str, event_name: str, payload: Mapping[str, Any]) -> None:
        await self._inner.publish(user_id, event_name, payload)
        await self._inner.publish(user_id, event_name, payload)


class _UniqueJobs:
    def __init__(self, _: Parts, inner: Publisher) -> None:
        self._inner = inner
        self._done: dict[tuple[str, Any, Any], float] = {}

    async def publish(self, user_id: str, event_name: str, payload: Mapping[str, Any]) -> None:
        job, now = (user_id, payload["type"], payload["message"]), time.monotonic()
        if now - self._done.get(job, -_UNIQUE_FOR) >= _UNIQUE_FOR:
            self._done[job] = now
            await self._inner.publish(user_id, event_name, payload)


class _OtherShape:
    def __init__(self, _: Parts, inner: Publisher) -> None:
        self._inner = inner

    async def publish(self, user_id: str, event_name: str, payload: Mapping[str, Any]) -> None:
        await self._inner.publish(user_id, event_name, other_shape(dict(payload)))


class _TextualId:
    def __init__(self, _: Parts, inner: Publisher) -> None:
        self._inner = inner

    async def publish(self, user_id: str, event_name: str, payload: Mapping[str, Any]) -> None:
        await self._inner.publish(user_id, event_name, {**payload, "id": f"n{payload['id']}"})


class _Swapping:
    """Holds an event for a moment; when another follows in time, that one goes first."""

    def __init__(self, parts: Parts, inner: Publisher) -> None:
        self._inner = inner
        self._patience = parts.settings.latency_budget / 8
        self._held: dict[str, tuple[str, Mapping[str, Any]]] = {}
        self._pending: set[asyncio.Task[None]] = set()

    async def publish(self, user_id: str, event_name: str, payload: Mapping[str, Any]) -> None:
        if user_id in self._held:
            await self._inner.publish(user_id, event_name, payload)
            await self._release(user_id)
            return
        self._held[user_id] = (event_name, payload)
        task = asyncio.create_task(self._give_up(user_id, payload))
        self._pending.add(task)
        task.add_done_callback(self._pending.discard)

    async def _give_up(self, user_id: str, payload: Mapping[str, Any]) -> None:
        await asyncio.sleep(self._patience)
        if self._held.get(user_id, ("", None))[1] is payload:
            await self._release(user_id)

    async def _release(self, user_id: str) -> None:
        event_name, payload = self._held.pop(user_id)
        await self._inner.publish(user_id, event_name, payload)


class _Lossy:
    """Drops what goes beyond a buffer's worth without a pause."""

    def __init__(self, parts: Parts, inner: Publisher) -> None:
        self._inner = inner
        self._pause = parts.settings.latency_budget / 2
        self._last: dict[str, float] = defaultdict(float)
        self._count: dict[str, int] = defaultdict(int)

    async def publish(self, user_id: str, event_name: str, payload: Mapping[str, Any]) -> None:
        now = time.monotonic()
        if now - self._last[user_id] > self._pause:
            self._count[user_id] = 0
        self._last[user_id] = now
        self._count[user_id] += 1
        if self._count[user_id] <= BURST:
            await self._inner.publish(user_id, event_name, payload)


FAULTS: tuple[Fault, ...] = (
    fault(
        "unique-jobs",
        "Events pass a queue that takes jobs of one content for the same job: of two that say the same one is pushed.",
        publishing(_UniqueJobs),
        "delivery.vulnerability",
    ),
    fault(
        "late-delivery",
        "Events wait in a queue polled too rarely, three latency budgets long.",
        publishing(_Late),
        "delivery.in-time",
        "delivery.in-time-of-sending",
        "delivery.slow-reader",
        "reconnect.unknown-id",
        "stream.compressed-in-time",
        "delivery.after-return",
        "delivery.after-silence",
        "framing.text-arrives",
        "rate_limit.spares-open-streams",
        perhaps=("delivery.vulnerability",),  # of two that say the same, the later one
    ),
    fault(
        "drop-vulnerability",
        "New vulnerabilities are kept but never pushed.",
        publishing(lambda _, inner: _Without(Kind.NEW, inner)),
        "delivery.vulnerability",
        "delivery.after-silence",
        "delivery.burst",
        "delivery.closed-tab",
        "framing.text-arrives",
        "delivery.no-silent-skip",
        "delivery.slow-reader",
        "reconnect.unknown-id",
        "stream.compressed-in-time",
        "delivery.after-return",
    ),
    fault(
        "drop-assignment",
        "Assignments are kept but never pushed.",
        publishing(lambda _, inner: _Without(Kind.ASSIGNED, inner)),
        "delivery.assignment",
        "delivery.after-return",
        "framing.text-arrives",
    ),
    fault(
        "drop-alert",
        "Admin alerts are kept but never pushed.",
        publishing(lambda _, inner: _Without(Kind.ALERT, inner)),
        "delivery.alert",
        "delivery.after-return",
        "framing.text-arrives",
    ),
    fault(
        "duplicate-delivery",
        "A listener is registered twice: every event comes twice.",
        publishing(_Twice),
        "delivery.once",
    ),
    fault(
        "reorder",
        "Each publish runs as its own task: neighbours in a burst change places.",
        publishing(_Swapping),
        "delivery.in-order",
    ),
    fault(
        "burst-loss",
        "A buffer of 50 is emptied only in a pause: what exceeds it without one is dropped.",
        publishing(_Lossy),
        "delivery.burst",
        "delivery.no-silent-skip",
        "delivery.slow-reader",
    ),
    fault(
        "live-other-shape",
        "Live events have other field names than the items of the snapshot.",
        publishing(_OtherShape),
        "delivery.shape",
        "reconnect.replay-exact",
        "reconnect.replay-ids",
    ),
    fault(
        "live-textual-id",
        "Live events carry their id as text with a prefix, the snapshot as a number.",
        publishing(_TextualId),
        "snapshot.same-id",
        "reconnect.replay-exact",
    ),
)
