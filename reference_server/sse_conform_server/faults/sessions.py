"""Faults of one session in several places: its cookie, its resumed stream, its second tab, its polls, its successor."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

import jwt
from starlette.requests import HTTPConnection

from sse_conform_server.auth import COOKIE, Identity, UnauthorisedError
from sse_conform_server.faults.authentication import (
    FOREVER,
    Reading,
    also_accepting,
    bearer_of,
    identity_of,
    weakly,
)
from sse_conform_server.faults.edges import POLLING, STREAM_PATH
from sse_conform_server.faults.fault import Fault, fault
from sse_conform_server.faults.tabs import hubbed
from sse_conform_server.hub import Ending, Hub, Subscription
from sse_conform_server.parts import Parts
from sse_conform_server.tokens import InvalidTokenError


def _trusting_cookies(read: Reading) -> Callable[[Parts], Parts]:
    """What comes in the cookie alone is read by code of its own."""

    def apply(parts: Parts) -> Parts:
        async def authenticate(inner: Parts, connection: HTTPConnection) -> Identity:
            try:
                return await parts.authenticate(inner, connection)
            except UnauthorisedError:
                alone = "authorization" not in connection.headers
                claims = read(inner, connection.cookies.get(COOKIE)) if alone else None
                if claims is None:
                    raise
                return await identity_of(inner, claims)

        return replace(parts, authenticate=authenticate)

    return apply


def _header_key(_: Parts, token: str | None) -> dict[str, Any] | None:
    try:
        key = jwt.PyJWK(jwt.get_unverified_header(token or "")["jwk"], "HS256")
        return dict(jwt.decode(token or "", key, algorithms=["HS256"], options={"verify_aud": False}))
    except (jwt.PyJWTError, LookupError, ValueError, TypeError):
        return None


def _endless_resume(parts: Parts) -> Parts:
    async def authenticate(inner: Parts, connection: HTTPConnection) -> Identity:
        identity = await parts.authenticate(inner, connection)
        return replace(identity, expires_at=FOREVER) if "last-event-id" in connection.headers else identity

    return replace(parts, authenticate=authenticate)


def _registered_by_session(parts: Parts) -> Parts:
    async def authenticate(inner: Parts, connection: HTTPConnection) -> Identity:
        identity = await parts.authenticate(inner, connection)
        by_header = connection.scope["path"] != STREAM_PATH or "authorization" in connection.headers
        return identity if by_header else replace(identity, token_id=f"session of {identity.token_id}")

    return replace(parts, authenticate=authenticate)


class _OneStreamForEachToken(Hub):
    def end_token(self, user_id: str, token_id: str) -> None:
        """End the one that came last: its entry has replaced those before it."""
        for subscription in reversed(tuple(self.audience(user_id))):
            if subscription.token_id == token_id:
                subscription.end(Ending.LOGGED_OUT)
                return


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
        "cookie-unverified",
        "The header's token is verified; the session cookie is decoded as if only the service could have set it.",
        _trusting_cookies(weakly(unsigned=True)),
        "auth.refuses-wrong-key",
        "auth.refuses-alg-none",
    ),
    fault(
        "cookie-outlives-token",
        "A session cookie is good for as long as browsers keep it: the `exp` of the token in it is not looked at.",
        _trusting_cookies(weakly(without=("verify_exp",))),
        "auth.refuses-expired",
    ),
    fault(
        "header-brings-key",
        "A token that brings its key in `jwk` is verified with that one (CVE-2018-0114).",
        also_accepting(_header_key),
        "auth.refuses-wrong-key",
        "polling.auth-tokens",
    ),
    fault(
        "resumed-outlives-token",
        "What serves a Last-Event-ID is a path of its own, on which nobody sets the timer for the token's end.",
        _endless_resume,
        "auth.closes-at-expiry",
        "auth.ends-at-expiry",
    ),
    fault(
        "logout-spares-cookies",
        "A stream that a cookie opened is kept by its session, and a logout looks for streams by their token.",
        _registered_by_session,
        "auth.logout-closes",
    ),
    fault(
        "logout-ends-last-stream",
        "A map from token to one stream: a logout ends the newest tab and leaves the others.",
        hubbed(_OneStreamForEachToken),
        "auth.logout-closes",
    ),
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
