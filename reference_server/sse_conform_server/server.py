"""Running the application on uvicorn: abortable connections, a clean end at SIGTERM, a background mode for tests."""

import asyncio
import contextlib
import signal
import socket
import tempfile
import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import uvicorn
from msgspec.structs import replace
from starlette.types import Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

from sse_conform_server.app import create_app
from sse_conform_server.parts import Parts
from sse_conform_server.settings import Settings
from sse_conform_server.stream import ABORT
from sse_conform_server.variant import Variant

MEMORY = "memory"
BACKLOG = 2048


class _AbortableProtocol(H11Protocol):
    """Hands the application a way to reset its connection: closing would wait for a peer that reads nothing."""

    wire = staticmethod(lambda transport: transport)

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        """Bind the extension to this connection, or hand it over where it speaks HTTP/2."""
        secured = transport.get_extra_info("ssl_object")
        if secured is not None and secured.selected_alpn_protocol() == "h2":
            from sse_conform_server.http2 import Http2Protocol  # noqa: PLC0415 - only where TLS is on

            protocol = Http2Protocol(self.app, self.tasks)
            transport.set_protocol(protocol)
            protocol.connection_made(transport)
            return
        super().connection_made(self.wire(transport))
        app = self.app

        async def abortable(scope: Scope, receive: Receive, send: Send) -> None:
            scope.setdefault("extensions", {})[ABORT] = transport.abort
            await app(scope, receive, send)

        self.app = abortable


class Server(uvicorn.Server):
    """uvicorn, except that streams are ended before it waits for connections, and SIGTERM exits with status 0."""

    def __init__(self, config: uvicorn.Config, *, parts: Parts, ready: Callable[[str], None]) -> None:
        super().__init__(config)
        self._parts = parts
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Announce the address once it accepts."""
        await super().startup(sockets)
        if sockets and self.started:
            host, port = sockets[0].getsockname()[:2]
            scheme = "https" if self.config.ssl else "http"
            self._ready(f"{scheme}://[{host}]:{port}" if ":" in host else f"{scheme}://{host}:{port}")

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Streams would keep uvicorn waiting for ever: end them first, each between two events."""
        await self._parts.drain(self._parts)
        await super().shutdown(sockets)

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """As uvicorn does, but the signal is not raised again afterwards."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        loop = asyncio.get_running_loop()
        caught = (signal.SIGINT, signal.SIGTERM)
        for number in caught:
            loop.add_signal_handler(number, self.handle_exit, number, None)
        try:
            yield
        finally:
            for number in caught:
                loop.remove_signal_handler(number)


def run(
    settings: Settings, *, variants: Iterable[Variant] = (), ready: Callable[[str], None], demo: bool = False
) -> None:
    """
    Serve until SIGINT or SIGTERM; `ready` gets the base URL. `demo` fills the database with made-up data.

    Raises `OSError` when the address cannot be bound.
    """
    with _database(settings) as actual, _listen(actual) as listener:
        server, _ = _make_server(actual, variants, ready, demo=demo)
        server.run(sockets=[listener])


@dataclass(frozen=True, kw_only=True, slots=True)
class Running:
    """A service in this process. `stop` asks it to shut down as SIGTERM would."""

    url: str
    parts: Parts
    stop: Callable[[], None]


@contextlib.contextmanager
def background(settings: Settings, variants: Iterable[Variant] = ()) -> Iterator[Running]:
    """The service in a thread of its own, for the length of the block."""
    started = threading.Event()
    urls: list[str] = []

    def ready(url: str) -> None:
        urls.append(url)
        started.set()

    with _database(settings) as actual, _listen(actual) as listener:
        server, parts = _make_server(actual, variants, ready)

        def serve() -> None:
            try:
                server.run(sockets=[listener])
            finally:
                started.set()

        def stop() -> None:
            server.should_exit = True

        thread = threading.Thread(target=serve, name="sse-conform-server")
        thread.start()
        try:
            started.wait()
            if not urls:
                raise RuntimeError("the reference service did not start: its log says why")
            yield Running(url=urls[0], parts=parts, stop=stop)
        finally:
            stop()
            thread.join()


def _make_server(
    settings: Settings, variants: Iterable[Variant], ready: Callable[[str], None], *, demo: bool = False
) -> tuple[Server, Parts]:
    app, parts = create_app(settings, variants, seed=_fill if demo else None)
    config = uvicorn.Config(
        app,
        http=type("_Protocol", (_AbortableProtocol,), {"wire": staticmethod(parts.wire)}),
        ws="none",
        lifespan="on",
        log_level="error",
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=max(1, round(settings.shutdown_grace)),
    )
    config.load()
    config.ssl = parts.tls
    return Server(config, parts=parts, ready=ready), parts


async def _fill(parts: Parts) -> None:
    from sse_conform_server.demo import fill  # noqa: PLC0415 - Faker takes a while to import

    await fill(parts)


def _listen(settings: Settings) -> socket.socket:
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    # asyncio sets TCP_NODELAY only on sockets that name their protocol; without it events wait 40 ms for an ACK.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((settings.host, settings.port))
        listener.listen(BACKLOG)
    except OSError:
        listener.close()
        raise
    return listener


@contextlib.contextmanager
def _database(settings: Settings) -> Iterator[Settings]:
    if settings.database != MEMORY:
        yield settings
        return
    with tempfile.TemporaryDirectory(prefix="sse-conform-server-") as folder:
        yield replace(settings, database=str(Path(folder) / "service.sqlite3"))
