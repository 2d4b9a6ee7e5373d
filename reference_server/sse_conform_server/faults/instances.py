"""Faults between instances: what one publishes the streams of another do not hear, or not once, or not soon."""

import asyncio
import contextlib
from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from typing import Any

from redis.asyncio.client import PubSub
from redis.exceptions import RedisError

from sse_conform_server.broker import Broker
from sse_conform_server.faults.fault import Fault, fault
from sse_conform_server.hub import Hub
from sse_conform_server.parts import Parts

_LATE = 2.0
"""Latency budgets until the next look at what others published."""


class _Far(Hub):
    """Stands between what comes from other instances and the streams."""

    def __init__(self, parts: Parts) -> None:
        super().__init__(max_events=0, max_chars=0)
        self._near = parts.hub

    def end_token(self, user_id: str, token_id: str) -> None:
        """Logouts pass."""
        self._near.end_token(user_id, token_id)


def _relayed(parts: Parts, hub: _Far) -> Parts:
    """Let what comes from other instances go to the streams by way of this hub."""
    return replace(parts, relay=lambda inner: parts.relay(replace(inner, hub=hub)))


async def _ended_here(parts: Parts, user_id: str, token_id: str) -> None:
    parts.hub.end_token(user_id, token_id)


def _twice(parts: Parts) -> Parts:
    class Echo(_Far):
        async def publish(self, user_id: str, event_name: str, payload: Mapping[str, Any]) -> None:
            """Two subscriptions to one channel."""
            for _ in range(2):
                await parts.hub.publish(user_id, event_name, payload)

    return _relayed(parts, Echo(parts))


class _Blithe(Broker):
    async def publish(self, user_id: str, event_name: str, payload: Mapping[str, Any]) -> None:
        """What the broker does not take is forgotten."""
        with contextlib.suppress(RedisError):
            await super().publish(user_id, event_name, payload)

    async def resume(self, heard: PubSub, parts: Parts) -> None:
        """Whoever listens is told of nothing."""
        await super().resume(heard, replace(parts, hub=Hub(max_events=0, max_chars=0)))


class _Once(Broker):
    async def resume(self, heard: PubSub, parts: Parts) -> None:  # noqa: ARG002 - as the broker has it
        """The task that listened has failed, and nobody looks after it."""
        await asyncio.Event().wait()


def _brokered(kind: type[Broker]) -> Callable[[Parts], Parts]:
    """Replace the broker, as soon as it is needed: a service of one instance has none."""

    def apply(parts: Parts) -> Parts:
        broker = kind(parts.hub, parts.settings.redis or "redis://")
        publisher = broker if parts.settings.redis else parts.publisher

        def relay(inner: Parts) -> AbstractAsyncContextManager[None]:
            return broker.relaying(inner) if parts.settings.redis else parts.relay(inner)

        return replace(parts, publisher=publisher, relay=relay)

    return apply


def _late(parts: Parts) -> Parts:
    class Polling(_Far):
        async def publish(self, user_id: str, event_name: str, payload: Mapping[str, Any]) -> None:
            """Looked for from time to time."""
            await asyncio.sleep(_LATE * parts.settings.latency_budget)
            await parts.hub.publish(user_id, event_name, payload)

    return _relayed(parts, Polling(parts))


FAULTS: tuple[Fault, ...] = (
    fault(
        "instance-local",
        "The map of streams is in the memory of each instance, and nobody tells the others.",
        lambda parts: replace(
            parts, publisher=parts.hub, relay=lambda _: contextlib.nullcontext(), end_token=_ended_here
        ),
        "multi_instance.delivers",
        "multi_instance.logout",
    ),
    fault(
        "logout-local",
        "What is published the instances tell one another; a logout ends the streams of the instance that it came to.",
        lambda parts: replace(parts, end_token=_ended_here),
        "multi_instance.logout",
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
        perhaps=("multi_instance.logout",),  # where it stands behind what is late
    ),
    fault(
        "broker-errors-swallowed",
        "What the broker does not take is logged and forgotten, and streams stay open as if they knew it all.",
        _brokered(_Blithe),
        "multi_instance.broker-down",
    ),
    fault(
        "subscribed-once",
        "The subscription to the broker ends with its first connection, and nobody makes another.",
        _brokered(_Once),
        "multi_instance.broker-restart",
    ),
)
