"""Servers that behave as told, and a sink that keeps what it hears."""

import asyncio
import contextlib
import socket
import ssl
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest

from sse_conform import entries as e
from sse_conform.driver.arrivals import ArrivalReader, request_kernel_stamps
from sse_conform.driver.clock import Clock
from sse_conform.driver.stream_reader import End, Head, OpenStream, Stamp, StreamRequest, open_stream
from sse_conform.scenario import Nature, scenario

from ..listening import hang_up
from ..tiny_target import play_on, quiet

Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
STREAM_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n"
LINGER_ZERO = struct.pack("ii", 1, 0)


class Recording:
    """A sink; `changed` wakes whoever waits for more."""

    def __init__(self):
        self.calls: list[str] = []
        self.connected: tuple[int, str] | None = None
        self.head: Head | None = None
        self.head_t: int | None = None
        self.pieces: list[tuple[int, bytes, Stamp]] = []
        self.chunk_ends: list[bool] = []
        self.end: End | None = None
        self.end_t: int | None = None
        self._waiters: list[tuple[Callable[[], bool], asyncio.Future[None]]] = []

    @property
    def body(self) -> bytes:
        return b"".join(data for _, data, _ in self.pieces)

    def on_connected(self, t, local_address):
        self.connected = (t, local_address)
        self._note("connected")

    def on_head(self, t, head):
        self.head, self.head_t = head, t
        self._note("head")

    def on_body(self, t, piece, stamp):
        self.pieces.append((t, piece.data, stamp))
        self.chunk_ends.append(piece.ends_chunk)
        self._note("body")

    def on_end(self, t, end):
        self.end, self.end_t = end, t
        self._note("end")

    async def until(self, condition: Callable[[], bool]) -> None:
        if not condition():
            future = asyncio.get_running_loop().create_future()
            self._waiters.append((condition, future))
            async with asyncio.timeout(5):
                await future

    def _note(self, call):
        self.calls.append(call)
        for condition, future in self._waiters:
            if not future.done() and condition():
                future.set_result(None)


class Servers:
    """Starts scripted servers on free ports of the loopback interface."""

    def __init__(self):
        self._servers: list[asyncio.Server] = []
        self._writers: list[asyncio.StreamWriter] = []
        self._tasks: set[asyncio.Task[Any]] = set()

    async def start(self, handler: Handler, *, tls: ssl.SSLContext | None = None) -> int:
        async def serve(reader, writer):
            self._writers.append(writer)
            self._tasks.add(asyncio.current_task())
            with contextlib.suppress(ConnectionError):
                await handler(reader, writer)

        server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=tls)
        self._servers.append(server)
        return server.sockets[0].getsockname()[1]

    async def answering(self, *parts: bytes, then: str = "close", tls: ssl.SSLContext | None = None) -> int:
        """A server that reads the request, sends `parts`, and then closes, resets or holds the connection."""

        async def handler(reader, writer):
            await reader.readuntil(b"\r\n\r\n")
            for part in parts:
                writer.write(part)
                await writer.drain()
            if then == "hold":
                await reader.read()
            elif then == "reset":
                reset(writer)
                return
            writer.close()

        return await self.start(handler, tls=tls)

    async def stop(self) -> None:
        for server in self._servers:
            await hang_up(server)
        for writer in self._writers:
            writer.transport.abort()
        for task in self._tasks:
            task.cancel()
        for outcome in await asyncio.gather(*self._tasks, return_exceptions=True):
            if isinstance(outcome, Exception):  # a handler's own mistake; being cancelled is none
                raise outcome


def reset(writer: asyncio.StreamWriter) -> None:
    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, LINGER_ZERO)
    writer.transport.abort()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def servers() -> AsyncIterator[Servers]:
    running = Servers()
    yield running
    await running.stop()


@pytest.fixture
def recording() -> Recording:
    return Recording()


@pytest.fixture
def new_recording() -> type[Recording]:
    return Recording


@pytest.fixture
async def read(clock: Clock) -> AsyncIterator[Callable[..., Awaitable[OpenStream]]]:
    """Opens a stream on a port of 127.0.0.1; keyword arguments go to the request or to `open_stream`."""
    opened: list[OpenStream] = []

    async def run(port: int, sink: Any, *, host: str = "127.0.0.1", **options: Any) -> OpenStream:
        fields = {name: options.pop(name) for name in list(options) if name in StreamRequest.__dataclass_fields__}
        request = StreamRequest(**({"host": host, "port": port, "target": "/stream"} | fields))
        stream = await open_stream(request, sink, clock=clock, **options)
        opened.append(stream)
        return stream

    yield run
    for stream in opened:
        stream.abort()


@pytest.fixture
def listener() -> AsyncIterator[socket.socket]:
    """A plain listening socket, for tests that take the server's side by hand."""
    with socket.create_server(("127.0.0.1", 0)) as sock:
        yield sock


@pytest.fixture
def kernel_stamps(listener, clock) -> None:
    """Returns once the kernel stamps arrivals, which it begins some milliseconds after it is first asked."""
    with socket.socket() as client:
        request_kernel_stamps(client)
        client.connect(listener.getsockname())
        with listener.accept()[0] as server:
            arrivals = ArrivalReader(client, clock)
            for _ in range(100_000):
                server.send(b".")
                if arrivals.read().stamp is Stamp.KERNEL:
                    return
    pytest.fail("the kernel does not stamp arrivals")


@pytest.fixture
async def by_hand(
    listener, read, recording
) -> AsyncIterator[Callable[..., Awaitable[tuple[OpenStream, socket.socket]]]]:
    """An open event stream and the server's end of it as a plain blocking socket."""
    ends: list[socket.socket] = []

    async def run(head: bytes = STREAM_HEAD, **options: Any) -> tuple[OpenStream, socket.socket]:
        opening = asyncio.ensure_future(read(listener.getsockname()[1], recording, **options))
        listener.setblocking(False)
        server, _ = await asyncio.get_running_loop().sock_accept(listener)
        ends.append(server)
        server.setblocking(False)
        await asyncio.get_running_loop().sock_recv(server, 4096)
        server.setblocking(True)
        server.settimeout(5)
        server.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        server.sendall(head)
        return await opening, server

    yield run
    for end in ends:
        end.close()


@pytest.fixture
def on_stage(target):
    """Plays one scene; gives its record, the preflight left out. What goes wrong in it goes wrong in the test."""

    async def perform(
        play, *, users=("alice", "bob"), attempts=9, nature=Nature.PLAIN, listener=quiet, given=(), **profile
    ):
        play.__doc__ = "A scene."
        made = scenario("a.scene", attempts=attempts, users=users, nature=nature)(play)
        profile |= {"users": target.given(*given)} if given else {}
        result = await play_on(target, made, listener=listener, **profile)
        assert result.report.trouble == ""
        assert result.transcript.outcomes["a.scene"].outcome is e.SceneOutcome.COMPLETED
        return result.transcript

    return perform
