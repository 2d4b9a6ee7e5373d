"""JSON Web Tokens: issuing them at login, verifying them everywhere (RFC 7519, RFC 8725)."""

import hashlib
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from sse_conform_server.models import User
from sse_conform_server.settings import Settings, SettingsError


class InvalidTokenError(Exception):
    """The token is refused. The reason is for logs and tests, never for the client."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Claims:
    """What a good token says. `token_id` names it for revocation, `expires_at` is Unix time."""

    subject: str
    token_id: str
    expires_at: float


Verifier = Callable[[str], Claims]
"""Encoded token to claims; raises `InvalidTokenError`."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Keys:
    """What tokens are signed and verified with; they differ for asymmetric algorithms."""

    signing: Any
    verifying: Any
    algorithms: tuple[str, ...]


def make_keys(settings: Settings) -> Keys:
    """
    The keys of the configured algorithms; an empty HMAC key is replaced by a random one for this run.

    One family only: accepting HS256 beside RS256 would let a public key serve as an HMAC secret (CVE-2022-29217).
    """
    algorithms = settings.algorithms
    unknown = set(algorithms) - (set(jwt.algorithms.get_default_algorithms()) - {"none"})
    if unknown:
        raise SettingsError(f"algorithms: {', '.join(sorted(unknown))} is not a JWT signature algorithm")
    if len({algorithm[:2] for algorithm in algorithms}) > 1:
        raise SettingsError("algorithms: choose one family (HS, RS, PS, ES); mixing them allows key confusion")
    if algorithms[0].startswith("HS"):
        key = (settings.jwt_key or secrets.token_hex(64)).encode()
        least = int(algorithms[0][2:]) // 8
        if len(key) < least:
            raise SettingsError(f"jwt_key has {len(key)} bytes: {algorithms[0]} needs {least} or more (RFC 7518 3.2)")
        return Keys(signing=key, verifying=key, algorithms=algorithms)
    private = _private_key(settings.jwt_key, algorithms[0])
    return Keys(signing=private, verifying=private.public_key(), algorithms=algorithms)


def _private_key(pem: str, algorithm: str) -> PrivateKeyTypes:
    try:
        return load_pem_private_key(pem.encode(), password=None)
    except (ValueError, TypeError):
        raise SettingsError(f"jwt_key: {algorithm} needs an unencrypted private key in PEM") from None


@dataclass(frozen=True, kw_only=True, slots=True)
class Issuer:
    """Signs tokens for users who have proved who they are."""

    keys: Keys
    settings: Settings

    def issue(self, user: User) -> str:
        """A fresh token, good from now for `token_ttl` seconds."""
        now = int(time.time())
        claims: dict[str, Any] = {
            "sub": user.id, "username": user.username, "role": user.role, "jti": secrets.token_urlsafe(16),
            "iat": now, "nbf": now, "exp": now + self.settings.token_ttl,
        }  # fmt: skip
        if self.settings.jwt_issuer:
            claims["iss"] = self.settings.jwt_issuer
        if self.settings.jwt_audience:
            claims["aud"] = self.settings.jwt_audience
        return jwt.encode(claims, self.keys.signing, algorithm=self.keys.algorithms[0])


@dataclass(frozen=True, kw_only=True, slots=True)
class JwtVerifier:
    """The strict verifier: signature, algorithm from our list, `sub` and `exp` required, times within the leeway."""

    keys: Keys
    settings: Settings

    def __call__(self, token: str) -> Claims:
        """Verify; raises `InvalidTokenError`."""
        try:
            claims = self._decode(token)
            signature = jwt.utils.base64url_decode(token.rpartition(".")[2])
        # Claims of absurd type or size raise more than PyJWT's own errors.
        except (jwt.PyJWTError, ValueError, TypeError, OverflowError, RecursionError) as error:
            raise InvalidTokenError(str(error)) from error
        subject, expires = claims.get("sub"), claims.get("exp")
        if not isinstance(subject, str) or not subject:
            raise InvalidTokenError("sub is not a name")
        if isinstance(expires, bool) or not isinstance(expires, int | float):
            raise InvalidTokenError("exp is not a number")
        # A token without jti is named by its signature, decoded: its text could be spelled in several ways.
        token_id = claims.get("jti") or hashlib.sha256(signature).hexdigest()
        return Claims(subject=subject, token_id=token_id, expires_at=float(expires))

    def _decode(self, token: str) -> dict[str, Any]:
        settings = self.settings
        return dict(
            jwt.decode(
                token,
                self.keys.verifying,
                algorithms=list(self.keys.algorithms),
                leeway=settings.leeway,
                issuer=settings.jwt_issuer or None,
                audience=settings.jwt_audience or None,
                options={
                    "require": ["sub", "exp"],
                    "verify_aud": bool(settings.jwt_audience),
                    "verify_iss": bool(settings.jwt_issuer),
                },
            )
        )
