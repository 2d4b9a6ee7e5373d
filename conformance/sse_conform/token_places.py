"""Where the answer to a login has the token: in its body at any depth, in a cookie, or in a header."""

import base64
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sse_conform.json_pointer import last_key, places
from sse_conform.strict_json import strict_json

#: What a signed JWT looks like (RFC 7519, section 3).
_JWT = re.compile(r"[\w-]{4,}\.[\w-]{2,}\.[\w-]*", re.ASCII)
#: Keys of tokens, the likeliest first; what is left over is a JWT under any other key.
_KEYS = ("access_token", "accessToken", "token", "jwt", "id_token", "idToken", "auth_token", "authToken")
#: Keys of tokens that are not for requests.
_OTHERS = re.compile(r"refresh|csrf|xsrf", re.IGNORECASE)
#: An opaque token is taken for one where its key says so and it is at least so long.
SHORTEST_OPAQUE = 16


class Where(StrEnum):
    """The part of an answer that holds a token."""

    BODY = "body"
    COOKIE = "cookie"
    HEADER = "header"


@dataclass(frozen=True, kw_only=True, slots=True)
class TokenPlace:
    """A token and its place: ``name`` is a JSON pointer, or the name of the cookie or the header."""

    where: Where
    name: str
    token: str

    @property
    def setting(self) -> str:
        """The value of ``auth.token`` that leads there."""
        return self.name if self.where is Where.BODY else f"{self.where.value}:{self.name}"


def token_places(
    document: Any,  # noqa: ANN401 - any JSON value
    cookies: Mapping[str, str],
    headers: Iterable[tuple[str, str]],
) -> list[TokenPlace]:
    """Every token in an answer, the likeliest first: JWTs before opaque ones, the body before cookies and headers."""
    found = [*_in_body(document), *_in_cookies(cookies), *_in_headers(headers)]
    return sorted(found, key=lambda place: (not is_jwt(place.token), list(Where).index(place.where), _rank(place)))


def is_jwt(text: str) -> bool:
    """Whether a text is a JSON Web Token: three parts, the first of which is a JSON object with an algorithm."""
    return bool(_JWT.fullmatch(text)) and isinstance(decoded(text, 0).get("alg"), str)


def decoded(token: str, part: int) -> dict[str, Any]:
    """The header (0) or the claims (1) of a JWT, unverified; empty where there are none."""
    try:
        text = token.split(".")[part]
        value = strict_json(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode("utf-8", "replace"))
    except (IndexError, ValueError):
        return {}
    return value if isinstance(value, dict) else {}


def _rank(place: TokenPlace) -> int:
    key = last_key(place.name)
    return _KEYS.index(key) if key in _KEYS else len(_KEYS)


def _looks_like_one(name: str, value: object) -> bool:
    if not isinstance(value, str) or _OTHERS.search(name):
        return False
    opaque = "token" in name.lower() or name.lower() in {"sid", "jwt"} or "session" in name.lower()
    return is_jwt(value) or (opaque and len(value) >= SHORTEST_OPAQUE and value.isprintable() and " " not in value)


def _in_body(document: Any) -> Iterator[TokenPlace]:  # noqa: ANN401 - any JSON value
    for pointer, value in places(document):
        if isinstance(value, str) and _looks_like_one(last_key(pointer), value):
            yield TokenPlace(where=Where.BODY, name=pointer, token=value)


def _in_cookies(cookies: Mapping[str, str]) -> Iterator[TokenPlace]:
    for name, value in cookies.items():
        if _looks_like_one(name, value):
            yield TokenPlace(where=Where.COOKIE, name=name, token=value)


def _in_headers(headers: Iterable[tuple[str, str]]) -> Iterator[TokenPlace]:
    for name, value in headers:
        token = bare(value)
        if is_jwt(token) and name != "set-cookie":
            yield TokenPlace(where=Where.HEADER, name=name, token=token)


def bare(value: str) -> str:
    """The token in the value of a header, without its scheme."""
    return value.strip().rpartition(" ")[2]
