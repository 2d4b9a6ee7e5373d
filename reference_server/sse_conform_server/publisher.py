"""The seam between what happens and how it is pushed; in one process the hub itself is the publisher."""

from collections.abc import Mapping
from typing import Any, Protocol


class Publisher(Protocol):
    """Where notifications go to be pushed (plan, Future Upgrade: `publish(userId, eventName, payload)`)."""

    async def publish(self, user_id: str, event_name: str, payload: Mapping[str, Any]) -> None:
        """Push to every open stream of the user; `payload["id"]`, when there, becomes the event's id."""
        ...
