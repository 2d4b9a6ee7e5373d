"""The answers to who may not come in: 401 and 429, for REST and stream alike."""

import math

from starlette.responses import JSONResponse, Response

REALM = 'Bearer realm="notifications"'
UNCACHED = {"Cache-Control": "no-store"}


class Refusals:
    """Builds refusals that say what to do next and nothing about why a token was refused (RFC 6750 3.1)."""

    def unauthorised(self, *, missing: bool) -> Response:
        """401 with the challenge of RFC 9110 11.6.1."""
        challenge = REALM if missing else f'{REALM}, error="invalid_token"'
        body = {"error": "unauthorised" if missing else "invalid_token", "message": "Log in and send the token."}
        return JSONResponse(body, status_code=401, headers={"WWW-Authenticate": challenge, **UNCACHED})

    def too_many_attempts(self, retry_after: float) -> Response:
        """429 with whole seconds to wait (RFC 9110 10.2.3), never less than one."""
        seconds = max(1, math.ceil(retry_after))
        body = {"error": "too_many_attempts", "message": f"Too many connection attempts; wait {seconds} s."}
        return JSONResponse(body, status_code=429, headers={"Retry-After": str(seconds), **UNCACHED})
