"""Faults that show when a client comes back as browsers do: by itself, with what it kept, soon or late."""

import time
from collections.abc import Sequence
from dataclasses import replace

from sqlalchemy import Connection
from starlette.datastructures import Headers
from starlette.requests import HTTPConnection
from starlette.types import Message, Scope, Send

from sse_conform_server.auth import Identity
from sse_conform_server.faults.edges import by_browser, is_stream, rewriting
from sse_conform_server.faults.fault import Fault, fault
from sse_conform_server.hub import Hub, Subscription
from sse_conform_server.models import Notification
from sse_conform_server.parts import Parts
from sse_conform_server.store import Store

_REMEMBERED = 7
"""For so many reconnection times somebody whose browser was heard last is remembered."""


async def _partial_content(scope: Scope, message: Message, send: Send) -> None:
    """What resumes is a part of something, and 206 sounds like it."""
    resumes = Headers(scope=scope).get("last-event-id", "").isdecimal()
    await send({**message, "status": 206} if resumes and is_stream(message) else message)


def _forgetting(parts: Parts) -> Parts:
    seconds = _REMEMBERED * parts.settings.retry / 1000
    heard: dict[str, float] = {}

    def away(user_id: str) -> bool:
        """Whether the user has no stream, and the browser in which there was one has been silent for too long."""
        gone = time.monotonic() - heard.get(user_id, float("inf")) > seconds
        return gone and not hub.audience(user_id)

    class Watching(Hub):
        def unsubscribe(self, subscription: Subscription) -> None:
            super().unsubscribe(subscription)
            if subscription.user_id in heard:
                heard[subscription.user_id] = time.monotonic()

    class Forgetting(Store):
        def _file(self, connection: Connection, added: Sequence[Notification]) -> None:
            kept = [notification for notification in added if not away(notification.user_id)]
            if kept:
                super()._file(connection, kept)

    async def authenticate(whole: Parts, connection: HTTPConnection) -> Identity:
        identity = await parts.authenticate(whole, connection)
        if by_browser(connection.headers):
            heard[identity.user.id] = time.monotonic()
        return identity

    hub = Watching(max_events=parts.settings.queue_events, max_chars=parts.settings.queue_bytes)
    store = Forgetting(parts.store.engine)
    return replace(parts, hub=hub, publisher=hub, store=store, authenticate=authenticate)


FAULTS: tuple[Fault, ...] = (
    fault(
        "resume-206",
        "A request with Last-Event-ID is answered with 206 Partial Content, at which EventSource gives up for good.",
        rewriting(_partial_content),
        "stream.status-200",
        "reconnect.unknown-id",
        "client.reconnects-native",
        "reconnect.after-offline",
        "reconnect.after-faults-restart",
        perhaps=("client.snapshot-replaces",),
    ),
    fault(
        "absent-forgotten",
        "Nothing is kept for a user whose browser was heard seven reconnection times ago: whoever is offline for long "
        "misses it.",
        _forgetting,
        "reconnect.after-offline",
        perhaps=("client.fallback-is-lossless",),
    ),
)
