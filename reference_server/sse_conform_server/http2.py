"""The application over HTTP/2 (RFC 9113), for connections whose TLS has agreed on it."""

import asyncio
import contextlib
from collections.abc import Callable
from typing import Any

from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.events import (
    ConnectionTerminated,
    DataReceived,
    Event,
    RequestReceived,
    StreamEnded,
    StreamReset,
    WindowUpdated,
)
from h2.exceptions import ProtocolError, StreamClosedError
from starlette.types import ASGIApp, Message

Headers = list[tuple[bytes, bytes]]


class Http2Protocol(asyncio.Protocol):
    """One connection; each of its streams is a call of the application. `fit` makes headers fit for HTTP/2."""

    def __init__(self, app: ASGIApp, fit: Callable[[Headers], Headers]) -> None:
        self._app = app
        self._fit = fit
        # Headers go out as they are: what may not stand there, `fit` has taken out.
        config = H2Configuration(client_side=False, normalize_outbound_headers=False, validate_outbound_headers=False)
        self._http = H2Connection(config)
        self._transport: asyncio.Transport
        self._requests: dict[int, _Request] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._writable = asyncio.Event()
        self._writable.set()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Say hello."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._http.initiate_connection()
        self._flush()

    def data_received(self, data: bytes) -> None:
        """Take what came."""
        try:
            events = self._http.receive_data(data)
        except ProtocolError:
            self._flush()
            self._transport.close()
            return
        for event in events:
            self._heed(event)
        self._flush()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's signature
        """Everybody on it is gone."""
        self._writable.set()
        for request in self._requests.values():
            request.leave()

    def pause_writing(self) -> None:
        """The peer reads too slowly."""
        self._writable.clear()

    def resume_writing(self) -> None:
        """The peer has caught up."""
        self._writable.set()

    def _heed(self, event: Event) -> None:
        match event:
            case RequestReceived():
                self._begin(event)
            case DataReceived() | StreamEnded() | StreamReset():
                if isinstance(event, DataReceived):
                    self._http.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
                if request := self._requests.get(event.stream_id):
                    request.heed(event)
            case WindowUpdated():
                for each in self._requests.values():
                    each.window.set()
            case ConnectionTerminated():
                self._transport.close()
            case _:
                return

    def _begin(self, event: RequestReceived) -> None:
        request = self._requests[event.stream_id] = _Request()
        task = asyncio.create_task(self._serve(event.stream_id, _scope(event, self._transport), request))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _serve(self, number: int, scope: dict[str, Any], request: "_Request") -> None:
        async def send(message: Message) -> None:
            # Whoever is gone is told nothing; the application learns it from what it receives.
            with contextlib.suppress(StreamClosedError, ProtocolError):
                if message["type"] == "http.response.start":
                    status = (b":status", str(message["status"]).encode())
                    self._http.send_headers(number, [status, *self._fit(list(message["headers"]))])
                    self._flush()
                else:
                    await self._write(number, message.get("body", b""), request)
                    if not message.get("more_body", False):
                        self._http.end_stream(number)
                        self._flush()

        try:
            await self._app(scope, request.receive, send)
        finally:
            del self._requests[number]

    async def _write(self, number: int, data: bytes, request: "_Request") -> None:
        """As much at a time as the peer's windows admit."""
        while data and not request.gone.is_set():
            room = min(self._http.local_flow_control_window(number), self._http.max_outbound_frame_size)
            if room <= 0:
                request.window.clear()
                await request.window.wait()
                continue
            self._http.send_data(number, data[:room])
            data = data[room:]
            self._flush()
            await self._writable.wait()

    def _flush(self) -> None:
        if due := self._http.data_to_send():
            self._transport.write(due)


class _Request:
    """What came of one request so far, and whether its client is still there."""

    def __init__(self) -> None:
        self.body = b""
        self.whole = asyncio.Event()
        self.gone = asyncio.Event()
        self.window = asyncio.Event()
        self._told = False

    def heed(self, event: DataReceived | StreamEnded | StreamReset) -> None:
        """More of it came, or all, or the client left."""
        match event:
            case DataReceived():
                self.body += event.data
            case StreamEnded():
                self.whole.set()
            case StreamReset():
                self.leave()

    def leave(self) -> None:
        """The client is gone."""
        self.gone.set()
        self.whole.set()
        self.window.set()

    async def receive(self) -> Message:
        """The whole body, and then the end."""
        if not self._told:
            self._told = True
            await self.whole.wait()
            return {"type": "http.request", "body": self.body, "more_body": False}
        await self.gone.wait()
        return {"type": "http.disconnect"}


def _scope(event: RequestReceived, transport: asyncio.Transport) -> dict[str, Any]:
    pseudo = {bytes(name): bytes(value) for name, value in event.headers if bytes(name).startswith(b":")}
    path, _, query = pseudo[b":path"].partition(b"?")
    fields = [(bytes(name), bytes(value)) for name, value in event.headers if not bytes(name).startswith(b":")]
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "2",
        "method": pseudo[b":method"].decode("ascii"),
        "scheme": "https",
        "path": path.decode("latin-1"),
        "raw_path": path,
        "query_string": query,
        "root_path": "",
        "headers": [(b"host", pseudo.get(b":authority", b"")), *fields],
        "client": transport.get_extra_info("peername")[:2],
        "server": transport.get_extra_info("sockname")[:2],
        "extensions": {},
    }
