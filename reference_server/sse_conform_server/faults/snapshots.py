"""Faults of what a stream starts with."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

from msgspec.structs import replace as replace_settings

from sse_conform_server.auth import Identity
from sse_conform_server.encoder import Event, to_json
from sse_conform_server.faults.fault import Fault, fault
from sse_conform_server.parts import Parts
from sse_conform_server.snapshot import Opening, Snapshot, present

_FULL = 20

Opener = Callable[[Parts, Identity, str | None], Awaitable[Opening]]


def _payload(change: Callable[[dict[str, Any]], dict[str, Any]]) -> Callable[[Parts], Parts]:
    def apply(parts: Parts) -> Parts:
        async def take(inner: Parts, user_id: str) -> Snapshot:
            snapshot = await parts.take_snapshot(inner, user_id)
            return replace(snapshot, payload=change(snapshot.payload))

        return replace(parts, take_snapshot=take)

    return apply


def _opening(wrap: Callable[[Opener], Opener]) -> Callable[[Parts], Parts]:
    return lambda parts: replace(parts, open_stream=wrap(parts.open_stream))


def _late(inner: Opener) -> Opener:
    async def open_stream(parts: Parts, identity: Identity, last_event_id: str | None) -> Opening:
        await asyncio.sleep(2 * parts.settings.latency_budget)
        return await inner(parts, identity, last_event_id)

    return open_stream


def _silent_when_empty(inner: Opener) -> Opener:
    async def open_stream(parts: Parts, identity: Identity, last_event_id: str | None) -> Opening:
        opening = await inner(parts, identity, last_event_id)
        return opening if opening.told else replace(opening, events=())

    return open_stream


def _hello_first(inner: Opener) -> Opener:
    async def open_stream(parts: Parts, identity: Identity, last_event_id: str | None) -> Opening:
        opening = await inner(parts, identity, last_event_id)
        return replace(opening, events=[Event(name="hello", data="{}"), *opening.events])

    return open_stream


def _only_once(inner: Opener) -> Opener:
    seen: set[str] = set()

    async def open_stream(parts: Parts, identity: Identity, last_event_id: str | None) -> Opening:
        opening = await inner(parts, identity, last_event_id)
        if identity.user.id in seen or last_event_id is not None:
            opening = replace(opening, events=opening.events[1:])
        seen.add(identity.user.id)
        return opening

    return open_stream


def _subscribe_late(inner: Opener) -> Opener:
    async def open_stream(parts: Parts, identity: Identity, last_event_id: str | None) -> Opening:
        snapshot = await parts.take_snapshot(parts, identity.user.id)
        await asyncio.sleep(parts.settings.latency_budget / 10)
        opening = await inner(parts, identity, last_event_id)
        early = replace(opening.events[0], data=to_json(snapshot.payload))
        return replace(opening, events=[early, *opening.events[1:]])

    return open_stream


def _id_of_oldest(inner: Opener) -> Opener:
    async def open_stream(parts: Parts, identity: Identity, last_event_id: str | None) -> Opening:
        opening = await inner(parts, identity, last_event_id)
        first = opening.events[0]
        if first.id is None:
            return opening
        return replace(opening, events=[replace(first, id=min(opening.told)), *opening.events[1:]])

    return open_stream


def _thirty(parts: Parts) -> Parts:
    async def take(inner: Parts, user_id: str) -> Snapshot:
        settings = replace_settings(inner.settings, snapshot_items=inner.settings.snapshot_items + 10)
        return await parts.take_snapshot(replace(inner, settings=settings), user_id)

    return replace(parts, take_snapshot=take)


def _oldest(parts: Parts) -> Parts:
    async def take(inner: Parts, user_id: str) -> Snapshot:
        page = await inner.store.after(user_id, 0, inner.settings.snapshot_items)
        items = [present(item, inner.sanitise) for item in page.items]
        return Snapshot(payload={"unread": page.unread, "items": items}, ids=tuple(item.id for item in page.items))

    return replace(parts, take_snapshot=take)


def _cached(parts: Parts) -> Parts:
    kept: dict[str, Snapshot] = {}

    async def take(inner: Parts, user_id: str) -> Snapshot:
        if user_id not in kept:
            kept[user_id] = await parts.take_snapshot(inner, user_id)
        return kept[user_id]

    return replace(parts, take_snapshot=take)


def _count_listed(payload: dict[str, Any]) -> dict[str, Any]:
    return payload | {"unread": sum(not item["read"] for item in payload["items"])}


def _other_keys(payload: dict[str, Any]) -> dict[str, Any]:
    return {"unreadCount": payload["unread"], "notifications": payload["items"]}


def _null_when_empty(payload: dict[str, Any]) -> dict[str, Any]:
    return payload | {"items": payload["items"] or None}


def other_shape(item: dict[str, Any]) -> dict[str, Any]:
    """A notification under the column names of some table."""
    return {"notificationId": item["id"], "kind": item["type"], "text": item["message"]}


def _other_items(payload: dict[str, Any]) -> dict[str, Any]:
    return payload | {"items": [other_shape(item) for item in payload["items"]]}


def _joined(payload: dict[str, Any]) -> dict[str, Any]:
    items = payload["items"]
    return payload | {"items": [*items[:1], *items]} if len(items) < _FULL else payload


def _welcome(payload: dict[str, Any]) -> dict[str, Any]:
    return payload if payload["items"] else payload | {"items": [{"id": 0, "type": "new", "message": "Welcome!"}]}


def _shuffled(payload: dict[str, Any]) -> dict[str, Any]:
    items = payload["items"]
    return payload | {"items": random.sample(items, k=len(items))}


FAULTS: tuple[Fault, ...] = (
    fault(
        "snapshot-late",
        "Head and snapshot wait for a slow query, twice the latency budget.",
        _opening(_late),
        "stream.starts-in-time",
        perhaps=("auth.near-expiry-kept",),
    ),
    fault(
        "silent-when-empty",
        "A user without notifications gets no snapshot at all.",
        _opening(_silent_when_empty),
        "snapshot.first",
        "reconnect.retry-sent",
        "stream.starts-in-time",
    ),
    fault(
        "snapshot-null-items",
        "An empty list is sent as null.",
        _payload(_null_when_empty),
        "snapshot.shape",
    ),
    fault(
        "welcome-item",
        "An empty list is filled with a welcome from a template, which nobody was notified of.",
        _payload(_welcome),
        "snapshot.fresh-user",
    ),
    fault(
        "hello-before-snapshot",
        "A greeting event comes ahead of the snapshot.",
        _opening(_hello_first),
        "snapshot.first",
    ),
    fault(
        "snapshot-30-items",
        "The snapshot lists ten items more than it may.",
        _thirty,
        "snapshot.length",
        "snapshot.newest",
    ),
    fault(
        "snapshot-oldest",
        "The query forgets to sort: the oldest items are listed instead of the newest.",
        _oldest,
        "snapshot.newest",
        "snapshot.remembers",
        "snapshot.no-gap",
        "reconnect.nothing-missed",
    ),
    fault(
        "snapshot-unstable-order",
        "Items come in a different order each time, as from a query without ORDER BY.",
        _payload(_shuffled),
        "snapshot.newest",
    ),
    fault(
        "snapshot-cached",
        "The first snapshot of a user is kept and sent again on each reconnect.",
        _cached,
        "snapshot.remembers",
        "snapshot.newest",
        "snapshot.unread-counts-all",
        "snapshot.no-gap",
        "reconnect.nothing-missed",
        "reconnect.after-faults-browser",
        perhaps=(
            "reconnect.after-faults-page",
            "client.fallback-is-lossless",
        ),
    ),
    fault(
        "unread-of-listed",
        "`unread` counts only the items listed.",
        _payload(_count_listed),
        "snapshot.unread-counts-all",
    ),
    fault(
        "snapshot-id-of-oldest",
        "The snapshot has the id of its last item, and the newest one comes first: a resume repeats the whole list.",
        _opening(_id_of_oldest),
        "snapshot.id-of-newest",
    ),
    fault(
        "snapshot-wrong-keys",
        "The snapshot is spelled `unreadCount` and `notifications`.",
        _payload(_other_keys),
        "snapshot.shape",
    ),
    fault(
        "snapshot-items-other-shape",
        "Items in the snapshot have other field names than live ones.",
        _payload(_other_items),
        "snapshot.item-shape",
    ),
    fault(
        "snapshot-lists-twice",
        "A join multiplies rows: where the list has room the newest item is in it twice.",
        _payload(_joined),
        "snapshot.unique-items",
    ),
    fault(
        "no-snapshot-on-reconnect",
        "Only the first connection of a user gets a snapshot.",
        _opening(_only_once),
        "snapshot.first",
        "snapshot.on-reconnect",
        "reconnect.retry-sent",
        "stream.starts-in-time",
        "reconnect.unknown-id",
    ),
    fault(
        "snapshot-before-subscribe",
        "The snapshot is read before the stream subscribes: what is published in between is lost.",
        _opening(_subscribe_late),
        "snapshot.no-gap",
    ),
)
