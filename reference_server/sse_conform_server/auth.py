"""Who is asking: the token in the Authorization header or in the session cookie, for REST and stream alike."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from starlette.requests import HTTPConnection

from sse_conform_server.models import User
from sse_conform_server.tokens import InvalidTokenError

if TYPE_CHECKING:
    from sse_conform_server.parts import Parts

COOKIE = "session"


class UnauthorisedError(Exception):
    """No good credentials. `missing` tells "none given" (RFC 6750 3.1: no error code) from "refused"."""

    def __init__(self, *, missing: bool = False) -> None:
        super().__init__("no credentials" if missing else "credentials refused")
        self.missing = missing


@dataclass(frozen=True, kw_only=True, slots=True)
class Identity:
    """A user for the life of one request or stream. `expires_at` is Unix time."""

    user: User
    token_id: str
    expires_at: float


async def authenticate(parts: "Parts", connection: HTTPConnection) -> Identity:
    """
    The header wins over the cookie; both good but of different users are refused.

    Query and path are never read: a token in a URL ends in logs (RFC 9700), a user id there is a claim nobody signed.
    Raises `UnauthorisedError`.
    """
    headers = connection.headers.getlist("authorization")
    cookie = connection.cookies.get(COOKIE)
    if not headers and not cookie:
        raise UnauthorisedError(missing=True)
    if not headers:
        return await identify(parts, cookie or "")
    if len(headers) > 1:
        raise UnauthorisedError
    identity = await identify(parts, _bearer(headers[0]))
    if cookie and await _user_of(parts, cookie) not in (None, identity.user.id):
        raise UnauthorisedError
    return identity


async def identify(parts: "Parts", token: str) -> Identity:
    """The user a token stands for, if it is valid, not revoked, and the user exists. Raises `UnauthorisedError`."""
    try:
        claims = parts.verify(token)
    except InvalidTokenError as error:
        raise UnauthorisedError from error
    user = await parts.store.session(claims.subject, claims.token_id)
    if user is None:
        raise UnauthorisedError
    return Identity(user=user, token_id=claims.token_id, expires_at=claims.expires_at)


async def _user_of(parts: "Parts", token: str) -> str | None:
    try:
        return (await identify(parts, token)).user.id
    except UnauthorisedError:
        return None


def _bearer(header: str) -> str:
    scheme, _, token = header.strip().partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise UnauthorisedError
    return token.strip()
