"""Faults of one kind of event, put together or looked up by code of its own."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from sse_conform_server.encoder import Event, EventName
from sse_conform_server.faults.fault import Fault, fault
from sse_conform_server.faults.tabs import hubbed
from sse_conform_server.hub import Hub
from sse_conform_server.models import Kind, Notification
from sse_conform_server.parts import Parts


def _alerts_by_hand(parts: Parts) -> Parts:
    def encode(event: Event) -> bytes:
        payload = json.loads(event.data) if event.name == EventName.NOTIFICATION else {}
        if payload.get("type") != Kind.ALERT:
            return parts.encode(event)
        data = '{{"id":{id},"type":"{type}","message":"{message}"}}'.format_map(payload)
        return f"id: {event.id}\nevent: {event.name}\ndata: {data}\n\n".encode()

    return replace(parts, encode=encode)


def _replaying_alerts_of_all(parts: Parts) -> Parts:
    alerted: set[str] = set()

    class Watching(Hub):
        async def publish(self, user_id: str, event_name: str, payload: Mapping[str, Any]) -> None:
            if payload.get("type") == Kind.ALERT:
                alerted.add(user_id)
            await super().publish(user_id, event_name, payload)

    async def missed(inner: Parts, user_id: str, last_event_id: str | None) -> Sequence[Notification]:
        own = await parts.missed(inner, user_id, last_event_id)
        if not own or last_event_id is None:
            return own
        limit = inner.settings.replay_limit
        pages = [await inner.store.after(other, int(last_event_id), limit) for other in alerted - {user_id}]
        alerts = [item for page in pages for item in page.items if item.type == Kind.ALERT]
        return sorted([*own, *alerts], key=lambda item: item.id)

    return replace(hubbed(Watching)(parts), missed=missed)


FAULTS: tuple[Fault, ...] = (
    fault(
        "alert-json-by-hand",
        "The JSON of an alert is put together from strings: what its text quotes is not escaped.",
        _alerts_by_hand,
        "framing.strict-json",
        "framing.no-forgery",
        "framing.text-intact",
    ),
    fault(
        "replay-alerts-of-all",
        "OR binds weaker than AND: the query behind a replay finds the alerts of everybody.",
        _replaying_alerts_of_all,
        "reconnect.replay-own",
    ),
)
