"""Oddities of tokens and clocks: what else is in a token, and what time it is."""

import math
import time
from dataclasses import dataclass, replace
from email.utils import formatdate
from typing import Any

import jwt
import msgspec

from sse_conform_server.auth import Identity
from sse_conform_server.models import User
from sse_conform_server.oddities.chance import uniform
from sse_conform_server.oddities.oddity import Oddity, oddity
from sse_conform_server.oddities.traps import Trap
from sse_conform_server.oddities.wires import Wire, wired
from sse_conform_server.parts import Parts
from sse_conform_server.settings import Settings
from sse_conform_server.tokens import Claims, InvalidTokenError, Issuer, JwtVerifier, Keys, Verifier

_AHEAD = 90.0
"""Seconds by which the clock of the service is ahead."""
_TIMES = ("exp", "iat", "nbf")
_DEMANDED = {"kid": "2026-01", "typ": "at+jwt"}
_EXTRA = {"azp": "web", "tenant": "acme", "scope": "notifications:read"}
_LEEWAY = 1.0
_LATE_SHARE = 0.9


def _rewritten(token: str, keys: Keys, change: dict[str, Any], headers: dict[str, str] | None = None) -> str:
    claims = jwt.decode(token, options={"verify_signature": False})
    return jwt.encode(claims | change, keys.signing, algorithm=keys.algorithms[0], headers=headers)


class _RichIssuer(Issuer):
    def issue(self, user: User) -> str:
        """With more claims and headers, and an end that is no whole second."""
        token = super().issue(user)
        end = jwt.decode(token, options={"verify_signature": False})["exp"] + 0.5
        return _rewritten(token, self.keys, _EXTRA | {"exp": end}, dict(_DEMANDED))


@dataclass(frozen=True, kw_only=True, slots=True)
class _Demanding:
    """Refuses tokens without the claims and headers that its issuer gives."""

    verify: Verifier

    def __call__(self, token: str) -> Claims:
        try:
            header = jwt.get_unverified_header(token)
            claims = jwt.decode(token, options={"verify_signature": False})
        except jwt.PyJWTError as error:
            raise InvalidTokenError(str(error)) from error
        if not (_DEMANDED.items() <= header.items() and _EXTRA.items() <= claims.items()):
            raise InvalidTokenError("a claim or a header is missing")
        return self.verify(token)


def _demanding(parts: Parts) -> Parts:
    issuer = _RichIssuer(keys=parts.keys, settings=parts.settings)
    return replace(parts, issuer=issuer, verify=_Demanding(verify=parts.verify))


def _forgiving(parts: Parts) -> Parts:
    settings = msgspec.structs.replace(parts.settings, leeway=_LEEWAY)
    return replace(parts, settings=settings, verify=JwtVerifier(keys=parts.keys, settings=settings))


def _late(parts: Parts) -> Parts:
    def lifetime(inner: Parts, identity: Identity) -> float:
        return parts.lifetime(inner, identity) + uniform(0, _LATE_SHARE) * inner.heartbeat.interval

    return replace(parts, lifetime=lifetime)


class _AheadIssuer(Issuer):
    def issue(self, user: User) -> str:
        """By a clock that is ahead."""
        token = super().issue(user)
        claims = jwt.decode(token, options={"verify_signature": False})
        return _rewritten(token, self.keys, {name: claims[name] + _AHEAD for name in _TIMES})


@dataclass(frozen=True, kw_only=True, slots=True)
class _AheadVerifier:
    """Verifies by a clock that is ahead: a token that is right in all but its times is shifted back first."""

    keys: Keys
    verify: Verifier

    def __call__(self, token: str) -> Claims:
        try:
            claims = jwt.decode(
                token,
                self.keys.verifying,
                algorithms=list(self.keys.algorithms),
                options={"verify_exp": False, "verify_iat": False, "verify_nbf": False, "verify_aud": False},
            )
        except jwt.PyJWTError as error:
            raise InvalidTokenError(str(error)) from error
        shifted = {name: claims[name] - _AHEAD for name in _TIMES if isinstance(claims.get(name), int | float)}
        found = self.verify(_rewritten(token, self.keys, shifted))
        return replace(found, expires_at=found.expires_at + _AHEAD)


class _AheadDate(Wire):
    def head(self, head: bytes) -> bytes:
        """Dated by a clock that is ahead."""
        lines = [line for line in head.split(b"\r\n") if not line.lower().startswith(b"date:")]
        return b"\r\n".join([lines[0], b"date: " + formatdate(time.time() + _AHEAD, usegmt=True).encode(), *lines[1:]])


def _ahead(parts: Parts) -> Parts:
    def lifetime(inner: Parts, identity: Identity) -> float:
        return parts.lifetime(inner, identity) - _AHEAD

    issuer = _AheadIssuer(keys=parts.keys, settings=parts.settings)
    verify = _AheadVerifier(keys=parts.keys, verify=parts.verify)
    return wired(_AheadDate)(replace(parts, issuer=issuer, verify=verify, lifetime=lifetime))


def _leeway(_: Settings) -> dict[str, float]:
    return {"auth.leeway": math.ceil(_LEEWAY)}


ODDITIES: tuple[Oddity, ...] = (
    oddity(
        "demanding-tokens",
        Trap.TOKEN_DEMANDS,
        "Tokens need a key id, a type and three more claims, and end at a fraction of a second.",
        _demanding,
    ),
    oddity("clock-ahead", Trap.CLOCKS, "The clock of the service is 90 s ahead, in Date and in tokens.", _ahead),
    oddity("forgiving-clock", Trap.CLOCKS, "Tokens are good for a second of leeway.", _forgiving, promises=_leeway),
    oddity(
        "late-at-expiry",
        Trap.CLOCKS,
        "A stream ends within a heartbeat after its token, not at once.",
        _late,
    ),
)
