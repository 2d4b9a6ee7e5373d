"""Faults of who somebody is taken for, and for how long."""

import itertools
from collections.abc import Callable
from dataclasses import replace

from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Receive, Scope, Send

from sse_conform_server.auth import COOKIE, Identity, UnauthorisedError, identify
from sse_conform_server.faults.edges import STREAM_PATH, at_edge
from sse_conform_server.faults.fault import Fault, fault
from sse_conform_server.hub import Hub
from sse_conform_server.parts import Parts
from sse_conform_server.snapshot import Opening
from sse_conform_server.store import Store

_WORKERS = 8


class _ForgetfulStore(Store):
    async def revoke(self, token_id: str, *, expires_at: float) -> None:
        """Forget it."""


class _DeafHub(Hub):
    def end_token(self, user_id: str, token_id: str) -> None:
        """Do not hear of it."""


def _unrevoked(parts: Parts) -> Parts:
    return replace(parts, store=_ForgetfulStore(parts.store.engine))


def _streams_survive(parts: Parts) -> Parts:
    hub = _DeafHub(max_events=parts.settings.queue_events, max_chars=parts.settings.queue_bytes)
    return replace(parts, hub=hub, publisher=hub)


def _cookie_wins(parts: Parts) -> Parts:
    async def authenticate(inner: Parts, connection: HTTPConnection) -> Identity:
        cookie = connection.cookies.get(COOKIE)
        return await identify(inner, cookie) if cookie else await parts.authenticate(inner, connection)

    return replace(parts, authenticate=authenticate)


def _claimed(read: Callable[[HTTPConnection], str | None]) -> Callable[[Parts], Parts]:
    """Believe whoever says which user they are, once any token was verified."""

    def apply(parts: Parts) -> Parts:
        async def authenticate(inner: Parts, connection: HTTPConnection) -> Identity:
            identity = await parts.authenticate(inner, connection)
            claimed = read(connection)
            user = await inner.store.session(claimed, "") if claimed else None
            return replace(identity, user=user) if user else identity

        return replace(parts, authenticate=authenticate)

    return apply


def _left_behind(parts: Parts) -> Parts:
    left: list[Identity | None] = [None] * _WORKERS
    turns = itertools.cycle(range(_WORKERS))

    async def authenticate(inner: Parts, connection: HTTPConnection) -> Identity:
        worker = next(turns)
        try:
            identity = await parts.authenticate(inner, connection)
        except UnauthorisedError as error:
            former = left[worker]
            if error.missing and former is not None:
                return former
            raise
        # What ends is cleared away; a stream goes on in another worker, and leaves its user in this one.
        left[worker] = identity if connection.scope["path"] == STREAM_PATH else None
        return identity

    return replace(parts, authenticate=authenticate)


def _id_from_path(parts: Parts) -> Parts:
    async def reroute(_: Parts, app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
        _stream, slash, named = scope["path"].partition(f"{STREAM_PATH}/")
        if slash:
            scope = {**scope, "path": STREAM_PATH, "raw_path": STREAM_PATH.encode(), "path_user": named}
        await app(scope, receive, send)

    return at_edge(reroute)(_claimed(lambda connection: connection.scope.get("path_user"))(parts))


def _cookie_subscribes(parts: Parts) -> Parts:
    others: dict[str, str] = {}

    async def authenticate(inner: Parts, connection: HTTPConnection) -> Identity:
        cookie = connection.cookies.get(COOKIE)
        if not cookie or "authorization" not in connection.headers:
            return await parts.authenticate(inner, connection)
        headers = [pair for pair in connection.scope["headers"] if pair[0] != b"cookie"]
        identity = await parts.authenticate(inner, HTTPConnection({**connection.scope, "headers": headers}))
        others[identity.token_id] = (await identify(inner, cookie)).user.id
        return identity

    async def open_stream(inner: Parts, identity: Identity, last_event_id: str | None) -> Opening:
        opening = await parts.open_stream(inner, identity, last_event_id)
        other = others.pop(identity.token_id, identity.user.id)
        if other == identity.user.id:
            return opening
        inner.hub.unsubscribe(opening.subscription)
        return replace(opening, subscription=inner.hub.subscribe(other, identity.token_id))

    return replace(parts, authenticate=authenticate, open_stream=open_stream)


FAULTS: tuple[Fault, ...] = (
    fault(
        "identity-left-in-worker",
        "The security context of a worker is not cleared after a stream: who comes there without a token is its user.",
        _left_behind,
        "polling.auth",
    ),
    fault(
        "cookie-wins",
        "A leftover cookie outranks the Authorization header, so that one user's page shows another's data.",
        _cookie_wins,
        "auth.two-credentials-header",
    ),
    fault(
        "cookie-subscribes",
        "The snapshot is read for the user of the header, the live events for the user of the cookie.",
        _cookie_subscribes,
        "auth.two-credentials",
    ),
    fault(
        "user-id-header-override",
        "A header X-User-Id, meant for calls between services, replaces the token's subject for anybody who sends it.",
        _claimed(lambda connection: connection.headers.get("x-user-id")),
        "auth.no-override",
    ),
    fault(
        "user-id-path-override",
        "The path may name a user, whose stream is opened for any token.",
        _id_from_path,
        "auth.path-overrides-nothing",
    ),
    fault(
        "user-id-query-override",
        "A userId in the query replaces the token's subject: anybody reads anybody's stream.",
        _claimed(lambda connection: connection.query_params.get("userId") or connection.query_params.get("user_id")),
        "auth.no-override",
    ),
    fault(
        "logout-keeps-token",
        "Logout only clears the cookie: the token stays good.",
        _unrevoked,
        "auth.logout-refuses",
    ),
    fault(
        "logout-keeps-stream",
        "Logout revokes the token but leaves its open streams alone.",
        _streams_survive,
        "auth.logout-closes",
    ),
)
