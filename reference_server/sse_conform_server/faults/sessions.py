"""Faults of one user in several places: her second login, and her polls after the first one has ended."""

from collections.abc import Iterable
from dataclasses import replace

from starlette.requests import HTTPConnection

from sse_conform_server.auth import Identity, UnauthorisedError
from sse_conform_server.faults.authentication import bearer_of
from sse_conform_server.faults.edges import POLLING
from sse_conform_server.faults.fault import Fault, fault
from sse_conform_server.faults.tabs import hubbed
from sse_conform_server.hub import Hub, Subscription
from sse_conform_server.parts import Parts
from sse_conform_server.tokens import InvalidTokenError


def _poll_unrevoked(parts: Parts) -> Parts:
    async def authenticate(inner: Parts, connection: HTTPConnection) -> Identity:
        try:
            return await parts.authenticate(inner, connection)
        except UnauthorisedError:
            if connection.scope["path"] != POLLING:
                raise
            return await _looked_up(inner, bearer_of(connection) or "")

    return replace(parts, authenticate=authenticate)


class _NewestSession(Hub):
    """Keeps for each user the session that opened a stream last."""

    def __init__(self, *, max_events: int, max_chars: int) -> None:
        super().__init__(max_events=max_events, max_chars=max_chars)
        self._newest: dict[str, str] = {}

    def subscribe(self, user_id: str, token_id: str) -> Subscription:
        """Remember whose it is."""
        self._newest[user_id] = token_id
        return super().subscribe(user_id, token_id)

    def audience(self, user_id: str) -> Iterable[Subscription]:
        """The streams of that session."""
        return tuple(each for each in super().audience(user_id) if each.token_id == self._newest[user_id])


async def _looked_up(parts: Parts, token: str) -> Identity:
    """Whose token it is, without a look at the logouts."""
    try:
        claims = parts.verify(token)
    except InvalidTokenError as error:
        raise UnauthorisedError from error
    user = await parts.store.session(claims.subject, "")
    if user is None:
        raise UnauthorisedError
    return Identity(user=user, token_id=claims.token_id, expires_at=claims.expires_at)


FAULTS: tuple[Fault, ...] = (
    fault(
        "newest-session-only",
        "A map from user to session: who logs in on a second machine takes the events away from the first.",
        hubbed(_NewestSession),
        "delivery.every-tab",
    ),
    fault(
        "polling-forgets-logouts",
        "The stream asks whether the token was revoked; the polling route verifies it and asks nobody.",
        _poll_unrevoked,
        "auth.logout-refuses",
    ),
)
