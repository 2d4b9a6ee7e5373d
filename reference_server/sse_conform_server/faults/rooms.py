"""Faults of whose room it is, where rooms have the names of users."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from fnmatch import fnmatchcase

from sse_conform_server.faults.fault import Fault, fault
from sse_conform_server.hub import Hub, Subscription
from sse_conform_server.models import User
from sse_conform_server.parts import Parts
from sse_conform_server.store import Store

Match = Callable[[str, str], bool]
"""Whether who listens by the first name hears what is published to the second."""


class _Registry(Store):
    """Keeps the names of users by their ids, beside the database."""

    names: dict[str, str]

    async def add_user(self, user: User, *, password_hash: str) -> None:
        await super().add_user(user, password_hash=password_hash)
        self.names[user.id] = user.username


class _NamedRooms(Hub):
    """Finds who hears an event by comparing names."""

    names: dict[str, str]
    match: Match

    def audience(self, user_id: str) -> Iterable[Subscription]:
        """Whoever listens by a name that matches."""
        name = self.names.get(user_id, "")
        return [s for s in self.everyone() if s.user_id == user_id or self.match(self.names.get(s.user_id, " "), name)]


def _rooms(match: Match) -> Callable[[Parts], Parts]:
    def apply(parts: Parts) -> Parts:
        store = _Registry(parts.store.engine)
        hub = _NamedRooms(max_events=parts.settings.queue_events, max_chars=parts.settings.queue_bytes)
        store.names = hub.names = {}
        hub.match = match
        return replace(parts, store=store, hub=hub, publisher=hub)

    return apply


FAULTS: tuple[Fault, ...] = (
    fault(
        "rooms-by-prefix",
        "Events go to every room with whose name the recipient's begins: bob hears what concerns bobby.",
        _rooms(lambda listener, recipient: recipient.startswith(listener)),
        "isolation.similar-users",
        "isolation.odd-names",
    ),
    fault(
        "rooms-by-suffix",
        "Rooms are found by LIKE with a percent sign in front: ann hears what concerns joann.",
        _rooms(lambda listener, recipient: recipient.endswith(listener)),
        "isolation.similar-users",
    ),
    fault(
        "rooms-without-case",
        "Rooms are kept by names in lower case: bob hears what concerns Bob.",
        _rooms(lambda listener, recipient: recipient.lower() == listener.lower()),
        "isolation.odd-names",
    ),
    fault(
        "rooms-split-at-colon",
        "The name of a channel is split at the colon, and what follows in a user's name is lost.",
        _rooms(lambda listener, recipient: recipient.partition(":")[0] == listener),
        "isolation.odd-names",
    ),
    fault(
        "rooms-by-pattern",
        "Streams subscribe by pattern with the user's name in it: who is called bob* hears everybody like bob.",
        _rooms(lambda listener, recipient: fnmatchcase(recipient, listener)),
        "isolation.odd-names",
    ),
)
