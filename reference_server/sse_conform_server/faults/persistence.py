"""Faults of what is kept, and of publishes that should not have happened."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection, delete
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sse_conform_server.encoder import EventName
from sse_conform_server.faults.delivery import publishing
from sse_conform_server.faults.edges import at_edge
from sse_conform_server.faults.fault import Fault, fault
from sse_conform_server.models import Kind, Notification, iso, notifications
from sse_conform_server.parts import Parts
from sse_conform_server.publisher import Publisher
from sse_conform_server.store import Draft, Page, Store

_PUBLISHING = ("/api/vulnerabilities", "/api/admin/alerts")


class _Leaking(Store):
    def _add_notifications(self, connection: Connection, draft: Draft) -> Sequence[Notification]:
        added = super()._add_notifications(connection, draft)
        gone = [notification.id for notification in added]
        connection.execute(delete(notifications).where(notifications.c.id.in_(gone)))
        return added


class _ForListeners:
    """Keeps what was pushed to somebody, and forgets the rest at once."""

    def __init__(self, parts: Parts, inner: Publisher) -> None:
        self._inner = inner
        self._hub = parts.hub
        self._store = parts.store

    async def publish(self, user_id: str, event_name: str, payload: Mapping[str, Any]) -> None:
        heard = bool(self._hub.audience(user_id))  # asked in the moment of the push: who was told finds it again
        await self._inner.publish(user_id, event_name, payload)
        if not heard:
            gone = delete(notifications).where(notifications.c.id == payload["id"])
            await self._store.write(lambda connection: connection.execute(gone))


class _Ring(Store):
    """Reads what came after an id from as many of the newest as a snapshot lists."""

    def __init__(self, inner: Store, size: int) -> None:
        super().__init__(inner.engine)
        self._size = size

    async def after(self, user_id: str, cursor: int, count: int) -> Page:
        """Only what is still in the ring."""
        kept = await self.newest(user_id, self._size)
        later = [notification for notification in reversed(kept.items) if notification.id > cursor]
        return replace(kept, items=tuple(later[:count]))


async def _notify_anyway(parts: Parts, app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
    """Publish from the body as it came, when the handler has refused it."""
    body = bytearray()
    status = 0

    async def reading() -> Message:
        message = await receive()
        body.extend(message.get("body", b""))
        return message

    async def watching(message: Message) -> None:
        nonlocal status
        status = message.get("status", status)
        await send(message)

    await app(scope, reading, watching)
    if scope["path"].startswith(_PUBLISHING) and status in (400, 404, 422):
        await _publish_raw(parts, bytes(body))


async def _publish_raw(parts: Parts, body: bytes) -> None:
    try:
        sent = json.loads(body)
    except ValueError:
        return
    if not isinstance(sent, dict):
        return
    payload: dict[str, Any] = {
        "id": await parts.store.last_id() + 1, "type": Kind.NEW, "created_at": iso(0.0), "read": False,
        "message": str(sent.get("title", sent.get("message", ""))), "vulnerability_id": None, "details": None,
    }  # fmt: skip
    for user_id in {subscription.user_id for subscription in parts.hub.everyone()}:
        await parts.publisher.publish(user_id, EventName.NOTIFICATION, payload)


FAULTS: tuple[Fault, ...] = (
    fault(
        "not-persisted",
        "Events are pushed but not kept: the next snapshot knows nothing of them.",
        lambda parts: replace(parts, store=_Leaking(parts.store.engine)),
        "snapshot.remembers",
        "snapshot.newest",
        "snapshot.unread-counts-all",
        "snapshot.no-gap",
        "polling.complete",
        "polling.newest",
        "reconnect.nothing-missed",
        "reconnect.beyond-list",
        "reconnect.replay-exact",
        "polling.remembers",
        "polling.unread-counts-all",
    ),
    fault(
        "kept-for-listeners",
        "An event is kept only for who has a stream open when it happens, as with publish and subscribe alone.",
        publishing(_ForListeners),
        "snapshot.newest",
        "snapshot.unread-counts-all",
        "snapshot.no-gap",
        "polling.complete",
        "polling.newest",
        "reconnect.nothing-missed",
        "reconnect.beyond-list",
        "polling.unread-counts-all",
    ),
    fault(
        "history-of-one-list",
        "Replay and pages read a ring as long as the list: what lies before it a client that was away never learns.",
        lambda parts: replace(parts, store=_Ring(parts.store, parts.settings.snapshot_items)),
        "reconnect.beyond-list",
        "polling.complete",
    ),
    fault(
        "notify-on-invalid",
        "The event is emitted ahead of validation: a publish that was refused is delivered all the same.",
        at_edge(_notify_anyway, path="/api/"),
        "delivery.refused-publish",
        "delivery.unique-ids",
    ),
)
