"""Oddities of what a stream begins with, and of what stands in JSON."""

import asyncio
import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from sse_conform_server.auth import Identity
from sse_conform_server.encoder import Event, EventName, to_json
from sse_conform_server.models import Notification
from sse_conform_server.oddities.oddity import Oddity, oddity
from sse_conform_server.oddities.traps import Trap
from sse_conform_server.parts import Parts
from sse_conform_server.privacy import Sanitiser
from sse_conform_server.snapshot import Opening, Snapshot

_SLOW_SHARE = 0.4
"""A snapshot takes so much of the latency budget."""
_REPEATED = 3
_MASK = "********"


def _slow(parts: Parts) -> Parts:
    async def take_snapshot(inner: Parts, user_id: str) -> Snapshot:
        await asyncio.sleep(_SLOW_SHARE * inner.settings.latency_budget)
        return await parts.take_snapshot(inner, user_id)

    return replace(parts, take_snapshot=take_snapshot)


def _oldest_first(parts: Parts) -> Parts:
    async def take_snapshot(inner: Parts, user_id: str) -> Snapshot:
        taken = await parts.take_snapshot(inner, user_id)
        return replace(taken, payload=taken.payload | {"items": taken.payload["items"][::-1]})

    return replace(parts, take_snapshot=take_snapshot)


def _without_id(parts: Parts) -> Parts:
    def encode(event: Event) -> bytes:
        return parts.encode(replace(event, id=None) if event.name == EventName.SNAPSHOT else event)

    return replace(parts, encode=encode)


def _told_twice(parts: Parts) -> Parts:
    async def open_stream(inner: Parts, identity: Identity, last_event_id: str | None) -> Opening:
        opening = await parts.open_stream(inner, identity, last_event_id)
        replayed = (event.id for event in opening.events[1:] if event.id is not None)
        return replace(opening, told=frozenset(replayed))

    return replace(parts, open_stream=open_stream)


def _repeating(parts: Parts) -> Parts:
    async def missed(inner: Parts, user_id: str, last_event_id: str | None) -> Sequence[Notification]:
        if last_event_id is None or not last_event_id.isdecimal() or len(last_event_id) > _LONGEST:
            return ()
        page = await inner.store.after(user_id, max(0, int(last_event_id) - _REPEATED), inner.settings.snapshot_items)
        return page.items

    return replace(parts, missed=missed)


_LONGEST = 15


def _without_replay(parts: Parts) -> Parts:
    async def missed(_parts: Parts, _user_id: str, _last_event_id: str | None) -> Sequence[Notification]:
        return ()

    return replace(parts, missed=missed)


def _more(item: dict[str, Any]) -> dict[str, Any]:
    links = {"self": f"/notifications/{item['id']}", "next": None}
    return (
        {"actor": None, "links": links, "tags": [], "score": 0.5e1} | item | {"created_at": "2026-01-01T00:00:00+00:00"}
    )


def _with_more(event: Event) -> Event:
    payload = json.loads(event.data)
    if event.name == EventName.SNAPSHOT:
        items = [_more(item) for item in payload["items"]]
        payload = {"version": 2, "has_more": None} | payload | {"items": items, "server": {"region": "eu"}}
    else:
        payload = _more(payload)
    return replace(event, data=to_json(payload))


class _Masking:
    """Keeps the names of what is sensitive and hides the values."""

    def __init__(self, strip: Sanitiser, mask: Callable[[object], object]) -> None:
        self._strip = strip
        self._mask = mask

    def __call__(self, value: object) -> object:
        match value:
            case dict():
                kept = self._strip(dict.fromkeys(value))
                assert isinstance(kept, dict)
                return {name: self(inner) if name in kept else self._mask(inner) for name, inner in value.items()}
            case list() | tuple():
                return [self(inner) for inner in value]
            case _:
                return self._strip(value)


def _masked(mask: Callable[[object], object]) -> Callable[[Parts], Parts]:
    return lambda parts: replace(parts, sanitise=_Masking(parts.sanitise, mask))


ODDITIES: tuple[Oddity, ...] = (
    oddity("slow-snapshot", Trap.SLOWNESS, "The snapshot takes two fifths of the latency budget.", _slow),
    oddity("oldest-first", Trap.EXTRA_KEYS, "A snapshot lists the oldest of the newest items first.", _oldest_first),
    oddity("snapshot-without-id", Trap.IDS, "A snapshot carries no id.", _without_id),
    oddity(
        "listed-and-live",
        Trap.SNAPSHOT_RACE,
        "What happens while a client connects is in the snapshot and comes live as well.",
        _told_twice,
    ),
    oddity(
        "no-replay",
        Trap.STATE_RECOVERY,
        "Last-Event-ID is not read: snapshot and polling are all there is.",
        _without_replay,
        promises=lambda _: {"capabilities.replay": False},
    ),
    oddity(
        "repeats-after-reconnect",
        Trap.REPEATS,
        "After a reconnect the last few events before the drop come again, with the same ids.",
        _repeating,
        promises=lambda _: {"capabilities.replay": False},
    ),
    oddity(
        "extra-keys",
        Trap.EXTRA_KEYS,
        "Snapshots and items have further keys, nulls, and times in another form.",
        lambda parts: replace(parts, encode=lambda event: parts.encode(_with_more(event))),
    ),
    oddity("null-masked", Trap.MASKS, "Sensitive fields are there, and null.", _masked(lambda _: None)),
    oddity(
        "last-four-shown",
        Trap.MASKS,
        "Sensitive fields are there, masked but for their last four characters.",
        _masked(lambda value: _MASK + str(value)[-4:]),
    ),
)
