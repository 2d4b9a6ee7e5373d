"""`GET /api/stream/notifications`: one plain ASGI endpoint, so that no middleware sits between event and socket."""

import asyncio
import time
from typing import Any

from starlette.requests import HTTPConnection
from starlette.responses import JSONResponse, Response
from starlette.types import Receive, Scope, Send

from sse_conform_server.auth import Identity, UnauthorisedError
from sse_conform_server.encoder import EventName
from sse_conform_server.hub import Ending, Subscription
from sse_conform_server.parts import Parts

ABORT = "sse_conform_server.abort"
"""Name of the ASGI extension that resets the connection; our protocol class provides it."""

HEADERS = (
    ("content-type", "text/event-stream; charset=utf-8"),
    ("cache-control", "no-cache, no-store, no-transform"),
    ("x-accel-buffering", "no"),
)
"""Uncacheable, and a hint to proxies not to buffer or recompress."""


def lifetime(parts: Parts, identity: Identity) -> float:
    """Seconds until the token is past its end, the leeway included."""
    return identity.expires_at + parts.settings.leeway - time.time()


async def drain(parts: Parts) -> None:
    """End every stream, between two events and after what is queued."""
    parts.hub.drain()


async def end_token(parts: Parts, user_id: str, token_id: str) -> None:
    """End the streams that this user opened with this token."""
    parts.hub.end_token(user_id, token_id)


class NotificationStream:
    """The stream route."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Admit or refuse, then keep one connection until its ending."""
        parts = self._parts
        if scope["method"] not in ("GET", "HEAD"):
            body = {"error": "method_not_allowed", "message": "Open the stream with GET."}
            await JSONResponse(body, status_code=405, headers={"Allow": "GET, HEAD"})(scope, receive, send)
            return
        connection = HTTPConnection(scope)
        refusal, identity = await self._admit(connection)
        if refusal is not None:
            await refusal(scope, receive, send)
        elif scope["method"] == "HEAD":
            await send(_head(parts))
            await send({"type": "http.response.body"})
        else:
            assert identity is not None
            await self._serve(connection, identity, receive, send)

    async def _admit(self, connection: HTTPConnection) -> tuple[Response | None, Identity | None]:
        parts = self._parts
        if connection.scope["method"] == "GET":
            address = parts.client_address(connection.scope, parts.settings.trusted_proxies)
            retry_after = await parts.limiter.admit(address)
            if retry_after is not None:
                return parts.refusals.too_many_attempts(retry_after), None
        try:
            return None, await parts.authenticate(parts, connection)
        except UnauthorisedError as error:
            return parts.refusals.unauthorised(missing=error.missing), None

    async def _serve(self, connection: HTTPConnection, identity: Identity, receive: Receive, send: Send) -> None:
        parts = self._parts
        opening = await parts.open_stream(parts, identity, connection.headers.get("last-event-id"))
        subscription = opening.subscription
        subscription.on_overflow = connection.scope.get("extensions", {}).get(ABORT, _nothing)
        expiry = asyncio.get_running_loop().call_later(
            parts.lifetime(parts, identity), subscription.end, Ending.EXPIRED
        )
        watcher = asyncio.create_task(_watch(receive, subscription))
        writer = _Writer(parts, subscription, send)
        try:
            with parts.metrics.stream():
                await writer.begin()
                for event in opening.events:
                    await writer.write(parts.encode(event), counted=event.name == EventName.NOTIFICATION)
                await self._relay(subscription, opening.told, writer)
                await writer.finish()
        finally:
            expiry.cancel()
            watcher.cancel()
            parts.hub.unsubscribe(subscription)

    async def _relay(self, subscription: Subscription, told: frozenset[int], writer: "_Writer") -> None:
        heartbeat = self._parts.heartbeat
        while True:
            event = await subscription.next(heartbeat.interval)
            if event is not None:
                if event.id not in told:
                    await writer.write(self._parts.encode(event), counted=True)
            elif subscription.ending is None:
                await writer.write(heartbeat.frame, counted=False)
            else:
                return


class _Writer:
    """Writes whole frames, each in one piece, and cuts a peer that takes none for too long."""

    def __init__(self, parts: Parts, subscription: Subscription, send: Send) -> None:
        self._parts = parts
        self._subscription = subscription
        self._send = send

    async def begin(self) -> None:
        await self._put(_head(self._parts))

    async def write(self, frame: bytes, *, counted: bool) -> None:
        if self._subscription.ending in (None, Ending.SHUTDOWN):
            await self._put({"type": "http.response.body", "body": frame, "more_body": True})
            if counted:
                self._parts.metrics.event_sent()

    async def finish(self) -> None:
        """End the body with its final chunk, or not at all where the peer is gone or was cut."""
        match self._subscription.ending:
            case Ending.GONE:
                return
            case Ending.OVERFLOW:
                # The reset takes effect in the loop's next turn; returning before it would count as a broken response.
                await asyncio.sleep(0)
            case _:
                await self._put({"type": "http.response.body"})

    async def _put(self, message: dict[str, Any]) -> None:
        try:
            async with asyncio.timeout(self._parts.settings.write_timeout):
                await self._send(message)
        except TimeoutError:
            self._subscription.overflow()


def _head(parts: Parts) -> dict[str, Any]:
    headers = [(name.encode(), value.encode()) for name, value in parts.stream_headers]
    return {"type": "http.response.start", "status": 200, "headers": headers}


async def _watch(receive: Receive, subscription: Subscription) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
    subscription.end(Ending.GONE)


def _nothing() -> None:
    """Without the extension the server closes when the endpoint returns with its response unfinished."""
