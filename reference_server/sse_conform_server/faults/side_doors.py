"""Faults that let something out by a side door: a replay, a page, a comment, a heartbeat, one kind of event."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from sqlalchemy import select
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sse_conform_server.auth import Identity
from sse_conform_server.encoder import Event, EventName, to_json
from sse_conform_server.faults.delivery import publishing
from sse_conform_server.faults.edges import POLLING, at_edge, repolled, rewriting
from sse_conform_server.faults.fault import Fault, fault
from sse_conform_server.models import Kind, notifications
from sse_conform_server.parts import Parts
from sse_conform_server.publisher import Publisher
from sse_conform_server.snapshot import Opening, present

_LONGEST = 4000


async def _details(parts: Parts, notification_id: int) -> object:
    query = select(notifications.c.details).where(notifications.c.id == notification_id)
    return await parts.store.read(lambda c: c.scalar(query))


def _raw_replay(parts: Parts) -> Parts:
    async def open_stream(inner: Parts, identity: Identity, last_event_id: str | None) -> Opening:
        opening = await parts.open_stream(inner, identity, last_event_id)
        missed = await inner.missed(inner, identity.user.id, last_event_id)
        raw = [
            Event(name=EventName.NOTIFICATION, data=to_json(present(item, lambda value: value)), id=item.id)
            for item in missed
        ]
        return replace(opening, events=[opening.events[0], *raw])

    return replace(parts, open_stream=open_stream)


async def _raw_pages(parts: Parts, app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
    async def change(document: dict[str, Any]) -> dict[str, Any]:
        items = [item | {"details": await _details(parts, item["id"])} for item in document.get("items", ())]
        return document | {"items": items} if "items" in document else document

    if b"after=" in scope["query_string"]:
        await repolled(change, app, scope, receive, send)
    else:
        await app(scope, receive, send)


class _RawAssignments:
    def __init__(self, parts: Parts, inner: Publisher) -> None:
        self._parts, self._inner = parts, inner

    async def publish(self, user_id: str, event_name: str, payload: Mapping[str, Any]) -> None:
        if payload["type"] == Kind.ASSIGNED:
            payload = {**payload, "details": await _details(self._parts, payload["id"])}
        await self._inner.publish(user_id, event_name, payload)


def _commenting(parts: Parts) -> Parts:
    seen = ""

    def sanitise(value: object) -> object:
        nonlocal seen
        seen = to_json(value)[:_LONGEST] if value else seen
        return parts.sanitise(value)

    def encode(event: Event) -> bytes:
        return f": row {seen}\n".encode() + parts.encode(event) if seen else parts.encode(event)

    return replace(parts, sanitise=sanitise, encode=encode)


def _telling_pings(parts: Parts) -> Parts:
    last: dict[str, str] = {}

    class Noting:
        def __init__(self, _: Parts, inner: Publisher) -> None:
            self._inner = inner

        async def publish(self, user_id: str, event_name: str, payload: Mapping[str, Any]) -> None:
            last["message"] = payload["message"]
            await self._inner.publish(user_id, event_name, payload)

    async def rewrite(_: Scope, message: Message, send: Send) -> None:
        if message.get("body", b"").startswith(b"event: ping"):
            message = {**message, "body": f"event: ping\ndata: {to_json(last)}\n\n".encode()}
        await send(message)

    return rewriting(rewrite)(publishing(Noting)(parts))


FAULTS: tuple[Fault, ...] = (
    fault(
        "replay-unstripped",
        "What is replayed comes from the history as it was stored, secrets and all.",
        _raw_replay,
        "privacy.streams-live",
        perhaps=("delivery.once",),  # what comes while the history is read
    ),
    fault(
        "pages-unstripped",
        "The newest items are stripped, pages after a cursor are read by a query of their own and are not.",
        at_edge(_raw_pages, path=POLLING),
        "privacy.polling",
    ),
    fault(
        "assignments-unstripped",
        "An assignment carries the vulnerability as it is stored; what a new one carries is stripped.",
        publishing(_RawAssignments),
        "privacy.streams-live",
    ),
    fault(
        "debug-comment",
        "A comment left from debugging quotes the row that an event was made of.",
        _commenting,
        "privacy.errors",
        "privacy.streams-live",
        "privacy.streams-snapshot",
    ),
    fault(
        "telling-pings",
        "The ping says what happened last, to whomever.",
        _telling_pings,
        "isolation.live",
    ),
)
