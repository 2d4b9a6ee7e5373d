"""Faults between instances: what one publishes the streams of another do not hear, or not once, or not soon."""

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from sse_conform_server.faults.fault import Fault, fault
from sse_conform_server.hub import Hub
from sse_conform_server.parts import Parts

_LATE = 2.0
"""Latency budgets until the next look at what others published."""


def _relayed(parts: Parts, hub: Hub) -> Parts:
    """Let what comes from other instances go to the streams by way of this hub."""
    return replace(parts, relay=lambda inner: parts.relay(replace(inner, hub=hub)))


def _twice(parts: Parts) -> Parts:
    class Echo(Hub):
        async def publish(self, user_id: str, event_name: str, payload: Mapping[str, Any]) -> None:
            """Two subscriptions to one channel."""
            for _ in range(2):
                await parts.hub.publish(user_id, event_name, payload)

    return _relayed(parts, Echo(max_events=0, max_chars=0))


def _late(parts: Parts) -> Parts:
    class Polling(Hub):
        async def publish(self, user_id: str, event_name: str, payload: Mapping[str, Any]) -> None:
            """Looked for from time to time."""
            await asyncio.sleep(_LATE * parts.settings.latency_budget)
            await parts.hub.publish(user_id, event_name, payload)

    return _relayed(parts, Polling(max_events=0, max_chars=0))


FAULTS: tuple[Fault, ...] = (
    fault(
        "instance-local",
        "The map of streams is in the memory of each instance, and nobody tells the others.",
        lambda parts: replace(parts, publisher=parts.hub),
        "multi_instance.delivers",
    ),
    fault(
        "relayed-twice",
        "An instance subscribes to the channel again whenever it reconnects, and relays what it hears each time.",
        _twice,
        "multi_instance.delivers",
        "delivery.once",
    ),
    fault(
        "relayed-late",
        "Instances look into the database for what others published, from time to time.",
        _late,
        "multi_instance.delivers",
    ),
)
