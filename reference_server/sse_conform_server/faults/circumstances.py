"""Faults that show under one circumstance alone: beside other tabs, after a resume, where a list is long."""

import asyncio
import json
from collections.abc import Callable, Iterable
from dataclasses import replace
from html import escape
from typing import Any

from sqlalchemy import func, select

from sse_conform_server.auth import Identity
from sse_conform_server.encoder import Event, EventName, to_json
from sse_conform_server.faults.fault import Fault, fault
from sse_conform_server.faults.tabs import hubbed
from sse_conform_server.hub import Hub, Subscription
from sse_conform_server.models import notifications
from sse_conform_server.parts import Parts
from sse_conform_server.snapshot import Opening, Snapshot
from sse_conform_server.store import Page, Store

_SLOTS = 2
_BUFFER = 65_536
_QUERY = 0.1
"""A snapshot takes so much of the latency budget: other events happen meanwhile."""


class _Slots(Hub):
    def audience(self, user_id: str) -> Iterable[Subscription]:
        """Only as many as there were when somebody made room for a second tab."""
        return tuple(super().audience(user_id))[:_SLOTS]


def _first_snapshot_for_the_third(parts: Parts) -> Parts:
    kept: dict[str, str] = {}

    async def open_stream(inner: Parts, identity: Identity, last_event_id: str | None) -> Opening:
        others = len(tuple(inner.hub.audience(identity.user.id)))
        opening = await parts.open_stream(inner, identity, last_event_id)
        if others < _SLOTS:
            kept.setdefault(identity.user.id, opening.events[0].data)
            return opening
        first = replace(opening.events[0], data=kept.get(identity.user.id, opening.events[0].data))
        return replace(opening, events=[first, *opening.events[1:]])

    return replace(parts, open_stream=open_stream)


def _snapshots(change: Callable[[dict[str, Any]], dict[str, Any]]) -> Callable[[Parts], Parts]:
    def apply(parts: Parts) -> Parts:
        def encode(event: Event) -> bytes:
            if event.name == EventName.SNAPSHOT:
                event = replace(event, data=to_json(change(json.loads(event.data))))
            return parts.encode(event)

        return replace(parts, encode=encode)

    return apply


def _escaped(snapshot: dict[str, Any]) -> dict[str, Any]:
    return snapshot | {"items": [item | {"message": escape(item["message"])} for item in snapshot["items"]]}


def _cut(parts: Parts) -> Parts:
    def encode(event: Event) -> bytes:
        frame = parts.encode(event)
        overrun = event.name == EventName.SNAPSHOT and len(frame) > _BUFFER
        return frame[:_BUFFER] + b"\n\n" if overrun else frame

    return replace(parts, encode=encode)


def _nothing_for_who_has_all(parts: Parts) -> Parts:
    async def open_stream(inner: Parts, identity: Identity, last_event_id: str | None) -> Opening:
        opening = await parts.open_stream(inner, identity, last_event_id)
        snapshot = json.loads(opening.events[0].data)
        if last_event_id is None or all(str(item["id"]) != last_event_id for item in snapshot["items"][:1]):
            return opening
        first = replace(opening.events[0], data=to_json(snapshot | {"items": []}))
        return replace(opening, events=[first, *opening.events[1:]])

    return replace(parts, open_stream=open_stream)


def _deaf_after_replay(parts: Parts) -> Parts:
    async def open_stream(inner: Parts, identity: Identity, last_event_id: str | None) -> Opening:
        opening = await parts.open_stream(inner, identity, last_event_id)
        if len(opening.events) > 1:
            inner.hub.unsubscribe(opening.subscription)
        return opening

    return replace(parts, open_stream=open_stream)


def _replayed_and_live(parts: Parts) -> Parts:
    async def open_stream(inner: Parts, identity: Identity, last_event_id: str | None) -> Opening:
        opening = await parts.open_stream(inner, identity, last_event_id)
        return opening if last_event_id is None else replace(opening, told=frozenset())

    async def take_snapshot(inner: Parts, user_id: str) -> Snapshot:
        await asyncio.sleep(_QUERY * inner.settings.latency_budget)
        return await parts.take_snapshot(inner, user_id)

    return replace(parts, open_stream=open_stream, take_snapshot=take_snapshot)


class _CountingEverybodys(Store):
    async def newest(self, user_id: str, count: int) -> Page:
        """The count forgets whose notifications it wants."""
        page = await super().newest(user_id, count)
        counted = await self.read(lambda c: c.scalar(select(func.count()).where(~notifications.c.read)))
        return replace(page, unread=counted or 0)


FAULTS: tuple[Fault, ...] = (
    fault(
        "two-slots",
        "A user has two places for streams: a third tab opens and hears nothing.",
        hubbed(_Slots),
        "delivery.every-tab",
    ),
    fault(
        "stale-for-the-third",
        "The third tab gets the snapshot that was made for the first.",
        _first_snapshot_for_the_third,
        "snapshot.remembers",
    ),
    fault(
        "snapshot-html-escaped",
        "The snapshot comes out of a template engine, which escapes for HTML; live events do not.",
        _snapshots(_escaped),
        "framing.text-intact",
    ),
    fault(
        "snapshot-cut-at-64k",
        "A snapshot is written through a buffer of 64 KiB and cut at its end.",
        _cut,
        "framing.strict-json",
    ),
    fault(
        "nothing-for-who-has-all",
        "Who resumes from the newest event gets an empty list, as if it could be left as it is.",
        _nothing_for_who_has_all,
        "snapshot.remembers",
    ),
    fault(
        "deaf-after-replay",
        "A connection that was replayed something is not subscribed to what comes next.",
        _deaf_after_replay,
        "delivery.after-return",
    ),
    fault(
        "replayed-and-live",
        "What happens while a client resumes is replayed and comes from the queue as well.",
        _replayed_and_live,
        "delivery.once",
    ),
    fault(
        "unread-of-everybody",
        "The count of unread notifications forgets whose they are.",
        lambda parts: replace(parts, store=_CountingEverybodys(parts.store.engine)),
        "snapshot.fresh-user",
    ),
)
