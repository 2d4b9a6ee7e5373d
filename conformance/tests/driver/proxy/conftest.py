"""The proxy, targets taken by hand, and clients that speak to the proxy by plain sockets."""

import asyncio
import datetime as dt
import ipaddress
import socket
import ssl
import struct
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, ExitStack
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from sse_conform.driver.clock import Clock
from sse_conform.driver.fault_proxy import FaultProxy

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n"


class Target:
    """A listening socket whose connections a test takes one by one."""

    def __init__(self, keep: ExitStack):
        self._keep = keep
        self._listener = keep.enter_context(socket.create_server(("127.0.0.1", 0)))
        self._listener.settimeout(0)
        self.port = self._listener.getsockname()[1]

    async def accept(self) -> socket.socket:
        async with asyncio.timeout(5):
            end, _ = await asyncio.get_running_loop().sock_accept(self._listener)
        end.settimeout(0)
        return self._keep.enter_context(end)

    @property
    def untouched(self) -> bool:
        """Whether nobody waits to be accepted."""
        try:
            self._listener.accept()[0].close()
        except BlockingIOError:
            return True
        return False


class Observed:
    """A running proxy with everything that it told."""

    def __init__(self, clock: Clock):
        self.events: list[Any] = []
        self.clock = clock
        self._running = FaultProxy(clock, on_event=self._keep)
        self._stack = AsyncExitStack()
        self._told = asyncio.Event()

    def __getattr__(self, name):
        return getattr(self._running, name)

    async def start(self) -> None:
        await self._stack.enter_async_context(self._running)

    async def stop(self) -> None:
        await self._stack.aclose()

    def seen(self, kind):
        return [event for event in self.events if isinstance(event, kind)]

    async def wait_for(self, kind, count=1):
        async with asyncio.timeout(5):
            while len(self.seen(kind)) < count:
                self._told.clear()
                await self._told.wait()
        return self.seen(kind)[count - 1]

    def _keep(self, event):
        self.events.append(event)
        self._told.set()


@pytest.fixture
async def proxy(clock) -> AsyncIterator[Observed]:
    observed = Observed(clock)
    await observed.start()
    yield observed
    await observed.stop()


@pytest.fixture
def keep() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


@pytest.fixture
def new_target(keep) -> Callable[[], Target]:
    return lambda: Target(keep)


@pytest.fixture
def target(new_target) -> Target:
    return new_target()


@pytest.fixture
def dial(proxy, keep) -> Callable[[], Awaitable[socket.socket]]:
    """A new connection to the proxy."""

    async def run() -> socket.socket:
        client = keep.enter_context(socket.socket())
        client.settimeout(0)
        await asyncio.get_running_loop().sock_connect(client, ("127.0.0.1", proxy.port))
        return client

    return run


@pytest.fixture
def send() -> Callable[[socket.socket, bytes], Awaitable[None]]:
    async def run(end: socket.socket, data: bytes) -> None:
        async with asyncio.timeout(10):
            await asyncio.get_running_loop().sock_sendall(end, data)

    return run


@pytest.fixture
def receive() -> Callable[[socket.socket, int], Awaitable[bytes]]:
    """So many bytes; fewer at FIN."""

    async def run(end: socket.socket, count: int) -> bytes:
        data = b""
        async with asyncio.timeout(10):
            while len(data) < count and (piece := await asyncio.get_running_loop().sock_recv(end, count - len(data))):
                data += piece
        return data

    return run


@pytest.fixture
def exchange(dial, target, send, receive) -> Callable[..., Awaitable[tuple[socket.socket, socket.socket]]]:
    """An open event stream through the proxy: the client's socket, and the target's, both ready for what follows."""

    async def run(path: str = "/stream", to: Target = target) -> tuple[socket.socket, socket.socket]:
        client = await dial()
        await send(client, f"GET http://127.0.0.1:{to.port}{path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        end = await to.accept()
        await receive(end, len(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n"))
        await send(end, HEAD)
        assert await receive(client, len(HEAD)) == HEAD
        return client, end

    return run


@pytest.fixture
def tunnel(dial, target, send, receive) -> Callable[[], Awaitable[tuple[socket.socket, socket.socket]]]:
    """Both ends of a CONNECT tunnel."""

    async def run() -> tuple[socket.socket, socket.socket]:
        client = await dial()
        await send(client, f"CONNECT 127.0.0.1:{target.port} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        established = b"HTTP/1.1 200 Connection established\r\n\r\n"
        assert await receive(client, len(established)) == established
        return client, await target.accept()

    return run


@pytest.fixture
def reset() -> Callable[[socket.socket], None]:
    def run(end: socket.socket) -> None:
        end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        end.close()

    return run


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    """A self-signed certificate for 127.0.0.1 and its key, in one PEM file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test")])
    now = dt.datetime.now(dt.UTC)
    signed = (
        x509.CertificateBuilder(subject_name=name, issuer_name=name, public_key=key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "target.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.write_bytes(private + signed.public_bytes(serialization.Encoding.PEM))
    return path


@pytest.fixture
def server_tls(certificate) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context


@pytest.fixture
def trusting(certificate) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=certificate)
