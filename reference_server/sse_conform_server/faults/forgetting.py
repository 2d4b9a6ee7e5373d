"""Faults of one path that forgets one kind of event, and has all others right."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import func, select
from starlette.types import ASGIApp, Receive, Scope, Send

from sse_conform_server.faults.edges import POLLING, at_edge, repolled
from sse_conform_server.faults.fault import Fault, fault
from sse_conform_server.models import Kind, Notification, notifications
from sse_conform_server.parts import Parts
from sse_conform_server.snapshot import Snapshot
from sse_conform_server.store import Page, Store


def _others(items: list[dict[str, Any]], kind: Kind) -> list[dict[str, Any]]:
    return [item for item in items if item["type"] != kind]


def _snapshot_without_alerts(parts: Parts) -> Parts:
    async def take(inner: Parts, user_id: str) -> Snapshot:
        snapshot = await parts.take_snapshot(inner, user_id)
        return replace(snapshot, payload=snapshot.payload | {"items": _others(snapshot.payload["items"], Kind.ALERT)})

    return replace(parts, take_snapshot=take)


class _CountingOthers(Store):
    """Counts in the table of vulnerabilities, in which alerts have no row."""

    async def newest(self, user_id: str, count: int) -> Page:
        page = await super().newest(user_id, count)
        theirs = (notifications.c.user_id == user_id) & ~notifications.c.read
        counted = select(func.count()).where(theirs, notifications.c.type != Kind.ALERT)
        unread: int | None = await self.read(lambda c: c.scalar(counted))
        return replace(page, unread=unread or 0)


async def _poll_without_assignments(_: Parts, app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
    async def change(document: dict[str, Any]) -> dict[str, Any]:
        items = document.get("items")
        return document if items is None else document | {"items": _others(items, Kind.ASSIGNED)}

    await repolled(change, app, scope, receive, send)


def _replay_without_alerts(parts: Parts) -> Parts:
    async def missed(inner: Parts, user_id: str, last_event_id: str | None) -> Sequence[Notification]:
        replayed = await parts.missed(inner, user_id, last_event_id)
        return [notification for notification in replayed if notification.type is not Kind.ALERT]

    return replace(parts, missed=missed)


FAULTS: tuple[Fault, ...] = (
    fault(
        "snapshot-forgets-alerts",
        "The snapshot joins notifications with vulnerabilities, and alerts are about none.",
        _snapshot_without_alerts,
        "snapshot.newest",
        "reconnect.nothing-missed",
        "snapshot.remembers",
    ),
    fault(
        "unread-forgets-alerts",
        "`unread` is counted by another query than the list, in which alerts are missing.",
        lambda parts: replace(parts, store=_CountingOthers(parts.store.engine)),
        "snapshot.unread-counts-all",
    ),
    fault(
        "polling-forgets-assignments",
        "Polling is older than assignments, and nobody added them there.",
        at_edge(_poll_without_assignments, path=POLLING),
        "polling.complete",
        "polling.newest",
    ),
    fault(
        "replay-forgets-alerts",
        "The history that is replayed has vulnerabilities and assignments only.",
        _replay_without_alerts,
        "reconnect.replay-exact",
    ),
)
