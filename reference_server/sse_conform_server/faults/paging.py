"""Faults of polling that show at the borders of pages, between two polls, or beside the items."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs

from sqlalchemy import Select, select
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from sse_conform_server.faults.edges import POLLING, at_edge, repolled
from sse_conform_server.faults.fault import Fault, fault
from sse_conform_server.models import Notification, notifications
from sse_conform_server.parts import Parts
from sse_conform_server.store import Page, Store

_FRESH_SHARE = 1.2
"""An answer is good for so much of the latency budget."""
_TICK = 0.02
"""Seconds to which the times of a cursor are cut."""
_MANY = 10_000
_MOST_SHOWN = 49
_FIRST = "first"

Change = Callable[[dict[str, Any], dict[str, list[str]]], dict[str, Any]]


def _answering(change: Change) -> Callable[[Parts], Parts]:
    """Answer polls with what `change` makes of the document and the query."""

    async def middleware(_: Parts, app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
        query = parse_qs(scope["query_string"].decode("latin-1"))

        async def changed(document: dict[str, Any]) -> dict[str, Any]:
            return change(document, query) if "items" in document else document

        await repolled(changed, app, scope, receive, send)

    return at_edge(middleware, path=POLLING)


def _counting_the_page(document: dict[str, Any], _: dict[str, list[str]]) -> dict[str, Any]:
    return document | {"unread": len(document["items"])}


def _from_the_start(document: dict[str, Any], _: dict[str, list[str]]) -> dict[str, Any]:
    return document if document["items"] else document | {"next": 0}


def _short_step(document: dict[str, Any], query: dict[str, list[str]]) -> dict[str, Any]:
    single = query.get("limit") == ["1"] and document["items"]
    return document | {"next": document["next"] - 1} if single else document


async def _newest_unless_limited(parts: Parts, app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
    query = scope["query_string"]

    async def newest(document: dict[str, Any]) -> dict[str, Any]:
        return (
            document | {"items": document["items"][-parts.settings.snapshot_items :]}
            if "items" in document
            else document
        )

    if b"after=" in query and b"limit=" not in query:
        await repolled(newest, app, {**scope, "query_string": query + b"&limit=100"}, receive, send)
    else:
        await app(scope, receive, send)


async def _one_too_far(_: Parts, app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
    query = scope["query_string"]

    async def naming_the_first(document: dict[str, Any]) -> dict[str, Any]:
        return document if document["items"] or b"after=" in query else document | {"next": _FIRST}

    async def behind_the_first(document: dict[str, Any]) -> dict[str, Any]:
        return document | {"items": document["items"][1:]}

    if f"after={_FIRST}".encode() in query:
        behind = {**scope, "query_string": query.replace(_FIRST.encode(), b"0")}
        await repolled(behind_the_first, app, behind, receive, send)
    else:
        await repolled(naming_the_first, app, scope, receive, send)


def _remembering_answers(parts: Parts) -> Parts:
    kept: dict[tuple[str | None, bytes], tuple[float, dict[str, Any]]] = {}

    async def middleware(inner: Parts, app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
        key, now = (Headers(scope=scope).get("authorization"), scope["query_string"]), time.monotonic()

        async def changed(document: dict[str, Any]) -> dict[str, Any]:
            then, old = kept.get(key, (0.0, {}))
            if now - then < _FRESH_SHARE * inner.settings.latency_budget:
                return old
            kept[key] = now, document
            return document

        await repolled(changed, app, scope, receive, send)

    return at_edge(middleware, path=POLLING)(parts)


class _CountingRows(Store):
    async def unread(self, _: str) -> int:
        """A page without items has no row to count in."""
        return 0


class _UpTo49(Store):
    async def _page(self, query: Select[Any], asked: Mapping[str, object]) -> Page:
        page = await super()._page(query, asked)
        return replace(page, unread=min(page.unread, _MOST_SHOWN))

    async def unread(self, user_id: str) -> int:
        """As many as a badge has room for."""
        return min(await super().unread(user_id), _MOST_SHOWN)


class _ByTime(Store):
    """Goes on from the time of the cursor's item: what shares it is skipped."""

    async def after(self, user_id: str, cursor: int, count: int) -> Page:
        """What is later by the clock."""
        given = select(notifications.c.created_at).where(notifications.c.id == cursor)
        tick = int((await self.read(lambda c: c.scalar(given)) or 0.0) / _TICK)
        page = await super().after(user_id, 0, _MANY)
        return replace(page, items=tuple(item for item in page.items if int(item.created_at / _TICK) > tick)[:count])


class _OfTheCursor(Store):
    """Reads the notifications of whoever the cursor belongs to."""

    async def after(self, user_id: str, cursor: int, count: int) -> Page:
        """What comes after it, whosever it is."""
        owner = select(notifications.c.user_id).where(notifications.c.id == cursor)
        found: str | None = await self.read(lambda c: c.scalar(owner))
        return await super().after(found or user_id, cursor, count)


def _polled_from(kind: type[Store]) -> Callable[[Parts], Parts]:
    """Use this store for polls; replays read the sound one."""

    def apply(parts: Parts) -> Parts:
        sound = parts.store

        async def missed(inner: Parts, user_id: str, last_event_id: str | None) -> Sequence[Notification]:
            return await parts.missed(replace(inner, store=sound), user_id, last_event_id)

        return replace(parts, store=kind(sound.engine), missed=missed)

    return apply


FAULTS: tuple[Fault, ...] = (
    fault(
        "polling-counts-the-page",
        "A poll takes the length of its page for the number unread.",
        _answering(_counting_the_page),
        "polling.unread-counts-all",
    ),
    fault(
        "polling-counts-rows",
        "The number unread is read from the rows of the page, and is 0 on a page without any.",
        _polled_from(_CountingRows),
        "polling.unread-counts-all",
    ),
    fault(
        "unread-up-to-49",
        "Never more than 49 are counted unread, in snapshots and polls: the badge has no room for more.",
        lambda parts: replace(parts, store=_UpTo49(parts.store.engine)),
        "polling.unread-counts-all",
    ),
    fault(
        "polling-restarts",
        "A page without items names the very beginning as the cursor to go on from.",
        _answering(_from_the_start),
        "polling.exclusive-cursor",
    ),
    fault(
        "polling-steps-short",
        "The cursor is that of the last item but one, which shows only where a page has a single item.",
        _answering(_short_step),
        "polling.exclusive-cursor",
    ),
    fault(
        "polling-newest-unless-limited",
        "A poll with a cursor and no limit gives the newest items after it, and skips those between.",
        at_edge(_newest_unless_limited, path=POLLING),
        "polling.complete",
    ),
    fault(
        "polling-past-the-first",
        "A poll of an empty list names the first item to come as the cursor to go on from, which is then skipped.",
        at_edge(_one_too_far, path=POLLING),
        "polling.complete",
    ),
    fault(
        "polling-remembers-answers",
        "Answers to polls are cached for a moment: what was just pushed is not in them.",
        _remembering_answers,
        "polling.remembers",
        perhaps=("polling.newest",),
    ),
    fault(
        "polling-by-time",
        "The cursor is a time: where a page ends between two items of the same instant, the second is skipped.",
        _polled_from(_ByTime),
        "polling.complete",
    ),
    fault(
        "polling-trusts-the-cursor",
        "A page is read for whoever owns the cursor, not for the user who sends it.",
        _polled_from(_OfTheCursor),
        "polling.own-items",
    ),
)
