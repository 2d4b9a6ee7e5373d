"""Faults of how a refusal is answered."""

from collections.abc import Awaitable, Callable
from dataclasses import replace

import jwt
from starlette.datastructures import Headers
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sse_conform_server.encoder import to_json
from sse_conform_server.faults.edges import at_edge, set_header
from sse_conform_server.faults.fault import Fault, fault
from sse_conform_server.parts import Parts
from sse_conform_server.refusals import Refusals

_TRACE = """Traceback (most recent call last):
  File "/srv/app/auth/middleware.py", line 41, in authenticate
    claims = decode(token, key)
jwt.exceptions.InvalidSignatureError: Signature verification failed
"""


class _Forbidding(Refusals):
    def unauthorised(self, *, missing: bool) -> Response:
        """403 instead of 401."""
        answer = super().unauthorised(missing=missing)
        answer.status_code = 403
        return answer


class _Redirecting(Refusals):
    def unauthorised(self, *, missing: bool) -> Response:  # noqa: ARG002 - the refusal's signature
        """To the login page."""
        return RedirectResponse("/login", status_code=302)


class _Crashing(Refusals):
    def unauthorised(self, *, missing: bool) -> Response:  # noqa: ARG002 - the refusal's signature
        """An error nobody handled."""
        return JSONResponse({"error": "internal"}, status_code=500)


class _Unchallenging(Refusals):
    def unauthorised(self, *, missing: bool) -> Response:
        """401 without WWW-Authenticate."""
        answer = super().unauthorised(missing=missing)
        del answer.headers["www-authenticate"]
        return answer


class _Tracing(Refusals):
    def unauthorised(self, *, missing: bool) -> Response:
        """401 with a stack trace."""
        answer = super().unauthorised(missing=missing)
        challenge = answer.headers["www-authenticate"]
        body = {"error": "invalid_token", "trace": _TRACE}
        return JSONResponse(body, status_code=401, headers={"WWW-Authenticate": challenge})


class _Streaming(Refusals):
    def unauthorised(self, *, missing: bool) -> Response:  # noqa: ARG002 - the refusal's signature
        """An event that says no, in a stream that says yes."""
        return Response("event: error\ndata: unauthorised\n\n", media_type="text/event-stream")


def _saying_more(more: Callable[[Parts, str], Awaitable[str]]) -> Callable[[Parts], Parts]:
    """Go on writing after a 401, for the user of the token or about it."""

    async def middleware(parts: Parts, app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
        token = Headers(scope=scope).get("authorization", "").partition(" ")[2]
        refused = False

        async def forward(message: Message) -> None:
            nonlocal refused
            refused = refused or message.get("status") == 401
            if refused and message["type"] == "http.response.body" and not message.get("more_body"):
                await send({**message, "more_body": True})
                message = {"type": "http.response.body", "body": (await more(parts, token)).encode()}
            await send(set_header(message, b"content-length", None) if refused else message)

        await app(scope, receive, forward)

    return at_edge(middleware)


async def _snapshot_after(parts: Parts, token: str) -> str:
    try:
        subject = jwt.decode(token, options={"verify_signature": False}).get("sub", "")
    except jwt.PyJWTError:
        return ""
    snapshot = await parts.take_snapshot(parts, str(subject))
    return f"event: snapshot\ndata: {to_json(snapshot.payload)}\n\n"


async def _token_after(_: Parts, token: str) -> str:
    return to_json({"received": token})


_ALL = (
    "auth.refuses-missing",
    "auth.refuses-garbage",
    "auth.refuses-wrong-key",
    "auth.refuses-tampered",
    "auth.refuses-expired",
    "auth.refuses-alg-none",
    "auth.refuses-alg-none-odd-case",
    "auth.refuses-foreign-algorithm",
    "auth.refuses-not-yet-valid",
    "auth.refuses-no-subject",
    "auth.refuses-no-expiry",
    "auth.refuses-wrong-issuer",
    "auth.refuses-wrong-audience",
    "auth.expired-401-reconnect",
    "auth.logout-refuses",
    "polling.auth",
    "polling.auth-tokens",
)

FAULTS: tuple[Fault, ...] = (
    fault(
        "refuse-with-403",
        "Bad credentials get 403 instead of 401.",
        lambda parts: _with(parts, _Forbidding()),
        "auth.status-401",
        "auth.expired-401",
        "auth.expired-401-reconnect",
    ),
    fault(
        "refuse-redirect",
        "Bad credentials are redirected to a login page, as web frameworks do by default.",
        lambda parts: _with(parts, _Redirecting()),
        *_ALL,
    ),
    fault(
        "refuse-500",
        "A bad token raises an error nobody handles.",
        lambda parts: _with(parts, _Crashing()),
        *_ALL,
    ),
    fault(
        "refuse-without-challenge",
        "The 401 has no WWW-Authenticate (RFC 9110 11.6.1).",
        lambda parts: _with(parts, _Unchallenging()),
        "auth.challenge",
    ),
    fault(
        "refuse-with-trace",
        "The 401 shows a stack trace, as a debug mode left on does.",
        lambda parts: _with(parts, _Tracing()),
        "auth.no-trace",
    ),
    fault(
        "refuse-and-go-on",
        "A return is missing after the 401 is sent: the snapshot of the token's user follows in its body.",
        _saying_more(_snapshot_after),
        "auth.refusal-without-data",
    ),
    fault(
        "refuse-with-echo",
        "The 401 quotes the token that it refuses.",
        _saying_more(_token_after),
        "auth.no-echo",
    ),
    fault(
        "refuse-as-stream",
        "Bad credentials get 200 and an event stream with an error event: EventSource reconnects for ever.",
        lambda parts: _with(parts, _Streaming()),
        *_ALL,
        "auth.leeway-200",
    ),
)


def _with(parts: Parts, refusals: Refusals) -> Parts:
    return replace(parts, refusals=refusals)
