"""Oddities between a publish and the streams that hear of it."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection
from starlette.types import Message, Scope, Send

from sse_conform_server.auth import Identity
from sse_conform_server.deliver import deliver
from sse_conform_server.faults.delivery import publishing
from sse_conform_server.faults.edges import rewriting
from sse_conform_server.faults.tabs import hubbed
from sse_conform_server.hub import Hub
from sse_conform_server.models import Kind, Notification
from sse_conform_server.oddities.chance import uniform
from sse_conform_server.oddities.oddity import Oddity, oddity
from sse_conform_server.oddities.traps import Trap
from sse_conform_server.parts import Parts
from sse_conform_server.publisher import Publisher
from sse_conform_server.snapshot import Opening
from sse_conform_server.store import Draft, Store

_SHARE = 0.4
"""An event is on its way for at most so much of the latency budget."""
_REMARKS = 12
_ROOMY = 2**30


Ready = Callable[[Mapping[str, Any]], Awaitable[None]]
"""Awaited before an event goes out."""


class _Queue:
    """Publishes one after another, each once it is ready; who publishes does not wait."""

    def __init__(self, inner: Publisher, ready: Ready) -> None:
        self._inner = inner
        self._ready = ready
        self._last: dict[str, asyncio.Task[None]] = {}

    def _lane(self, user_id: str, payload: Mapping[str, Any]) -> str:  # noqa: ARG002 - others have more lanes
        return user_id

    async def publish(self, user_id: str, event_name: str, payload: Mapping[str, Any]) -> None:
        lane = self._lane(user_id, payload)
        before = self._last.get(lane)
        self._last[lane] = asyncio.create_task(self._later(before, user_id, event_name, payload))

    async def _later(
        self, before: asyncio.Task[None] | None, user_id: str, event_name: str, payload: Mapping[str, Any]
    ) -> None:
        await self._ready(payload)
        if before is not None:
            await before
        await self._inner.publish(user_id, event_name, payload)


class _Lanes(_Queue):
    def _lane(self, user_id: str, payload: Mapping[str, Any]) -> str:
        """Kinds overtake one another."""
        return f"{user_id} {payload['type']}"


def _jittered(parts: Parts, inner: Publisher) -> Publisher:
    async def ready(_: Mapping[str, Any]) -> None:
        await asyncio.sleep(uniform(0, _SHARE * parts.settings.latency_budget))

    return _Queue(inner, ready)


def _by_kind(parts: Parts, inner: Publisher) -> Publisher:
    async def ready(payload: Mapping[str, Any]) -> None:
        if payload["type"] == Kind.ALERT:
            await asyncio.sleep(_SHARE * parts.settings.latency_budget)

    return _Lanes(inner, ready)


async def _accepted(scope: Scope, message: Message, send: Send) -> None:
    taken = scope["method"] == "POST" and message.get("status") in {200, 201}
    await send({**message, "status": 202} if taken else message)


def _answering_202(parts: Parts) -> Parts:
    for path in ("/api/vulnerabilities", "/api/admin/alerts"):
        parts = rewriting(_accepted, path=path)(parts)
    return parts


class _Outbox(Store):
    """Numbers notifications at once and files them a little later, in order; all of them before the service ends."""

    def __init__(self, parts: Parts) -> None:
        super().__init__(parts.store.engine)
        self._pause = parts.settings.latency_budget * _SHARE / 2
        self._filing: dict[int, asyncio.Task[None]] = {}
        self._unfiled: set[asyncio.Task[None]] = set()

    def _file(self, connection: Connection, added: Sequence[Notification]) -> None:
        """Not yet."""

    async def add_notifications(self, draft: Draft) -> Sequence[Notification]:
        return self._file_later(await super().add_notifications(draft))

    async def _change(self, change: Callable[[Connection], object], draft: Draft) -> Sequence[Notification]:
        return self._file_later(await super()._change(change, draft))

    def _file_later(self, added: Sequence[Notification]) -> Sequence[Notification]:
        task = asyncio.create_task(self._later(added))
        self._filing.update(dict.fromkeys((notification.id for notification in added), task))
        self._unfiled.add(task)
        task.add_done_callback(self._unfiled.discard)
        return added

    async def _later(self, added: Sequence[Notification]) -> None:
        await asyncio.sleep(self._pause)
        await self.write(lambda connection: super(_Outbox, self)._file(connection, added))

    async def filed(self, payload: Mapping[str, Any]) -> None:
        """Return once the notification is in the database."""
        await self._filing.pop(payload["id"])

    async def close(self) -> None:
        """What was accepted is filed first."""
        await asyncio.gather(*self._unfiled)
        await super().close()


def _filing_later(parts: Parts) -> Parts:
    store = _Outbox(parts)
    varied = replace(_answering_202(parts), store=store)
    return publishing(lambda _, inner: _Queue(inner, store.filed))(varied)


class _Considerate(Store):
    """Tells the former assignee, too."""

    async def assign(self, vulnerability_id: str, assignee: str, draft: Draft) -> Sequence[Notification]:
        before = await self.vulnerability(vulnerability_id)
        told = await super().assign(vulnerability_id, assignee, draft)
        former = before.assignee if before else None
        if former in (None, assignee):
            return told
        return [*told, *await self.add_notifications(replace(draft, recipient=former))]


class _Gossip:
    """Somebody else's events for everybody who has any and is listening."""

    def __init__(self) -> None:
        self._talks: dict[str, asyncio.Task[None]] = {}

    def begin(self, parts: Parts, user_id: str) -> None:
        """Talk to this user for a while, unless that is being done."""
        talk = self._talks.get(user_id)
        if talk is None or talk.done():
            self._talks[user_id] = asyncio.create_task(self._talk(parts, user_id))

    async def _talk(self, parts: Parts, user_id: str) -> None:
        for number in range(_REMARKS):
            await asyncio.sleep(_SHARE * parts.settings.latency_budget)
            if (await parts.store.newest(user_id, 1)).items:
                draft = Draft(type=Kind.ALERT, message=f"Nightly scan {number} is done", recipient=user_id)
                await deliver(parts, lambda draft=draft: parts.store.add_notifications(draft))  # type: ignore[misc]


def _busy(parts: Parts) -> Parts:
    gossip = _Gossip()

    async def open_stream(inner: Parts, identity: Identity, last_event_id: str | None) -> Opening:
        gossip.begin(inner, identity.user.id)
        return await parts.open_stream(inner, identity, last_event_id)

    return replace(parts, open_stream=open_stream)


def _roomy(**_: int) -> Hub:
    return Hub(max_events=_ROOMY, max_chars=_ROOMY)


ODDITIES: tuple[Oddity, ...] = (
    oddity(
        "acknowledged-first",
        Trap.ACKNOWLEDGEMENT,
        "A publish is answered with 202 before it is delivered, by a queue.",
        lambda parts: publishing(_jittered)(_answering_202(parts)),
    ),
    oddity(
        "filed-later",
        Trap.ACKNOWLEDGEMENT,
        "A publish is answered with 202 before it is filed, and delivered once it is.",
        _filing_later,
    ),
    oddity(
        "jittered-delivery",
        Trap.SLOWNESS,
        "Each event takes up to two fifths of the latency budget, at random and in order.",
        publishing(_jittered),
    ),
    oddity(
        "lanes-by-kind",
        Trap.ORDER,
        "Each kind of event has a lane of its own, and alerts are slower than others.",
        publishing(_by_kind),
    ),
    oddity(
        "former-assignee-told",
        Trap.AUDIENCES,
        "The former assignee hears of an assignment as well.",
        lambda parts: replace(parts, store=_Considerate(parts.store.engine)),
    ),
    oddity(
        "foreign-traffic",
        Trap.FOREIGN_TRAFFIC,
        "Who has notifications and listens gets others that nobody in the run published.",
        _busy,
    ),
    oddity(
        "patient-buffers",
        Trap.SLOW_READERS,
        "Whatever a slow reader has not read is kept for it.",
        hubbed(_roomy),
    ),
)
