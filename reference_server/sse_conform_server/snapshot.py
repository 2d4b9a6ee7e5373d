"""What a stream starts with: the snapshot, and what was missed since Last-Event-ID."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sse_conform_server.auth import Identity
from sse_conform_server.encoder import Event, EventName, to_json
from sse_conform_server.hub import Ending, Subscription
from sse_conform_server.models import Notification, iso
from sse_conform_server.privacy import Sanitiser

if TYPE_CHECKING:
    from sse_conform_server.parts import Parts

_ID = re.compile(r"[0-9]{1,15}", re.ASCII)


@dataclass(frozen=True, kw_only=True, slots=True)
class Snapshot:
    """The payload `{"unread", "items"}` and the ids it lists."""

    payload: dict[str, Any]
    ids: tuple[int, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Opening:
    """A subscription, the events to write first, and the ids among them, which the queue may hold once more."""

    subscription: Subscription
    events: Sequence[Event]
    told: frozenset[int]


def present(notification: Notification, sanitise: Sanitiser) -> dict[str, Any]:
    """A notification as every path shows it: stream, snapshot, replay, polling."""
    return {
        "id": notification.id,
        "type": notification.type,
        "message": notification.message,
        "created_at": iso(notification.created_at),
        "read": notification.read,
        "vulnerability_id": notification.vulnerability_id,
        "details": sanitise(notification.details),
    }


async def take_snapshot(parts: "Parts", user_id: str) -> Snapshot:
    """The newest notifications, newest first, and the count of all unread."""
    page = await parts.store.newest(user_id, parts.settings.snapshot_items)
    items = [present(notification, parts.sanitise) for notification in page.items]
    return Snapshot(
        payload={"unread": page.unread, "items": items}, ids=tuple(notification.id for notification in page.items)
    )


async def missed(parts: "Parts", user_id: str, last_event_id: str | None) -> Sequence[Notification]:
    """
    The user's own notifications after that id, oldest first.

    Empty for an id that is malformed, unknown or another's, and when more were missed than are replayed: the
    snapshot alone is then a clean resync.
    """
    if last_event_id is None or not _ID.fullmatch(last_event_id):
        return ()
    if not await parts.store.owns(user_id, int(last_event_id)):
        return ()
    limit = parts.settings.replay_limit
    page = await parts.store.after(user_id, int(last_event_id), limit + 1)
    return page.items if len(page.items) <= limit else ()


async def open_stream(parts: "Parts", identity: Identity, last_event_id: str | None) -> Opening:
    """
    Subscribe first, read second: what is published in between waits in the queue and cannot be lost.

    What the queue then repeats is recognised by id. The snapshot carries the id of its newest item, so that a
    client cut off before any live event resumes there, unless a replay follows, whose ids are lower.
    """
    user_id = identity.user.id
    subscription = parts.hub.subscribe(user_id, identity.token_id)
    try:
        # A logout after the token was verified and before this stream was known had nothing to end.
        if await parts.store.revoked(identity.token_id):
            subscription.end(Ending.LOGGED_OUT)
        snapshot = await parts.take_snapshot(parts, user_id)
        replayed = await parts.missed(parts, user_id, last_event_id)
    except BaseException:
        parts.hub.unsubscribe(subscription)
        raise
    first = Event(
        name=EventName.SNAPSHOT,
        data=to_json(snapshot.payload),
        id=max(snapshot.ids) if snapshot.ids and not replayed else None,
        retry=parts.settings.retry,
    )
    replay = [
        Event(name=EventName.NOTIFICATION, data=to_json(present(item, parts.sanitise)), id=item.id) for item in replayed
    ]
    told = frozenset(snapshot.ids).union(item.id for item in replayed)
    return Opening(subscription=subscription, events=[first, *replay], told=told)
