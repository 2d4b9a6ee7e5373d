"""Faults that show when a client comes back as browsers do: by itself, with what it kept, soon or late."""

import time
from collections.abc import Sequence
from dataclasses import replace

from sqlalchemy.ext.asyncio import AsyncConnection
from starlette.datastructures import Headers
from starlette.types import Message, Scope, Send

from sse_conform_server.faults.edges import is_stream, rewriting
from sse_conform_server.faults.fault import Fault, fault
from sse_conform_server.hub import Hub, Subscription
from sse_conform_server.models import Notification
from sse_conform_server.parts import Parts
from sse_conform_server.store import Store

_REMEMBERED = 5
"""For so many reconnection times a user who left is remembered."""


async def _partial_content(scope: Scope, message: Message, send: Send) -> None:
    """What resumes is a part of something, and 206 sounds like it."""
    resumes = Headers(scope=scope).get("last-event-id", "").isdecimal()
    await send({**message, "status": 206} if resumes and is_stream(message) else message)


class _Presence:
    """When each user's last stream ended."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._left: dict[str, float] = {}

    def here(self, user_id: str) -> None:
        """A stream of the user was opened."""
        self._left.pop(user_id, None)

    def left(self, user_id: str) -> None:
        """The last stream of the user ended."""
        self._left[user_id] = time.monotonic()

    def forgotten(self, user_id: str) -> bool:
        """Whether the user was here, and has been away for too long."""
        return time.monotonic() - self._left.get(user_id, float("inf")) > self._seconds


def _forgetting(parts: Parts) -> Parts:
    presence = _Presence(_REMEMBERED * parts.settings.retry / 1000)

    class Watching(Hub):
        def subscribe(self, user_id: str, token_id: str) -> Subscription:
            presence.here(user_id)
            return super().subscribe(user_id, token_id)

        def unsubscribe(self, subscription: Subscription) -> None:
            super().unsubscribe(subscription)
            if not self.audience(subscription.user_id):
                presence.left(subscription.user_id)

    class Forgetting(Store):
        async def _file(self, connection: AsyncConnection, added: Sequence[Notification]) -> None:
            kept = [notification for notification in added if not presence.forgotten(notification.user_id)]
            if kept:
                await super()._file(connection, kept)

    settings = parts.settings
    hub = Watching(max_events=settings.queue_events, max_chars=settings.queue_bytes)
    return replace(parts, hub=hub, publisher=hub, store=Forgetting(parts.store.engine))


FAULTS: tuple[Fault, ...] = (
    fault(
        "resume-206",
        "A request with Last-Event-ID is answered with 206 Partial Content, at which EventSource gives up for good.",
        rewriting(_partial_content),
        "stream.status-200",
        "reconnect.unknown-id",
        "client.reconnects-native",
        "reconnect.after-offline",
        perhaps=("client.snapshot-replaces",),
    ),
    fault(
        "absent-forgotten",
        "Nothing is kept for a user who left five reconnection times ago: whoever is offline for long misses it.",
        _forgetting,
        "reconnect.after-offline",
        "client.fallback-is-lossless",
    ),
)
