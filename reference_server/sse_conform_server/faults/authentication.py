"""Faults of who is let in."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import jwt
from starlette.exceptions import HTTPException
from starlette.requests import HTTPConnection

from sse_conform_server.auth import COOKIE, Identity, UnauthorisedError
from sse_conform_server.faults.fault import Fault, fault
from sse_conform_server.models import Role, User
from sse_conform_server.parts import Parts
from sse_conform_server.tokens import Claims

_ANONYMOUS = User(id="undefined", username="undefined", role=Role.ANALYST)
FOREVER = float("inf")

Reading = Callable[[Parts, str | None], dict[str, Any] | None]
"""A token, or `None` for none, to claims that are good enough for the fault, or `None`."""


def also_accepting(read: Reading) -> Callable[[Parts], Parts]:
    """Where the strict check refuses, look again with a weaker one."""

    def apply(parts: Parts) -> Parts:
        async def authenticate(inner: Parts, connection: HTTPConnection) -> Identity:
            try:
                return await parts.authenticate(inner, connection)
            except UnauthorisedError:
                claims = read(inner, bearer_of(connection))
                if claims is None:
                    raise
                return await identity_of(inner, claims)

        return replace(parts, authenticate=authenticate)

    return apply


async def identity_of(parts: Parts, claims: dict[str, Any]) -> Identity:
    """Whoever the claims name, or nobody in particular; for ever, or until the logout."""
    subject, token_id = (value if isinstance(value, str) else "" for value in (claims.get("sub"), claims.get("jti")))
    if await parts.store.revoked(token_id):
        raise UnauthorisedError
    user = await parts.store.session(subject, token_id)
    return Identity(user=user or _ANONYMOUS, token_id=token_id, expires_at=FOREVER)


def bearer_of(connection: HTTPConnection) -> str | None:
    """The token that a request carries."""
    header = connection.headers.get("authorization", "")
    return header.partition(" ")[2] or connection.cookies.get(COOKIE)


def weakly(
    *, without: tuple[str, ...] = (), algorithms: tuple[str, ...] = (), unsigned: bool = False, leeway: float = 0.0
) -> Reading:
    """Decode as the service does, but leave out some checks."""

    def read(parts: Parts, token: str | None) -> dict[str, Any] | None:
        issuer, audience = parts.settings.jwt_issuer or None, parts.settings.jwt_audience or None
        checks = {"verify_exp": True, "verify_nbf": True, "verify_iat": True}
        checks |= {"verify_iss": bool(issuer), "verify_aud": bool(audience)}
        options: dict[str, Any] = {**checks, **dict.fromkeys(without, False), "verify_signature": not unsigned}
        options["require"] = [name for name in ("sub", "exp") if name not in without]
        try:
            claims = jwt.decode(
                token or "",
                parts.keys.verifying,
                algorithms=list(algorithms or parts.keys.algorithms),
                issuer=issuer,
                audience=audience,
                leeway=leeway,
                options=options,  # type: ignore[arg-type]  # PyJWT's options, by name
            )
        except (jwt.PyJWTError, ValueError, TypeError, OverflowError):
            return None
        return dict(claims) if claims.get("sub") or "sub" in without else None

    return read


def _none_algorithm(parts: Parts, token: str | None) -> dict[str, Any] | None:
    try:
        header = jwt.get_unverified_header(token or "")
    except jwt.PyJWTError:
        return None
    return weakly(unsigned=True)(parts, token) if str(header.get("alg")).lower() == "none" else None


def _garbage(_: Parts, token: str | None) -> dict[str, Any] | None:
    try:
        jwt.get_unverified_header(token or "")
    except jwt.PyJWTError:
        return {} if token else None
    return None


class _Remembering:
    """A verifier with a memory, which does not look at a token twice; ``hasty`` ones remember before they look."""

    def __init__(self, parts: Parts, *, hasty: bool) -> None:
        self._verify = parts.verify
        self._hasty = hasty
        self._known: dict[str, Claims] = {}

    def __call__(self, token: str) -> Claims:
        known = self._known.get(token)
        if known is None:
            if self._hasty and (claims := _unverified(token)):
                self._known[token] = claims
            known = self._verify(token)
            self._known[token] = known
        return known


def _unverified(token: str) -> Claims | None:
    try:
        claims = jwt.decode(token, options={"verify_signature": False})
    except jwt.PyJWTError:
        return None
    return Claims(subject=str(claims.get("sub", "")), token_id=str(claims.get("jti", "")), expires_at=FOREVER)


def _outliving(parts: Parts) -> Parts:
    return replace(parts, lifetime=lambda _parts, _identity: FOREVER)


def _early_cut(parts: Parts) -> Parts:
    def lifetime(inner: Parts, identity: Identity) -> float:
        left = parts.lifetime(inner, identity)
        return left if left > 4 * inner.heartbeat.interval else 0.1

    return replace(parts, lifetime=lifetime)


def _exact_scheme(parts: Parts) -> Parts:
    async def authenticate(inner: Parts, connection: HTTPConnection) -> Identity:
        header = connection.headers.get("authorization")
        if header is not None and not header.startswith("Bearer "):
            raise UnauthorisedError
        return await parts.authenticate(inner, connection)

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
        also_accepting(lambda _, token: {} if token is None else None),
        "auth.refuses-missing",
        "polling.auth",
    ),
    fault(
        "accept-garbage",
        "A token that cannot be decoded is treated as a guest instead of being refused.",
        also_accepting(_garbage),
        "auth.refuses-garbage",
        "polling.auth-tokens",
    ),
    fault(
        "accept-wrong-key",
        "Tokens are decoded but their signature is not verified.",
        also_accepting(weakly(unsigned=True)),
        "auth.refuses-wrong-key",
        "auth.refuses-tampered",
        "auth.refuses-alg-none",
        "auth.refuses-alg-none-odd-case",
        "auth.refuses-foreign-algorithm",
        "polling.auth-tokens",
    ),
    fault(
        "accept-expired",
        "The `exp` claim is not looked at when a stream opens.",
        also_accepting(weakly(without=("verify_exp",))),
        "auth.refuses-expired",
        "auth.leeway-200",
        "auth.expired-401-reconnect",
        "polling.auth-tokens",
    ),
    fault(
        "accept-lately-expired",
        "The verifier forgives clients' clocks by a minute, as its library's default says.",
        also_accepting(weakly(leeway=60.0)),
        "auth.leeway-200",
        "auth.expired-401-reconnect",
    ),
    fault(
        "remembers-verified-tokens",
        "A token that was good once is kept in a cache, and its end is not looked at again.",
        lambda parts: replace(parts, verify=_Remembering(parts, hasty=False)),
        "auth.expired-401-reconnect",
    ),
    fault(
        "remembers-before-verifying",
        "Claims are kept in a cache before they are verified: a bad token is taken at its second use.",
        lambda parts: replace(parts, verify=_Remembering(parts, hasty=True)),
        "auth.refuses-wrong-key",
        "auth.refuses-expired",
        "auth.refuses-alg-none",
        "auth.refuses-alg-none-odd-case",
        "auth.refuses-foreign-algorithm",
        "auth.refuses-not-yet-valid",
        "auth.refuses-wrong-issuer",
        "auth.refuses-wrong-audience",
        "auth.refuses-no-expiry",
        "auth.leeway-200",
        "auth.expired-401-reconnect",
    ),
    fault(
        "accept-wrong-issuer",
        "Whose token it is does not matter as long as the key fits.",
        also_accepting(weakly(without=("verify_iss",))),
        "auth.refuses-wrong-issuer",
        "polling.auth-tokens",
    ),
    fault(
        "accept-wrong-audience",
        "A token for any service of the house opens the stream.",
        also_accepting(weakly(without=("verify_aud",))),
        "auth.refuses-wrong-audience",
        "polling.auth-tokens",
    ),
    fault(
        "accept-none-alg",
        "The algorithm is taken from the token, so that `none` in some spelling needs no signature.",
        also_accepting(_none_algorithm),
        "auth.refuses-alg-none",
        "auth.refuses-alg-none-odd-case",
        "polling.auth-tokens",
    ),
    fault(
        "accept-any-hmac",
        "Any HMAC algorithm is accepted, not only those configured.",
        also_accepting(weakly(algorithms=("HS256", "HS384", "HS512"))),
        "auth.refuses-foreign-algorithm",
        "polling.auth-tokens",
    ),
    fault(
        "accept-no-subject",
        "A token without `sub` opens the stream of a user called undefined, shared by all such tokens.",
        also_accepting(weakly(without=("sub",))),
        "auth.refuses-no-subject",
        "polling.auth-tokens",
    ),
    fault(
        "accept-no-expiry",
        "A token without `exp` is good for ever.",
        also_accepting(weakly(without=("exp",))),
        "auth.refuses-no-expiry",
    ),
    fault(
        "accept-not-yet-valid",
        "The `nbf` claim is ignored.",
        also_accepting(weakly(without=("verify_nbf", "verify_iat"))),
        "auth.refuses-not-yet-valid",
        "polling.auth-tokens",
    ),
    fault(
        "expired-403",
        "An expired token gets 403, on which clients do not ask for a new login.",
        _expired_403,
        "auth.expired-401",
        "auth.expired-401-reconnect",
    ),
    fault(
        "case-sensitive-scheme",
        "Only `Bearer` with a capital letter is understood (RFC 9110 11.1 says otherwise).",
        _exact_scheme,
        "auth.scheme-case",
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
)
