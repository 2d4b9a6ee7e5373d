"""Notifications without a stream: the polling fallback, and marking as read."""

import re

from fastapi import APIRouter, HTTPException, Response

from sse_conform_server.parts import Parts
from sse_conform_server.routes.context import TheIdentity, TheParts
from sse_conform_server.snapshot import present

router = APIRouter(prefix="/api/notifications", tags=["notifications"])

MAX_LIMIT = 100
_NUMBER = re.compile(r"[0-9]{1,15}", re.ASCII)


@router.get("")
async def poll(
    parts: TheParts, identity: TheIdentity, response: Response, after: str | None = None, limit: str | None = None
) -> dict[str, object]:
    """
    Notifications oldest first after the exclusive cursor `after`; without one, the newest ones, oldest first.

    `next` is the cursor for the following call, also when nothing was found.
    """
    response.headers["Cache-Control"] = "no-store"
    user_id = identity.user.id
    count = parts.settings.snapshot_items if limit is None else _limit(limit)
    if after is None:
        page = await parts.store.newest(user_id, count)
        items = page.items[::-1]
        cursor = 0
    else:
        cursor = await _cursor(parts, after)
        page = await parts.store.after(user_id, cursor, count)
        items = page.items
    return {
        "unread": page.unread if items else await parts.store.unread(user_id),
        "items": [present(item, parts.sanitise) for item in items],
        "next": items[-1].id if items else cursor,
    }


@router.get("/unread-count")
async def unread_count(parts: TheParts, identity: TheIdentity, response: Response) -> dict[str, int]:
    """How many are unread."""
    response.headers["Cache-Control"] = "no-store"
    return {"unread": await parts.store.unread(identity.user.id)}


@router.post("/read-all")
async def read_all(parts: TheParts, identity: TheIdentity) -> dict[str, int]:
    """Mark all of one's notifications read."""
    await parts.store.mark_read(identity.user.id, None)
    return {"unread": await parts.store.unread(identity.user.id)}


@router.post("/{notification_id}/read")
async def read(notification_id: str, parts: TheParts, identity: TheIdentity) -> dict[str, int]:
    """Mark one read; 404 when it is not one's own."""
    known = _NUMBER.fullmatch(notification_id) and await parts.store.owns(identity.user.id, int(notification_id))
    if not known:
        raise HTTPException(404, "you have no notification with this id")
    await parts.store.mark_read(identity.user.id, int(notification_id))
    return {"unread": await parts.store.unread(identity.user.id)}


def _limit(text: str) -> int:
    if not _NUMBER.fullmatch(text) or not 1 <= int(text) <= MAX_LIMIT:
        raise HTTPException(400, f"limit: give a whole number from 1 to {MAX_LIMIT}")
    return int(text)


async def _cursor(parts: Parts, text: str) -> int:
    if not _NUMBER.fullmatch(text):
        raise HTTPException(400, "after: give the `next` of an earlier answer")
    # A cursor this service never gave out comes from another database: silence would hide all that is new.
    if int(text) > await parts.store.last_id():
        raise HTTPException(400, "after: this cursor is unknown here; start again without it")
    return int(text)
