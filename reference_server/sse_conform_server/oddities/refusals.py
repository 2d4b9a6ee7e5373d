"""Oddities of those who are not let in: other refusals, and other demands on tokens."""

from collections.abc import Callable
from dataclasses import replace

import jwt
from starlette.exceptions import HTTPException
from starlette.requests import HTTPConnection
from starlette.responses import HTMLResponse, Response

from sse_conform_server.auth import Identity, UnauthorisedError
from sse_conform_server.oddities.oddity import Oddity, oddity
from sse_conform_server.oddities.traps import Trap
from sse_conform_server.parts import Parts
from sse_conform_server.refusals import Refusals

_PAGE = (
    "<!doctype html><html><body><h1>401</h1><p>Please <a href='/login'>log in</a>: at the door (1:2).</p></body></html>"
)


def _is_expired(error: UnauthorisedError) -> bool:
    refused = error.__cause__
    return refused is not None and isinstance(refused.__cause__, jwt.ExpiredSignatureError)


def _status(status: int, when: Callable[[UnauthorisedError], bool]) -> Callable[[Parts], Parts]:
    """Refuse some of those without good credentials with another status."""

    def apply(parts: Parts) -> Parts:
        async def authenticate(inner: Parts, connection: HTTPConnection) -> Identity:
            try:
                return await parts.authenticate(inner, connection)
            except UnauthorisedError as error:
                if when(error):
                    raise HTTPException(status, "you may not come in") from error
                raise

        return replace(parts, authenticate=authenticate)

    return apply


class _Unchallenging(Refusals):
    def unauthorised(self, *, missing: bool) -> Response:
        """Without WWW-Authenticate, which would open a browser's own dialogue."""
        answer = super().unauthorised(missing=missing)
        del answer.headers["www-authenticate"]
        return answer


class _Page(Refusals):
    def unauthorised(self, *, missing: bool) -> Response:
        """A page instead of JSON."""
        challenge = super().unauthorised(missing=missing).headers["www-authenticate"]
        return HTMLResponse(_PAGE, status_code=401, headers={"WWW-Authenticate": challenge, "Connection": "close"})


class _Empty(Refusals):
    def unauthorised(self, *, missing: bool) -> Response:
        """Nothing but the status, and a challenge of another scheme."""
        realm = "stranger" if missing else "unknown"
        return Response(status_code=401, headers={"WWW-Authenticate": f'Token realm="{realm}", charset="UTF-8"'})


def _refusals(kind: type[Refusals]) -> Callable[[Parts], Parts]:
    return lambda parts: replace(parts, refusals=kind())


ODDITIES: tuple[Oddity, ...] = (
    oddity(
        "forbidden",
        Trap.REFUSALS,
        "Tokens that are not good are refused with 403, save expired ones.",
        _status(403, lambda error: not _is_expired(error)),
        warns=("auth.status-401",),
    ),
    oddity(
        "missing-400",
        Trap.REFUSALS,
        "A request without a token is refused with 400.",
        _status(400, lambda error: error.missing),
        warns=("auth.status-401",),
    ),
    oddity(
        "unchallenging-401",
        Trap.REFUSALS,
        "A 401 carries no challenge, lest a browser ask for a password by itself.",
        _refusals(_Unchallenging),
        warns=("auth.challenge",),
    ),
    oddity("page-401", Trap.REFUSALS, "A refusal is a page, and its connection ends.", _refusals(_Page)),
    oddity("empty-401", Trap.REFUSALS, "A refusal has no body and a challenge of another scheme.", _refusals(_Empty)),
)
