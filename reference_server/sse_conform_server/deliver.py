"""From a change in the store to every stream it concerns."""

from collections.abc import Awaitable, Callable, Sequence

from sse_conform_server.encoder import EventName
from sse_conform_server.models import Notification
from sse_conform_server.parts import Parts
from sse_conform_server.snapshot import present


async def deliver(parts: Parts, keep: Callable[[], Awaitable[Sequence[Notification]]]) -> Sequence[Notification]:
    """
    Run `keep`, which commits notifications, then publish them in id order.

    Kept before it is pushed: what a stream shows is in the next snapshot, and what a crash cuts off still is.
    """
    async with parts.order:
        kept = await keep()
        for notification in kept:
            payload = present(notification, parts.sanitise)
            await parts.publisher.publish(notification.user_id, EventName.NOTIFICATION, payload)
    return kept
