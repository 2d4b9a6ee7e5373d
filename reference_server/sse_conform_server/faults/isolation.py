"""Faults that show one user's data to another, or what nobody should see."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import Select, select
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sse_conform_server.encoder import to_json
from sse_conform_server.faults.edges import POLLING, at_edge, repolled, rewriting, set_header
from sse_conform_server.faults.fault import Fault, fault
from sse_conform_server.faults.tabs import hubbed
from sse_conform_server.hub import Hub, Subscription
from sse_conform_server.metrics import Metrics
from sse_conform_server.models import Notification, notifications
from sse_conform_server.parts import Parts
from sse_conform_server.privacy import Sanitiser
from sse_conform_server.snapshot import Snapshot, present
from sse_conform_server.store import Page, Store

_SPIED = 2000
_LEVELS = 4


class _Broadcasting(Hub):
    def audience(self, user_id: str) -> Iterable[Subscription]:  # noqa: ARG002 - the hub's signature
        """Everybody; clients are expected to filter."""
        return self.everyone()


class _Careless(Store):
    """Forgets the user when it reads the newest."""

    async def newest(self, user_id: str, count: int) -> Page:
        page = await super().newest(user_id, count)
        newest = select(notifications).order_by(notifications.c.id.desc()).limit(count)
        return replace(page, items=await self._everyones(newest))

    async def _everyones(self, query: Select[Any]) -> tuple[Notification, ...]:
        rows = await self.read(lambda c: c.execute(query).mappings().all())
        return tuple(Notification(**row) for row in rows)


def _replaying_for_the_id(parts: Parts) -> Parts:
    async def missed(inner: Parts, user_id: str, last_event_id: str | None) -> Sequence[Notification]:
        if last_event_id is not None and last_event_id.isdecimal():
            owner = select(notifications.c.user_id).where(notifications.c.id == int(last_event_id[:15]))
            found: str | None = await inner.store.read(lambda c: c.scalar(owner))
            user_id = found or user_id
        return await parts.missed(inner, user_id, last_event_id)

    return replace(parts, missed=missed)


async def _polled_beside(parts: Parts, app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
    async def add(document: dict[str, Any]) -> dict[str, Any]:
        own = {item["id"] for item in document["items"]}
        page = await _Careless(parts.store.engine).newest("", len(own) + 1)
        foreign = [present(item, parts.sanitise) for item in page.items if item.id not in own]
        return document | {"items": [*foreign[:1], *document["items"]]}

    if scope["path"] == POLLING and b"after=" not in scope["query_string"]:
        await repolled(add, app, scope, receive, send)
    else:
        await app(scope, receive, send)


def _top_level(names: Sequence[str]) -> Sanitiser:
    def strip(value: object) -> object:
        return {key: inner for key, inner in value.items() if key not in names} if isinstance(value, dict) else value

    return strip


def _exact(names: Sequence[str]) -> Sanitiser:
    def strip(value: object) -> object:
        match value:
            case dict():
                return {key: strip(inner) for key, inner in value.items() if key not in names}
            case list():
                return [strip(inner) for inner in value]
            case _:
                return value

    return strip


def _to_depth(parts: Parts) -> Parts:
    def strip(value: object, levels: int = _LEVELS) -> object:
        match value:
            case dict() if levels:
                kept = parts.sanitise(dict.fromkeys(value))
                assert isinstance(kept, dict)
                return {key: strip(value[key], levels - 1) for key in kept}
            case list():
                return [strip(inner, levels) for inner in value]
            case _:
                return value

    return replace(parts, sanitise=strip)


def _objects_alone(parts: Parts) -> Parts:
    def strip(value: object) -> object:
        match value:
            case dict():
                kept = parts.sanitise(dict.fromkeys(value))
                assert isinstance(kept, dict)
                return {key: strip(value[key]) for key in kept}
            case list():
                return [strip(inner) if isinstance(inner, dict) else inner for inner in value]
            case _:
                return value

    return replace(parts, sanitise=strip)


class _Spying:
    """Remembers the last thing that was to be stripped, as it was."""

    def __init__(self, inner: Sanitiser) -> None:
        self._inner = inner
        self.seen = ""

    def __call__(self, value: object) -> object:
        if value:
            self.seen = to_json(value)[:_SPIED]
        return self._inner(value)


def _debug_header(parts: Parts) -> Parts:
    spy = _Spying(parts.sanitise)

    async def rewrite(_: Scope, message: Message, send: Send) -> None:
        await send(set_header(message, b"x-debug-row", spy.seen.encode("ascii", "replace")) if spy.seen else message)

    return rewriting(rewrite, path="/api/")(replace(parts, sanitise=spy))


class _Telling(Metrics):
    def __init__(self, spy: _Spying) -> None:
        super().__init__()
        self._spy = spy

    def exposition(self) -> bytes:
        """With the last event as a label."""
        label = self._spy.seen.replace("\\", "\\\\").replace('"', '\\"')
        return super().exposition() + f'sse_last_event{{details="{label}"}} 1\n'.encode()


def _telling_metrics(parts: Parts) -> Parts:
    spy = _Spying(parts.sanitise)
    return replace(parts, sanitise=spy, metrics=_Telling(spy))


def _unstripped_snapshot(parts: Parts) -> Parts:
    async def take(inner: Parts, user_id: str) -> Snapshot:
        return await parts.take_snapshot(replace(inner, sanitise=lambda value: value), user_id)

    return replace(parts, take_snapshot=take)


FAULTS: tuple[Fault, ...] = (
    fault(
        "broadcast-to-all",
        "Every event goes to every open stream, and clients are trusted to filter.",
        hubbed(_Broadcasting),
        "isolation.live",
        "auth.no-override",
        # What everybody hears overruns queues, and the last id heard is somebody else's.
        perhaps=(
            "auth.near-expiry-kept",
            "isolation.odd-names",
            "isolation.similar-users",
            "reconnect.replay-exact",
            "stream.no-broken-end",
            "stream.stays-open",
        ),
    ),
    fault(
        "snapshot-of-everyone",
        "The snapshot query forgets whose notifications it wants.",
        lambda parts: replace(parts, store=_Careless(parts.store.engine)),
        "isolation.snapshot",
        perhaps=(
            "auth.no-override",
            "isolation.odd-names",
            "isolation.similar-users",
            "polling.newest",
            "polling.own-items",
            "polling.remembers",
            "polling.shape",
            "reconnect.replay-own",
            "shutdown.loses-nothing",
        ),
    ),
    fault(
        "replay-by-id-alone",
        "The history is read for whoever owns the id in Last-Event-ID, not for the user who sends it.",
        _replaying_for_the_id,
        "reconnect.replay-own",
    ),
    fault(
        "poll-of-everyone",
        "The query of the first poll forgets whose notifications it wants.",
        at_edge(_polled_beside, path=POLLING),
        "polling.own-items",
        perhaps=("polling.newest", "polling.remembers", "polling.shape"),
    ),
    fault(
        "no-stripping",
        "Entities are serialised as they are, secrets and all.",
        lambda parts: replace(parts, sanitise=lambda value: value),
        "privacy.streams-live",
        "privacy.streams-snapshot",
        "privacy.polling",
    ),
    fault(
        "strip-top-level-only",
        "Sensitive fields are removed from the outermost object only.",
        lambda parts: replace(parts, sanitise=_top_level(parts.settings.sensitive_fields)),
        "privacy.streams-live",
        "privacy.streams-snapshot",
        "privacy.polling",
    ),
    fault(
        "strip-exact-names-only",
        "Sensitive fields are known by one spelling: `password_hash` passes where `passwordHash` does not.",
        lambda parts: replace(parts, sanitise=_exact(parts.settings.sensitive_fields)),
        "privacy.streams-live",
        "privacy.streams-snapshot",
        "privacy.polling",
    ),
    fault(
        "strip-to-depth",
        f"Sensitive fields are removed down to {_LEVELS} levels, where a guard against endless nesting stops.",
        _to_depth,
        "privacy.streams-live",
        "privacy.streams-snapshot",
        "privacy.polling",
    ),
    fault(
        "strip-objects-alone",
        "Arrays are searched for objects, and not for arrays of objects.",
        _objects_alone,
        "privacy.streams-live",
        "privacy.streams-snapshot",
        "privacy.polling",
    ),
    fault(
        "strip-live-only",
        "Live events are stripped; the snapshot is built elsewhere and is not.",
        _unstripped_snapshot,
        "privacy.streams-snapshot",
    ),
    fault(
        "debug-header",
        "A header left from debugging quotes the last row that was read.",
        _debug_header,
        "privacy.errors",
    ),
    fault(
        "event-as-label",
        "A metric has the details of the last event as its label.",
        _telling_metrics,
        "privacy.metrics",
    ),
)
