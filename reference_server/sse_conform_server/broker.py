"""Instances that share what they publish, over Redis: what one publishes or ends, the others tell or end, too."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from redis.asyncio import Redis
from redis.asyncio.client import PubSub
from redis.exceptions import RedisError

from sse_conform_server.encoder import to_json
from sse_conform_server.hub import Ending
from sse_conform_server.publisher import Publisher

if TYPE_CHECKING:
    from sse_conform_server.parts import Parts

CHANNEL = "sse-conform-server:published"
RETRY_SECONDS = 0.1
"""Between two tries to reach Redis."""


class Broker:
    """A publisher for the streams of all instances: its own at once, those of the others by way of Redis."""

    def __init__(self, near: Publisher, url: str) -> None:
        self._near = near
        self._redis = Redis.from_url(url)
        self._name = uuid4().hex

    async def publish(self, user_id: str, event_name: str, payload: Mapping[str, Any]) -> None:
        """Push here, then there; raises where Redis does not take it, so that nobody takes it for published."""
        await self._near.publish(user_id, event_name, payload)
        message = {"from": self._name, "user": user_id, "event": event_name, "payload": payload}
        await self._redis.publish(CHANNEL, to_json(message))

    async def end_token(self, parts: "Parts", user_id: str, token_id: str) -> None:
        """End the streams of a token here, then there; raises where Redis does not take it."""
        parts.hub.end_token(user_id, token_id)
        await self._redis.publish(CHANNEL, to_json({"from": self._name, "user": user_id, "ended": token_id}))

    @asynccontextmanager
    async def relaying(self, parts: "Parts") -> AsyncIterator[None]:
        """While it lasts, what the other instances publish reaches the streams of this one, and so do logouts."""
        async with self._redis, self._redis.pubsub() as heard:
            await heard.subscribe(CHANNEL)
            relay = asyncio.create_task(self._relay(heard, parts))
            try:
                yield
            finally:
                relay.cancel()
                await asyncio.wait({relay})

    async def _relay(self, heard: PubSub, parts: "Parts") -> None:
        while True:
            try:
                async for message in heard.listen():
                    await self._tell(message, parts)
            except RedisError:
                await self.resume(heard, parts)

    async def resume(self, heard: PubSub, parts: "Parts") -> None:
        """Subscribe again, as soon as that can be; what was published meanwhile the streams here do not know."""
        while True:
            try:
                await heard.subscribe(CHANNEL)
            except RedisError:
                await asyncio.sleep(RETRY_SECONDS)
            else:
                break
        # Their clients come back and read the snapshot.
        for subscription in parts.hub.everyone():
            subscription.end(Ending.UNCERTAIN)

    async def _tell(self, message: Mapping[str, Any], parts: "Parts") -> None:
        if message["type"] != "message":
            return
        told = json.loads(message["data"])
        if told["from"] == self._name:
            return
        if "ended" in told:
            parts.hub.end_token(told["user"], told["ended"])
        else:
            await parts.hub.publish(told["user"], told["event"], told["payload"])
