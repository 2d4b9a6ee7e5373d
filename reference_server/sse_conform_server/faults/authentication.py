"""Faults of who is let in."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import jwt
from starlette.exceptions import HTTPException
from starlette.requests import HTTPConnection

from sse_conform_server.auth import COOKIE, Identity, UnauthorisedError, identify
from sse_conform_server.faults.fault import Fault, fault
from sse_conform_server.hub import Hub
from sse_conform_server.models import Role, User
from sse_conform_server.parts import Parts
from sse_conform_server.store import Store

_ANONYMOUS = User(id="undefined", username="undefined", role=Role.ANALYST)
_FOREVER = float("inf")

Reading = Callable[[Parts, str | None], dict[str, Any] | None]
"""A token, or `None` for none, to claims that are good enough for the fault, or `None`."""


def _also_accepting(read: Reading) -> Callable[[Parts], Parts]:
    """Where the strict check refuses, look again with a weaker one."""

    def apply(parts: Parts) -> Parts:
        async def authenticate(inner: Parts, connection: HTTPConnection) -> Identity:
            try:
                return await parts.authenticate(inner, connection)
            except UnauthorisedError:
                claims = read(inner, _token(connection))
                if claims is None:
                    raise
                return await _identity(inner, claims)

        return replace(parts, authenticate=authenticate)

    return apply


async def _identity(parts: Parts, claims: dict[str, Any]) -> Identity:
    subject = claims.get("sub")
    user = await parts.store.session(subject, "") if isinstance(subject, str) else None
    token_id = claims.get("jti")
    return Identity(
        user=user or _ANONYMOUS, token_id=token_id if isinstance(token_id, str) else "", expires_at=_FOREVER
    )


def _token(connection: HTTPConnection) -> str | None:
    header = connection.headers.get("authorization", "")
    return header.partition(" ")[2] or connection.cookies.get(COOKIE)


def _weakly(*, without: tuple[str, ...] = (), algorithms: tuple[str, ...] = (), unsigned: bool = False) -> Reading:
    """Decode as the service does, but leave out some checks."""

    def read(parts: Parts, token: str | None) -> dict[str, Any] | None:
        checks = {"verify_exp": True, "verify_nbf": True, "verify_iat": True, "verify_aud": False}
        options: dict[str, Any] = {**checks, **dict.fromkeys(without, False), "verify_signature": not unsigned}
        options["require"] = [name for name in ("sub", "exp") if name not in without]
        try:
            return dict(
                jwt.decode(
                    token or "",
                    parts.keys.verifying,
                    algorithms=list(algorithms or parts.keys.algorithms),
                    options=options,  # type: ignore[arg-type]  # PyJWT's options, by name
                )
            )
        except (jwt.PyJWTError, ValueError, TypeError, OverflowError):
            return None

    return read


def _none_algorithm(parts: Parts, token: str | None) -> dict[str, Any] | None:
    try:
        header = jwt.get_unverified_header(token or "")
    except jwt.PyJWTError:
        return None
    return _weakly(unsigned=True)(parts, token) if str(header.get("alg")).lower() == "none" else None


def _garbage(_: Parts, token: str | None) -> dict[str, Any] | None:
    try:
        jwt.get_unverified_header(token or "")
    except jwt.PyJWTError:
        return {} if token else None
    return None


def _outliving(parts: Parts) -> Parts:
    return replace(parts, lifetime=lambda _parts, _identity: _FOREVER)


def _early_cut(parts: Parts) -> Parts:
    def lifetime(inner: Parts, identity: Identity) -> float:
        left = parts.lifetime(inner, identity)
        return left if left > 4 * inner.heartbeat.interval else 0.1

    return replace(parts, lifetime=lifetime)


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


def _exact_scheme(parts: Parts) -> Parts:
    async def authenticate(inner: Parts, connection: HTTPConnection) -> Identity:
        header = connection.headers.get("authorization")
        if header is not None and not header.startswith("Bearer "):
            raise UnauthorisedError
        return await parts.authenticate(inner, connection)

    return replace(parts, authenticate=authenticate)


def _id_from_query(parts: Parts) -> Parts:
    async def authenticate(inner: Parts, connection: HTTPConnection) -> Identity:
        identity = await parts.authenticate(inner, connection)
        query = connection.query_params
        claimed = query.get("userId") or query.get("user_id")
        user = await inner.store.session(claimed, "") if claimed else None
        return replace(identity, user=user) if user else identity

    return replace(parts, authenticate=authenticate)


def _expired_403(parts: Parts) -> Parts:
    async def authenticate(inner: Parts, connection: HTTPConnection) -> Identity:
        try:
            return await parts.authenticate(inner, connection)
        except UnauthorisedError as error:
            if error.__cause__ and isinstance(error.__cause__.__cause__, jwt.ExpiredSignatureError):
                raise HTTPException(403, "session expired") from error
            raise

    return replace(parts, authenticate=authenticate)


FAULTS: tuple[Fault, ...] = (
    fault(
        "accept-no-token",
        "Without any token a stream opens for a nameless shared user.",
        _also_accepting(lambda _, token: {} if token is None else None),
        "auth.refuses-missing",
        "polling.auth",
    ),
    fault(
        "accept-garbage",
        "A token that cannot be decoded is treated as a guest instead of being refused.",
        _also_accepting(_garbage),
        "auth.refuses-garbage",
    ),
    fault(
        "accept-wrong-key",
        "Tokens are decoded but their signature is not verified.",
        _also_accepting(_weakly(unsigned=True)),
        "auth.refuses-wrong-key",
        "auth.refuses-tampered",
        "auth.refuses-alg-none",
        "auth.refuses-alg-none-odd-case",
        "auth.refuses-foreign-algorithm",
    ),
    fault(
        "accept-expired",
        "The `exp` claim is not looked at when a stream opens.",
        _also_accepting(_weakly(without=("verify_exp",))),
        "auth.refuses-expired",
    ),
    fault(
        "accept-none-alg",
        "The algorithm is taken from the token, so that `none` in some spelling needs no signature.",
        _also_accepting(_none_algorithm),
        "auth.refuses-alg-none",
        "auth.refuses-alg-none-odd-case",
    ),
    fault(
        "accept-any-hmac",
        "Any HMAC algorithm is accepted, not only those configured.",
        _also_accepting(_weakly(algorithms=("HS256", "HS384", "HS512"))),
        "auth.refuses-foreign-algorithm",
    ),
    fault(
        "accept-no-subject",
        "A token without `sub` opens the stream of a user called undefined, shared by all such tokens.",
        _also_accepting(_weakly(without=("sub",))),
        "auth.refuses-no-subject",
    ),
    fault(
        "accept-no-expiry",
        "A token without `exp` is good for ever.",
        _also_accepting(_weakly(without=("exp",))),
        "auth.refuses-no-expiry",
    ),
    fault(
        "accept-not-yet-valid",
        "The `nbf` claim is ignored.",
        _also_accepting(_weakly(without=("verify_nbf", "verify_iat"))),
        "auth.refuses-not-yet-valid",
    ),
    fault(
        "expired-403",
        "An expired token gets 403, on which clients do not ask for a new login.",
        _expired_403,
        "auth.expired-401",
    ),
    fault(
        "case-sensitive-scheme",
        "Only `Bearer` with a capital letter is understood (RFC 9110 11.1 says otherwise).",
        _exact_scheme,
        "auth.scheme-case",
    ),
    fault(
        "cookie-wins",
        "A leftover cookie outranks the Authorization header, so that one user's page shows another's data.",
        _cookie_wins,
    ),
    fault(
        "user-id-query-override",
        "A userId in the query replaces the token's subject: anybody reads anybody's stream.",
        _id_from_query,
        "auth.no-override",
    ),
    fault(
        "outlives-token",
        "Expiry is checked when the stream opens and never again.",
        _outliving,
        "auth.closes-at-expiry",
        "auth.ends-at-expiry",
    ),
    fault(
        "early-cut",
        "A token near its end is admitted and dropped at once, so that the client reconnects in a loop.",
        _early_cut,
        "auth.near-expiry-kept",
    ),
    fault(
        "logout-keeps-token",
        "Logout only clears the cookie: the token stays good.",
        _unrevoked,
    ),
    fault(
        "logout-keeps-stream",
        "Logout revokes the token but leaves its open streams alone.",
        _streams_survive,
    ),
)
