"""Streams through a forward proxy: the suite's own fault proxy, and proxies that refuse."""

import asyncio
import contextlib
import ssl

import pytest

from sse_conform.driver.fault_proxy import FaultProxy
from sse_conform.driver.forward_proxy import forward_proxy
from sse_conform.driver.knock import Look, knock
from sse_conform.driver.proxy_events import ProxyRequest
from sse_conform.driver.stream_reader import EndKind, Stamp, StreamRequest

HEAD = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
CHUNKS = (HEAD, b"3\r\nabc\r\n", b"0\r\n\r\n")


class Watched:
    """The fault proxy without a fault, and what it told."""

    def __init__(self, clock):
        self.events = []
        self.running = FaultProxy(clock, on_event=self.events.append)

    def seen(self, kind):
        return [event for event in self.events if isinstance(event, kind)]


@pytest.fixture
async def proxy(clock):
    watched = Watched(clock)
    async with watched.running:
        yield watched


@pytest.fixture
def through(proxy):
    return {"proxy": forward_proxy(proxy.running.url)}


@pytest.fixture
def trusting(certificate):
    return ssl.create_default_context(cafile=certificate)


@pytest.fixture
async def secured(servers, server_tls, trusting):
    """A target with TLS: its port, and whom to trust."""
    return await servers.answering(*CHUNKS, tls=server_tls), trusting


async def gateway(servers, status, *, closes=False):
    """A proxy that answers every CONNECT with this status line."""

    async def handler(reader, writer):
        asked.append(await reader.readuntil(b"\r\n\r\n"))
        if not closes:
            writer.write(b"HTTP/1.1 " + status + b"\r\nContent-Length: 0\r\n\r\n")
            await reader.read()
        writer.close()

    asked = []
    return await servers.start(handler), asked


@pytest.mark.usefixtures("kernel_stamps")
async def test_a_plain_target_is_asked_for_by_its_whole_url(servers, read, recording, proxy, through):
    port = await servers.answering(*CHUNKS)
    stream = await read(port, recording, **through)
    await stream.wait_closed()
    assert (recording.body, stream.end.kind) == (b"abc", EndKind.COMPLETE)
    assert recording.pieces[0][2] is Stamp.KERNEL
    (request,) = proxy.seen(ProxyRequest)
    assert (request.method, request.target) == ("GET", f"http://127.0.0.1:{port}/stream")


async def test_a_target_with_tls_is_reached_through_a_tunnel(secured, read, recording, proxy, through):
    port, trusting = secured
    stream = await read(port, recording, tls=trusting, **through)
    await stream.wait_closed()
    assert (recording.body, stream.end.kind) == (b"abc", EndKind.COMPLETE)
    (request,) = proxy.seen(ProxyRequest)
    assert (request.method, request.target) == ("CONNECT", f"127.0.0.1:{port}")


async def test_a_certificate_beyond_the_tunnel_is_the_targets(secured, read, recording, through):
    port, _ = secured
    stream = await read(port, recording, tls=ssl.create_default_context(), **through)
    assert stream.end.kind is EndKind.TLS_ERROR
    assert f"127.0.0.1:{port}" in stream.end.detail


@pytest.fixture
async def secret_proxy(servers, proxy, certificate, server_tls):
    """The fault proxy behind TLS."""

    async def relay(reader, writer):
        inner = await asyncio.open_connection("127.0.0.1", proxy.running.port)
        await asyncio.gather(pump(reader, inner[1]), pump(inner[0], writer))

    async def pump(source, sink):
        with contextlib.suppress(ConnectionError):
            while data := await source.read(65536):
                sink.write(data)
        sink.close()

    outer = forward_proxy(f"https://127.0.0.1:{await servers.start(relay, tls=server_tls)}")
    outer.tls.load_verify_locations(certificate)
    return outer


async def test_a_proxy_may_itself_speak_tls(servers, secured, read, new_recording, secret_proxy):
    port, trusting = secured
    for target, tls in ((await servers.answering(*CHUNKS), None), (port, trusting)):
        recording = new_recording()
        stream = await read(target, recording, tls=tls, proxy=secret_proxy)
        await stream.wait_closed()
        assert (recording.body, stream.end.kind) == (b"abc", EndKind.COMPLETE)


async def test_a_proxy_is_told_who_we_are(servers, read, recording, trusting):
    port, asked = await gateway(servers, b"200 OK")
    address = forward_proxy(f"http://us:p%40ss@127.0.0.1:{port}")
    await read(443, recording, tls=trusting, proxy=address, connect_timeout=0.2)
    assert b"\r\nproxy-authorization: Basic dXM6cEBzcw==\r\n" in asked[0]
    await read(80, recording, proxy=address)
    assert asked[1].startswith(b"GET http://127.0.0.1/stream HTTP/1.1\r\n")
    assert b"\r\nproxy-authorization: Basic dXM6cEBzcw==\r\n" in asked[1]


async def test_a_tunnel_that_is_refused_is_the_proxys_doing(servers, read, recording, trusting):
    for status, said in (
        (b"502 Bad Gateway", "opens no tunnel to 127.0.0.1:443: 502 Bad Gateway"),
        (b"407 Who are you", "put user and password into its URL"),
    ):
        port, _ = await gateway(servers, status)
        stream = await read(443, recording, tls=trusting, proxy=forward_proxy(f"http://127.0.0.1:{port}"))
        assert stream.end.kind is EndKind.PROXY_ERROR
        assert said in stream.end.detail


async def test_a_proxy_that_closes_or_hangs_or_is_none_is_said_to_be_so(servers, read, recording, trusting):
    async def garble(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"SSH-2.0-OpenSSH_9.6\r\n\r\n")
        await reader.read()

    async def hang(reader, writer):
        await reader.read()

    closing, _ = await gateway(servers, b"", closes=True)
    said = {}
    for name, port in (
        ("closes", closing),
        ("is none", await servers.start(garble)),
        ("hangs", await servers.start(hang)),
    ):
        proxy = forward_proxy(f"http://127.0.0.1:{port}")
        said[name] = (await read(443, recording, tls=trusting, proxy=proxy, connect_timeout=0.2)).end
    assert (said["closes"].kind, said["is none"].kind) == (EndKind.PROXY_ERROR, EndKind.PROXY_ERROR)
    assert said["hangs"].kind is EndKind.CONNECT_TIMEOUT
    assert "it closed the connection" in said["closes"].detail
    assert "is no HTTP proxy" in said["is none"].detail
    assert "did not open a tunnel to 127.0.0.1:443 within 0.2 s" in said["hangs"].detail


async def test_a_proxy_that_is_not_there_is_said_to_be_so(listener, read, recording):
    port = listener.getsockname()[1]
    listener.close()
    stream = await read(80, recording, proxy=forward_proxy(f"http://127.0.0.1:{port}"))
    assert stream.end.kind is EndKind.PROXY_ERROR
    assert f"The proxy 127.0.0.1:{port} cannot be reached (refused)" in stream.end.detail


async def test_a_look_through_a_proxy_tells_who_listens_beyond_it(servers, through, listener):
    async def hold(reader, writer):
        await reader.read()

    listens = await servers.start(hold)
    gone = listener.getsockname()[1]
    listener.close()
    forbids, _ = await gateway(servers, b"403 Forbidden")
    looks = [
        await knock(StreamRequest(host="127.0.0.1", port=port, target="/", proxy=proxy))
        for port, proxy in (
            (listens, through["proxy"]),
            (gone, through["proxy"]),
            (listens, forward_proxy(f"http://127.0.0.1:{forbids}")),
            (listens, forward_proxy(f"http://127.0.0.1:{gone}")),
        )
    ]
    assert looks == [Look.LISTENS, Look.REFUSES, Look.SILENT, Look.SILENT]
