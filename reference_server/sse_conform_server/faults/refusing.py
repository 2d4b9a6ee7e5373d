"""Faults of how a refusal is answered."""

from dataclasses import replace

from starlette.responses import JSONResponse, RedirectResponse, Response

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
)

FAULTS: tuple[Fault, ...] = (
    fault(
        "refuse-with-403",
        "Bad credentials get 403 instead of 401.",
        lambda parts: _with(parts, _Forbidding()),
        "auth.status-401",
        "auth.expired-401",
    ),
    fault(
        "refuse-redirect",
        "Bad credentials are redirected to a login page, as web frameworks do by default.",
        lambda parts: _with(parts, _Redirecting()),
        *_ALL,
        "polling.auth",
    ),
    fault(
        "refuse-500",
        "A bad token raises an error nobody handles.",
        lambda parts: _with(parts, _Crashing()),
        *_ALL,
        "polling.auth",
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
        "refuse-as-stream",
        "Bad credentials get 200 and an event stream with an error event: EventSource reconnects for ever.",
        lambda parts: _with(parts, _Streaming()),
        *_ALL,
        "polling.auth",
    ),
)


def _with(parts: Parts, refusals: Refusals) -> Parts:
    return replace(parts, refusals=refusals)
