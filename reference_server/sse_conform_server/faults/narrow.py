"""Faults that break one rule and leave the one that usually falls with it."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import jwt
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sse_conform_server.auth import Identity, UnauthorisedError
from sse_conform_server.faults.authentication import also_accepting, bearer_of, identity_of, weakly
from sse_conform_server.faults.edges import POLLING, at_edge, repolled, rewriting, set_header
from sse_conform_server.faults.fault import Fault, fault
from sse_conform_server.parts import Parts

_SLOW = 1.3
"""An alert is acknowledged after so many latency budgets."""


def _vouched(known: Callable[[str, set[str]], bool]) -> Callable[[Parts], Parts]:
    """Admit a refused token without a look at its signature where `known` vouches for it; it sees those seen before."""

    def apply(parts: Parts) -> Parts:
        seen: set[str] = set()

        async def authenticate(inner: Parts, connection: HTTPConnection) -> Identity:
            token = bearer_of(connection) or ""
            try:
                identity = await parts.authenticate(inner, connection)
            except UnauthorisedError:
                claims = weakly(unsigned=True)(inner, token) if known(token, seen) else None
                if claims is None:
                    raise
                return await identity_of(inner, claims)
            seen.add(token.rpartition(".")[2])
            return identity

        return replace(parts, authenticate=authenticate)

    return apply


def _cached_signature(token: str, seen: set[str]) -> bool:
    return token.rpartition(".")[2] in seen


def _none_by_another_name(token: str, _: set[str]) -> bool:
    try:
        algorithm = str(jwt.get_unverified_header(token).get("alg"))
    except jwt.PyJWTError:
        return False
    return algorithm != "none" and algorithm.lower() == "none"


def _cut(parts: Parts, token: str | None) -> dict[str, Any] | None:
    return weakly(unsigned=True)(parts, token) if (token or "").endswith(".") and not _none(token or "") else None


def _none(token: str) -> bool:
    try:
        return str(jwt.get_unverified_header(token).get("alg")).lower() == "none"
    except jwt.PyJWTError:
        return True


def _nameless(parts: Parts, token: str | None) -> dict[str, Any] | None:
    claims = weakly(without=("sub",))(parts, token)
    return claims if claims and claims.get("sub") == "" else None


def _mute_after_expiry(parts: Parts) -> Parts:
    async def middleware(inner: Parts, app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
        claims = weakly()(inner, bearer_of(HTTPConnection(scope))) or {}

        async def muted(message: Message) -> None:
            told = b"event: notification" in message.get("body", b"")
            if not told or time.time() < claims.get("exp", 0.0):
                await send(message)

        await app(scope, receive, muted)

    return at_edge(middleware)(replace(parts, lifetime=lambda _parts, _identity: float("inf")))


async def _waiting_for_mail(parts: Parts, app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
    await asyncio.sleep(_SLOW * parts.settings.latency_budget)
    await app(scope, receive, send)


async def _same_for_all(_: Scope, message: Message, send: Send) -> None:
    await send(set_header(message, b"vary", None))


async def _joined(parts: Parts, app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
    async def change(document: dict[str, Any]) -> dict[str, Any]:
        items = []
        for item in document.get("items", []):
            found = await parts.store.vulnerability(item["vulnerability_id"]) if item["vulnerability_id"] else None
            items.append(item | {"vulnerability": found.details if found else None})
        return document | {"items": items} if "items" in document else document

    await repolled(change, app, scope, receive, send)


FAULTS: tuple[Fault, ...] = (
    fault(
        "signature-by-length",
        "A signature is compared over the length of the one that was given: an empty one is like any other.",
        also_accepting(_cut),
        "auth.refuses-tampered",
        "polling.auth-tokens",
    ),
    fault(
        "empty-subject-passes",
        "A subject has to be there, and may be empty: all who have such a token are one user.",
        also_accepting(_nameless),
        "auth.refuses-no-subject",
        "polling.auth-tokens",
    ),
    fault(
        "cached-signatures",
        "A signature that was good once is not verified again, whatever stands above it then.",
        _vouched(_cached_signature),
        "auth.refuses-tampered",
        "polling.auth-tokens",
    ),
    fault(
        "none-refused-by-name",
        "The algorithm `none` is refused by its name, and not in other spellings.",
        _vouched(_none_by_another_name),
        "auth.refuses-alg-none-odd-case",
        "polling.auth-tokens",
    ),
    fault(
        "mute-after-expiry",
        "A stream whose token expired is told nothing more, and is never closed.",
        _mute_after_expiry,
        "auth.ends-at-expiry",
    ),
    fault(
        "alert-waits-for-mail",
        "An alert is sent by mail first: who gave it waits, and so do the streams.",
        at_edge(_waiting_for_mail, path="/api/admin/alerts"),
        "delivery.in-time-of-sending",
    ),
    fault(
        "cors-without-vary",
        "An answer names the origin and does not say that it depends on it.",
        rewriting(_same_for_all),
        "cors.allowlist-vary",
    ),
    fault(
        "polling-joins-details",
        "A poll joins what each notification is about, as it is stored.",
        at_edge(_joined, path=POLLING),
        "privacy.polling",
    ),
)
