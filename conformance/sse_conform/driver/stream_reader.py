"""
An HTTP client for one response that may never end, on a socket of its own.

General HTTP clients stamp arrivals when their task is scheduled, which is late behind a burst, and hide where pieces
begin and whether a connection ended by FIN or RST. Here every piece carries the kernel's arrival time.
"""

import asyncio
import contextlib
import socket
import struct
from collections.abc import Callable
from typing import TYPE_CHECKING, assert_never

from sse_conform.driver.arrivals import Arrival, ArrivalReader
from sse_conform.driver.clock import Clock
from sse_conform.driver.connection import connect
from sse_conform.driver.http_response import ResponseReader
from sse_conform.driver.stream_records import End, Head, Piece, StreamRequest, StreamSink, format_endpoint
from sse_conform.driver.tls import Channel
from sse_conform.driver.tunnel import channel_of
from sse_conform.entries import EndKind, Stamp

if TYPE_CHECKING:
    from sse_conform.driver.http2_response import Http2Response

__all__ = ["End", "EndKind", "Head", "OpenStream", "Piece", "Stamp", "StreamRequest", "StreamSink", "open_stream"]

_LINGER_ZERO = struct.pack("ii", 1, 0)

# An orderly close reads away at most this much: more than a receive buffer usually holds.
_MAX_DISCARD_BYTES = 8 * 1024 * 1024


async def open_stream(
    request: StreamRequest,
    sink: StreamSink,
    *,
    clock: Clock,
    connect_timeout: float = 5.0,
    head_timeout: float = 10.0,
    max_bytes: int = 16 * 1024 * 1024,
    room: Callable[[], int] | None = None,
    receive_buffer: int | None = None,
) -> "OpenStream":
    """
    Send `request` and return once its response head is in or the stream has ended, whatever the target does.

    :param connect_timeout: seconds for name resolution, TCP and TLS together.
    :param head_timeout: seconds from sending the request to the end of the response head, however slowly it drips in.
    :param max_bytes: body octets to read before the stream ends with `EndKind.OVERFLOW`.
    :param room: asked at each piece how many octets may still come, where others share the memory for them.
    :param receive_buffer: SO_RCVBUF in bytes, for a reader meant to fall behind.
    :raises ValueError: the request cannot be written as HTTP/1.1.
    """
    stream = OpenStream(request, sink, clock=clock, max_bytes=max_bytes, room=room)
    await stream.open(connect_timeout=connect_timeout, head_timeout=head_timeout, receive_buffer=receive_buffer)
    return stream


class OpenStream:
    """
    A stream being read; what happens on it is told to its sink. Made by `open_stream`.

    `head` and `end` are None until there are such; `local_address` is `ip:port` once connected.
    """

    def __init__(
        self,
        request: StreamRequest,
        sink: StreamSink,
        *,
        clock: Clock,
        max_bytes: int,
        room: Callable[[], int] | None = None,
    ) -> None:
        self.head: Head | None = None
        self.end: End | None = None
        self.local_address: str | None = None
        self._request = request
        self._sink = sink
        self._clock = clock
        self._body_budget = max_bytes
        self._room = room
        self._response: ResponseReader | Http2Response = ResponseReader(request)
        self._channel: Channel
        self._socket: socket.socket | None = None
        self._arrivals: ArrivalReader
        self._timer: asyncio.TimerHandle | None = None
        self._head_timeout = 0.0
        self._unsent = bytearray()
        self._write_failed = False
        self._request_sent = False
        self._sink_failure: Exception | None = None
        self._answered = asyncio.Event()
        self._ended = asyncio.Event()

    async def open(self, *, connect_timeout: float, head_timeout: float, receive_buffer: int | None) -> None:
        """Connect, send the request and wait for the head or the end; `open_stream` calls this, once."""
        loop = asyncio.get_running_loop()
        handshake_deadline = loop.time() + connect_timeout
        self._head_timeout = head_timeout
        try:
            outcome = await connect(self._request, within=connect_timeout, receive_buffer=receive_buffer)
            if isinstance(outcome, End):
                self._finish(outcome)
                return
            self._socket = outcome
            self._start()
            if not self._request_sent and self.end is None:
                detail = f"{self._channel.waiting} within {connect_timeout:g} s."
                self._set_timer(handshake_deadline, End(kind=EndKind.CONNECT_TIMEOUT, detail=detail))
            await self._answered.wait()
        finally:
            if not self._answered.is_set():
                self.abort()
        self._raise_sink_failure()

    def pause(self) -> None:
        """Stop reading, as a slow consumer does: the kernel's buffers fill, and not even an end is noticed."""
        if self._socket is not None:
            asyncio.get_running_loop().remove_reader(self._socket)

    def resume(self) -> None:
        """Read on after `pause`."""
        if self._socket is not None:
            asyncio.get_running_loop().add_reader(self._socket, self._on_readable)

    def close(self) -> None:
        """Leave in an orderly way (close_notify where there is TLS, then FIN); does nothing after the end."""
        if self._socket is not None:
            self._channel.close()
            self._flush()
            _discard_unread(self._socket)
            with contextlib.suppress(OSError):  # the peer may have reset the connection already
                self._socket.shutdown(socket.SHUT_WR)
        self._finish(End(kind=EndKind.CLOSED, detail="The suite closed the stream."))

    def abort(self) -> None:
        """Leave by RST, as a crashed client does; does nothing after the end."""
        if self._socket is not None:
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_ZERO)
        self._finish(End(kind=EndKind.CLOSED, detail="The suite reset the connection."))

    async def wait_closed(self) -> None:
        """Wait for the end of the stream; raises what a failing sink raised."""
        await self._ended.wait()
        self._raise_sink_failure()

    def _start(self) -> None:
        assert self._socket is not None
        self.local_address = format_endpoint(*self._socket.getsockname()[:2])
        self._arrivals = ArrivalReader(self._socket, self._clock)
        self._sink.on_connected(self._clock.now(), self.local_address)
        self._channel = channel_of(self._request)
        asyncio.get_running_loop().add_reader(self._socket, self._on_readable)
        self._send_request_when_established()
        self._flush()

    def _send_request_when_established(self) -> None:
        if self._request_sent or not self._channel.established:
            return
        self._request_sent = True
        if self._channel.protocol == "h2":
            from sse_conform.driver.http2_response import Http2Response  # noqa: PLC0415 - few runs need it

            self._response = Http2Response(self._request)
        self._channel.send(self._response.outgoing())
        detail = f"{self._request.endpoint} did not complete a response head within {self._head_timeout:g} s."
        deadline = asyncio.get_running_loop().time() + self._head_timeout
        self._set_timer(deadline, End(kind=EndKind.HEAD_TIMEOUT, detail=detail))

    def _set_timer(self, deadline: float, end: End) -> None:
        self._cancel_timer()
        self._timer = asyncio.get_running_loop().call_at(deadline, self._finish, end)

    def _cancel_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _on_readable(self) -> None:
        try:
            self._read_once()
        except Exception as failure:
            self._sink_failure = failure
            self._release(End(kind=EndKind.CLOSED, detail="The suite failed to record the stream and closed it."))
            raise  # to the loop's exception handler, for whoever waits may not wait yet

    def _read_once(self) -> None:
        try:
            arrival = self._arrivals.read()
        except (BlockingIOError, InterruptedError):
            return
        except OSError as error:
            self._finish(self._lost(error.strerror or str(error)))
            return
        if arrival.data:
            self._receive(arrival)
        elif self._write_failed:
            # The failed write took the error that reading would have shown; what it left looks like FIN.
            self._finish(self._lost("Connection reset by peer"))
        else:
            self._finish(self._at_eof())

    def _receive(self, arrival: Arrival) -> None:
        plain = self._channel.receive(arrival.data)
        self._send_request_when_established()
        self._flush()
        if plain:
            self._deliver(plain, arrival)
        if self._channel.failure is not None:
            self._finish(self._channel.failure)
        elif self._channel.peer_closed:
            self._finish(self._at_eof())

    def _deliver(self, plain: bytes, arrival: Arrival) -> None:
        for event in self._response.feed(plain):
            match event:
                case Head():
                    self._cancel_timer()
                    self.head = event
                    self._answered.set()
                    self._sink.on_head(arrival.t, event)
                case Piece():
                    self._deliver_body(event, arrival)
                case End():
                    self._finish(event, arrival.t)
                case _:
                    assert_never(event)
            if self.end is not None:
                return
        if due := self._response.outgoing():
            self._channel.send(due)
            self._flush()

    def _deliver_body(self, piece: Piece, arrival: Arrival) -> None:
        room = self._body_budget if self._room is None else min(self._body_budget, self._room())
        within_budget = piece if len(piece.data) <= room else Piece(data=piece.data[:room])
        self._body_budget -= len(within_budget.data)
        if within_budget.data:
            self._sink.on_body(arrival.t, within_budget, arrival.stamp)
        if len(within_budget.data) < len(piece.data):
            detail = f"{self._request.endpoint} sent more than the suite is ready to read of one stream."
            self._finish(End(kind=EndKind.OVERFLOW, detail=detail), arrival.t)

    def _flush(self) -> None:
        if self._socket is None:
            return
        self._unsent += self._channel.outgoing()
        try:
            while self._unsent:
                del self._unsent[: self._socket.send(self._unsent)]
        except (BlockingIOError, InterruptedError):
            asyncio.get_running_loop().add_writer(self._socket, self._flush)
            return
        except OSError:
            # What the peer sent before it went is still to be read; the reader then reports the end.
            self._write_failed = True
            self._unsent.clear()
        asyncio.get_running_loop().remove_writer(self._socket)

    def _at_eof(self) -> End:
        return self._response.at_eof() if self._channel.established else self._channel.cut()

    def _lost(self, reason: str) -> End:
        if self._request.proxy is not None and not self._channel.established:
            return self._channel.cut()
        where = "before the response head" if self.head is None else "inside the response body"
        return End(kind=EndKind.RESET, detail=f"{self._request.endpoint} broke the connection {where} ({reason}).")

    def _finish(self, end: End, t: int | None = None) -> None:
        if self.end is not None:
            return
        self._release(end)
        try:
            self._sink.on_end(self._clock.now() if t is None else t, end)
        except Exception as failure:
            self._sink_failure = failure
            raise

    def _release(self, end: End) -> None:
        self.end = self.end or end
        self._cancel_timer()
        if self._socket is not None:
            loop = asyncio.get_running_loop()
            loop.remove_reader(self._socket)
            loop.remove_writer(self._socket)
            self._socket.close()
            self._socket = None
        self._answered.set()
        self._ended.set()

    def _raise_sink_failure(self) -> None:
        if self._sink_failure is not None:
            raise self._sink_failure


def _discard_unread(sock: socket.socket) -> None:
    """Read away what waits, for closing a socket with unread data sends RST instead of FIN (Linux, RFC 2525, 2.17)."""
    discarded = 0
    with contextlib.suppress(OSError):  # BlockingIOError: nothing is left; any other: there is no FIN to send
        while discarded < _MAX_DISCARD_BYTES and (data := sock.recv(64 * 1024)):
            discarded += len(data)
