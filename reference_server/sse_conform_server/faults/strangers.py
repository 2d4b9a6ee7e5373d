"""Faults of who is taken for whom where names are compared carelessly, or asked for elsewhere than at the door."""

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.requests import HTTPConnection
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sse_conform_server.auth import Identity, UnauthorisedError
from sse_conform_server.faults.authentication import also_accepting, bearer_of, identity_of, weakly
from sse_conform_server.faults.edges import POLLING, STREAM_PATH, at_edge, rewriting, set_header
from sse_conform_server.faults.fault import Fault, fault
from sse_conform_server.parts import Parts
from sse_conform_server.refusals import Refusals

_SHOWN = 5
_PASSED_BY = "access rules passed by"


def _named(claim: str, good: Callable[[Parts, str], bool]) -> Callable[[Parts], Parts]:
    """Compare a claim so, instead of exactly."""

    def read(parts: Parts, token: str | None) -> dict[str, Any] | None:
        claims = weakly(without=(f"verify_{claim}",))(parts, token)
        return claims if claims and good(parts, str(claims.get(claim, ""))) else None

    return also_accepting(read)


def _resuming_for_ever(parts: Parts) -> Parts:
    async def authenticate(inner: Parts, connection: HTTPConnection) -> Identity:
        try:
            return await parts.authenticate(inner, connection)
        except UnauthorisedError:
            resumed = connection.headers.get("last-event-id")
            claims = weakly(without=("verify_exp",))(inner, bearer_of(connection)) if resumed else None
            if claims is None:
                raise
            return await identity_of(inner, claims)

    return replace(parts, authenticate=authenticate)


class _Directory(Refusals):
    def __init__(self) -> None:
        self.known: list[str] = []

    def unauthorised(self, *, missing: bool) -> Response:
        """401 with who is there."""
        plain = super().unauthorised(missing=missing)
        headers = {name: value for name, value in plain.headers.items() if not name.startswith("content-")}
        return JSONResponse({"error": "unauthorised", "known": self.known}, status_code=401, headers=headers)


def _showing_who_is_there(parts: Parts) -> Parts:
    refusals = _Directory()

    async def authenticate(inner: Parts, connection: HTTPConnection) -> Identity:
        identity = await parts.authenticate(inner, connection)
        refusals.known = list(dict.fromkeys([identity.user.username, *refusals.known]))[:_SHOWN]
        return identity

    return replace(parts, refusals=refusals, authenticate=authenticate)


def _unguarded(routed: Callable[[str], str], *, path: str = "") -> Callable[[Parts], Parts]:
    """The router reads paths so, which begin with this one; the access rules read them as they are written."""

    async def middleware(_: Parts, app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
        route = routed(scope["path"])
        passed_by = {"path": route, "raw_path": route.encode(), _PASSED_BY: True} if route != scope["path"] else {}
        await app({**scope, **passed_by}, receive, send)

    def apply(parts: Parts) -> Parts:
        async def authenticate(inner: Parts, connection: HTTPConnection) -> Identity:
            if connection.scope.get(_PASSED_BY):
                return await identity_of(inner, {})
            return await parts.authenticate(inner, connection)

        return at_edge(middleware, path=path)(replace(parts, authenticate=authenticate))

    return apply


def _also_admitting(known: Callable[[str], bool]) -> Callable[[Parts], Parts]:
    """Admit more origins than the one on the list, to the stream and to polls."""

    async def rewrite(scope: Scope, message: Message, send: Send) -> None:
        origin = Headers(scope=scope).get("origin", "")
        if known(origin) and message["type"] == "http.response.start":
            message = set_header(message, b"access-control-allow-origin", origin.encode())
            message = set_header(message, b"access-control-allow-credentials", b"true")
            message = set_header(message, b"vary", b"Origin")
        await send(message)

    return lambda parts: rewriting(rewrite, path=POLLING)(rewriting(rewrite)(parts))


async def _another_in_the_preflight(scope: Scope, message: Message, send: Send) -> None:
    asked = scope["method"] == "OPTIONS"
    await send(set_header(message, b"access-control-allow-origin", b"https://other.example") if asked else message)


FAULTS: tuple[Fault, ...] = (
    fault(
        "issuer-by-beginning",
        "The issuer is compared by its beginning: a name that goes on is another's.",
        _named("iss", lambda parts, issuer: issuer.startswith(parts.settings.jwt_issuer)),
        "auth.refuses-wrong-issuer",
        "polling.auth-tokens",
    ),
    fault(
        "audience-within",
        "The audience is searched in what the token names, as one searches in a list.",
        _named("aud", lambda parts, audience: parts.settings.jwt_audience in audience),
        "auth.refuses-wrong-audience",
        "polling.auth-tokens",
    ),
    fault(
        "resume-skips-expiry",
        "Who comes back with a Last-Event-ID is taken for the one who was there, though the token has expired.",
        _resuming_for_ever,
        "auth.expired-401-reconnect",
    ),
    fault(
        "refuse-with-directory",
        "The error page of a debugging mode shows who logged in lately.",
        _showing_who_is_there,
        "auth.refusal-without-data",
    ),
    fault(
        "unguarded-slash",
        "Access rules name the path as it is written, and the router takes it with a slash at its end for the same.",
        _unguarded(lambda path: path.rstrip("/"), path=STREAM_PATH),
        "auth.other-door",
    ),
    fault(
        "unguarded-parameter",
        "Access rules name the path as it is written, and the router takes away what is behind a semicolon (servlets).",
        _unguarded(lambda path: re.sub(";[^/]*", "", path)),
        "polling.auth",
    ),
    fault(
        "unguarded-case",
        "Access rules name the path as it is written, and the router does not care for case (Express, IIS).",
        _unguarded(str.lower),
        "polling.auth",
    ),
    fault(
        "cors-by-beginning",
        "An origin is admitted that begins like the one on the list.",
        _also_admitting(lambda origin: origin.startswith("https://app.example")),
        "cors.allowlist-strangers",
    ),
    fault(
        "cors-by-end",
        "An origin is admitted that ends like the one on the list, as its subdomains do, and other domains too.",
        _also_admitting(lambda origin: origin.endswith("app.example")),
        "cors.allowlist-strangers",
    ),
    fault(
        "cors-unescaped",
        "The allowlist is a regular expression, and its dots match any letter.",
        _also_admitting(lambda origin: bool(re.fullmatch("https://app.example", origin))),
        "cors.allowlist-strangers",
    ),
    fault(
        "cors-any-port",
        "Origins are compared by their host: whatever listens on another port of it is let in.",
        _also_admitting(lambda origin: urlsplit(origin).hostname == "app.example"),
        "cors.allowlist-strangers",
    ),
    fault(
        "cors-null",
        "The origin null is admitted, for pages from a file: any page has it in a sandboxed frame.",
        _also_admitting(lambda origin: origin == "null"),
        "cors.allowlist-strangers",
    ),
    fault(
        "cors-preflight-of-another",
        "The preflight is answered by a gateway, which knows an older origin.",
        rewriting(_another_in_the_preflight),
        "cors.preflight",
    ),
)
