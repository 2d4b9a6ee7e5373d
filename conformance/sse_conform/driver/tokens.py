"""Genuine tokens and their mutations: each differs from a working one in exactly one thing (RFC 7519, RFC 8725)."""

import base64
import hashlib
import hmac
import json
import secrets
import time
from collections.abc import Callable
from email.utils import parsedate_to_datetime
from typing import Any, assert_never

from sse_conform import corpus
from sse_conform.corpus import Signature, Token
from sse_conform.entries import TokenKind
from sse_conform.profile import Auth
from sse_conform.token_places import decoded

#: A token whose end lies in the past was handed out so many seconds before it.
LIFETIME = 3600

#: Clocks that differ by less are taken to agree: Date tells whole seconds, and the way takes its time.
CLOCK_SECONDS = 2.0

Claims = dict[str, Any]


def _b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def claims_of(token: str) -> Claims:
    """The payload of a JWT, unverified; empty where the token is no JWT."""
    return decoded(token, 1)


class TokenMint:
    """Makes every :class:`TokenKind` out of one genuine token, as the corpus of tokens says."""

    def __init__(self, auth: Auth) -> None:
        self._auth = auth
        self._ahead = 0.0

    def heed(self, date: str) -> None:
        """Set the clock of the mint by the Date of an answer just received; anything else leaves it as it is."""
        try:
            ahead = parsedate_to_datetime(date).timestamp() - time.time()
        except ValueError:
            return
        self._ahead = ahead if abs(ahead) > CLOCK_SECONDS else 0.0

    def make(self, kind: TokenKind, genuine: str) -> str | None:
        """The token of this kind; None where no credential is to be sent. LookupError where it cannot be made."""
        if kind is TokenKind.GENUINE:
            return genuine
        if kind is TokenKind.MISSING:
            return None
        recipe = next(token for token in corpus.tokens() if token.name is kind)
        if recipe.text:
            return recipe.text.replace("{random}", secrets.token_hex(12))
        if recipe.declared and not getattr(self._auth, recipe.declared):
            raise LookupError(f"the profile declares no auth.{recipe.declared}")
        if genuine.count(".") != 2 or not isinstance(decoded(genuine, 0).get("alg"), str):
            raise LookupError("the genuine token is no JWT, so it cannot be mutated")
        return self._mutate(recipe, genuine)

    def _mutate(self, recipe: Token, genuine: str) -> str:
        header, signature = decoded(genuine, 0), genuine.split(".")[2]
        if recipe.sign is Signature.TARGET:
            import jwt  # noqa: F401, PLC0415 - heavy: it must be loaded before the clock is read for the claims
        claims = self._claims(recipe, claims_of(genuine))
        if "{foreign}" in recipe.header.values():
            return self._foreign(header, claims)
        header |= recipe.header
        match recipe.sign:
            case Signature.TARGET:
                return _sign(header, claims, self._key)
            case Signature.STRANGER:
                return _sign(header, claims, _stranger(header["alg"]))
            case Signature.EMBEDDED:
                key = _stranger(header["alg"])
                return _sign(header | {"jwk": _jwk(header["alg"], key)}, claims, key)
            case Signature.KEPT:
                return f"{_encode(header, claims)}.{signature}"
            case Signature.NONE:
                return f"{_encode(header, claims)}."
            case _:
                assert_never(recipe.sign)

    @property
    def _key(self) -> str:
        if not self._auth.key:
            raise LookupError("the profile gives no auth.key")
        return self._auth.key

    def _claims(self, recipe: Token, claims: Claims) -> Claims:
        """The genuine claims with the one change of the recipe."""
        subject = self._auth.subject_claim
        changed = {
            name.replace("{subject}", subject): self._filled(value, claims.get(subject))
            for name, value in recipe.claims.items()
        }
        without = {name.replace("{subject}", subject) for name in recipe.without}
        kept = {name: value for name, value in claims.items() if name not in without}
        return kept | changed | self._instants(recipe, claims)

    def _filled(self, value: str, subject: object) -> object:
        """The value of a claim; somebody else's subject is of the type of the genuine one."""
        if value == "{other}":
            return _other(subject)
        return value.replace("{issuer}", self._auth.issuer or "").replace("{audience}", self._auth.audience or "")

    def _instants(self, recipe: Token, claims: Claims) -> Claims:
        """Whole seconds, as NumericDate is commonly written; a token begins before it ends."""
        now, leeway = int(time.time() + self._ahead), int(self._auth.leeway) if recipe.beyond_leeway else 0
        instants = {name: now + away + (leeway if away > 0 else -leeway) for name, away in recipe.from_now.items()}
        end = instants.get("exp", now)
        if end < now:
            instants |= {name: end - LIFETIME for name in ("iat", "nbf") if name in claims}
        return instants

    def _foreign(self, header: Claims, claims: Claims) -> str:
        """The right key, an algorithm that is not on the list; a public key as an HMAC secret where keys are pairs."""
        if header["alg"].startswith("HS"):
            others = [name for name in ("HS256", "HS384", "HS512") if name not in self._auth.algorithms]
            if not others:
                raise LookupError("every HMAC algorithm is on the profile's list")
            return _sign(header | {"alg": others[0]}, claims, self._key)
        signing_input = _encode(header | {"alg": "HS256"}, claims)
        mac = hmac.new(_public_pem(self._key), signing_input.encode(), hashlib.sha256).digest()
        return f"{signing_input}.{_b64(mac)}"


def _encode(header: Claims, claims: Claims) -> str:
    return ".".join(_b64(json.dumps(part, separators=(",", ":")).encode()) for part in (header, claims))


def _sign(header: Claims, claims: Claims, key: str) -> str:
    import jwt  # noqa: PLC0415 - heavy (cryptography)

    signing_input = _encode(header, claims)
    try:
        algorithm = jwt.get_algorithm_by_name(header["alg"])
        signature = algorithm.sign(signing_input.encode(), algorithm.prepare_key(key))
    except (NotImplementedError, ValueError, TypeError, jwt.PyJWTError) as trouble:
        raise LookupError(f"no token can be signed with {header['alg']} and this key") from trouble
    return f"{signing_input}.{_b64(signature)}"


def _jwk(algorithm: str, key: str) -> Claims:
    """What verifies the signatures of a key, as a JSON Web Key (RFC 7517): the secret, or the public one of a pair."""
    import jwt  # noqa: PLC0415 - heavy (cryptography)

    family: Any = jwt.get_algorithm_by_name(algorithm)
    prepared = family.prepare_key(key)
    public = prepared.public_key() if hasattr(prepared, "public_key") else prepared
    return dict(family.to_jwk(public, as_dict=True))


def _other(subject: object) -> object:
    return subject + 1 if isinstance(subject, int) else f"{subject}-tampered"


def _stranger(algorithm: str) -> str:
    """A fresh key for the algorithm that the target has never seen: a secret, or a private key in PEM."""
    if algorithm.startswith("HS"):
        return secrets.token_hex(64)
    from cryptography.hazmat.primitives import serialization as s  # noqa: PLC0415 - heavy
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa  # noqa: PLC0415 - heavy

    curves: dict[str, Callable[[], ec.EllipticCurve]] = {
        "ES256": ec.SECP256R1,
        "ES384": ec.SECP384R1,
        "ES512": ec.SECP521R1,
        "ES256K": ec.SECP256K1,
    }
    key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey
    if algorithm in curves:
        key = ec.generate_private_key(curves[algorithm]())
    elif algorithm == "EdDSA":
        key = ed25519.Ed25519PrivateKey.generate()
    else:
        key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return key.private_bytes(s.Encoding.PEM, s.PrivateFormat.PKCS8, s.NoEncryption()).decode()


def _public_pem(private_pem: str) -> bytes:
    from cryptography.hazmat.primitives import serialization as s  # noqa: PLC0415 - heavy

    try:
        key = s.load_pem_private_key(private_pem.encode(), password=None)
    except (ValueError, TypeError) as trouble:
        raise LookupError("auth.key is no unencrypted private key in PEM") from trouble
    return key.public_key().public_bytes(s.Encoding.PEM, s.PublicFormat.SubjectPublicKeyInfo)
