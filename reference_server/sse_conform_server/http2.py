"""The application over HTTP/2 (RFC 9113), for connections whose TLS has agreed on it."""

import asyncio
import contextlib
from typing import cast
from urllib.parse import unquote

from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.errors import ErrorCodes
from h2.events import ConnectionTerminated, DataReceived, Event, RequestReceived, StreamEnded, StreamReset
from h2.exceptions import ProtocolError
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sse_conform_server.stream import ABORT

_GONE: Message = {"type": "http.disconnect"}
#: Header fields go out as the application has them, whether they may stand in HTTP/2 or not.
_CONFIG = H2Configuration(client_side=False, normalize_outbound_headers=False, validate_outbound_headers=False)


class Http2Protocol(asyncio.Protocol):
    """One connection; each of its streams is a call of the application, among the `calls` that a shutdown awaits."""

    def __init__(self, app: ASGIApp, calls: set[asyncio.Task[None]]) -> None:
        self._app = app
        self._http = H2Connection(_CONFIG)
        self._transport: asyncio.Transport
        self._writable = True
        # Of each stream whose client is there, what the application has not yet received.
        self._inboxes: dict[int, asyncio.Queue[Message]] = {}
        self._calls = calls
        # Set for a moment whenever somebody who waits to write may go on, or give up.
        self._news = asyncio.Event()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Say hello."""
        self._transport = cast("asyncio.Transport", transport)  # that of another loop is of no such class
        self._http.initiate_connection()
        self._flush()

    def data_received(self, data: bytes) -> None:
        """Take what came."""
        try:
            for event in self._http.receive_data(data):
                self._heed(event)
        except ProtocolError:
            self._transport.close()
        self._flush()
        self._tell()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's signature
        """Everybody on it is gone."""
        for number in [*self._inboxes]:
            self._leave(number)
        self._tell()

    def pause_writing(self) -> None:
        """The peer reads too slowly."""
        self._writable = False

    def resume_writing(self) -> None:
        """The peer has caught up."""
        self._writable = True
        self._tell()

    def _heed(self, event: Event) -> None:
        match event:
            case RequestReceived():
                self._begin(event)
            case DataReceived():
                self._http.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
                self._pass_on(event.stream_id, event.data, more=True)
            case StreamEnded():
                self._pass_on(event.stream_id, b"", more=False)
            case StreamReset():
                self._leave(event.stream_id)
            case ConnectionTerminated():
                self._transport.close()

    def _begin(self, event: RequestReceived) -> None:
        number = event.stream_id
        self._inboxes[number] = asyncio.Queue()
        scope = _scope(event, self._transport)
        scope["extensions"] = {ABORT: lambda: self._reset(number)}
        call = asyncio.create_task(self._serve(number, scope))
        self._calls.add(call)
        call.add_done_callback(self._calls.discard)

    async def _serve(self, number: int, scope: Scope) -> None:
        try:
            await self._app(scope, self._receive(number), self._send(number))
        finally:
            if number in self._inboxes:
                self._reset(number)  # an answer without its end

    def _pass_on(self, number: int, body: bytes, *, more: bool) -> None:
        if inbox := self._inboxes.get(number):
            inbox.put_nowait({"type": "http.request", "body": body, "more_body": more})

    def _leave(self, number: int) -> None:
        if inbox := self._inboxes.pop(number, None):
            inbox.put_nowait(_GONE)

    def _reset(self, number: int) -> None:
        with contextlib.suppress(ProtocolError):  # it has ended already
            self._http.reset_stream(number, ErrorCodes.CANCEL)
        self._flush()
        self._leave(number)
        self._tell()

    def _receive(self, number: int) -> Receive:
        inbox = self._inboxes[number]

        async def receive() -> Message:
            message = await inbox.get()
            if message is _GONE:
                inbox.put_nowait(_GONE)  # for whoever asks once more
            return message

        return receive

    def _send(self, number: int) -> Send:
        async def send(message: Message) -> None:
            # Whoever is gone is told nothing; the application learns it from what it receives.
            with contextlib.suppress(ProtocolError):
                if message["type"] == "http.response.start":
                    self._http.send_headers(number, [(b":status", b"%d" % message["status"]), *message["headers"]])
                else:
                    await self._write(number, message.get("body", b""))
                    if not message.get("more_body", False):
                        self._http.end_stream(number)
                        self._leave(number)
                self._flush()

        return send

    async def _write(self, number: int, data: bytes) -> None:
        """As much at a time as the peer's windows admit."""
        while data and number in self._inboxes:
            room = min(self._http.local_flow_control_window(number), self._http.max_outbound_frame_size)
            if room > 0 and self._writable:
                self._http.send_data(number, data[:room])
                self._flush()
                data = data[room:]
            else:
                await self._news.wait()

    def _flush(self) -> None:
        self._transport.write(self._http.data_to_send())

    def _tell(self) -> None:
        self._news.set()
        self._news.clear()


def _scope(event: RequestReceived, transport: asyncio.Transport) -> Scope:
    fields = [(bytes(name), bytes(value)) for name, value in event.headers]
    pseudo = {name: value for name, value in fields if name.startswith(b":")}
    path, _, query = pseudo[b":path"].partition(b"?")
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "2",
        "method": pseudo[b":method"].decode("ascii"),
        "scheme": "https",
        "path": unquote(path.decode("latin-1")),
        "raw_path": path,
        "query_string": query,
        "root_path": "",
        "headers": [(b"host", pseudo.get(b":authority", b"")), *fields[len(pseudo) :]],
        "client": transport.get_extra_info("peername")[:2],
        "server": transport.get_extra_info("sockname")[:2],
    }
