"""The service over TLS, and over HTTP/2 with clients that choose it."""

import asyncio
import contextlib

import httpx
import pytest
from h2.connection import H2Connection
from h2.events import StreamReset

from sse_conform_server.faults.catalogue import find as find_fault
from sse_conform_server.oddities.catalogue import find
from sse_conform_server.server import background

from .support import PATIENCE, STREAM, Client, make_settings

LONG = "x" * 100_000


@pytest.fixture
def url():
    with background(make_settings(), [find("http2")]) as running:
        yield running.url


@contextlib.asynccontextmanager
async def http2_client_of(url):
    async with httpx.AsyncClient(base_url=url, http2=True, verify=False) as http, contextlib.AsyncExitStack() as stack:
        yield Client(http, stack)


@pytest.fixture
async def client(url):
    async with http2_client_of(url) as client:
        yield client


async def test_a_client_that_chooses_http_2_gets_snapshot_and_events(client):
    user = await client.account()
    tab = await user.open()
    assert tab.response.http_version == "HTTP/2"
    assert await tab.snapshot() == {"unread": 0, "items": []}
    await user.report("over HTTP/2")
    assert (await tab.notification())["message"].endswith("over HTTP/2")


async def test_more_than_the_windows_of_the_client_hold_arrives_in_order(client):
    user = await client.account()
    tab = await user.open()
    await tab.snapshot()
    for number in range(3):
        await user.report(f"{number} {LONG}")
    told = [(await tab.notification())["message"] for _ in range(3)]
    assert [f"{number} {LONG}" in message for number, message in enumerate(told)] == [True] * 3


class RawClient:
    """A connection of HTTP/2 whose frames a test writes itself."""

    def __init__(self, http, reader, writer):
        self.http, self.reader, self.writer = http, reader, writer

    @classmethod
    async def connect(cls, url):
        host, _, port = url.removeprefix("https://").partition(":")
        context = httpx.create_ssl_context(verify=False)
        context.set_alpn_protocols(["h2"])
        reader, writer = await asyncio.open_connection(host, int(port), ssl=context)
        http = H2Connection()
        http.initiate_connection()
        return cls(http, reader, writer)

    async def leave(self):
        """As a client that is gone: nobody says goodbye, in TLS or otherwise."""
        self.writer.transport.abort()
        with contextlib.suppress(ConnectionError):
            await self.writer.wait_closed()

    async def ask(self, number, path, bearer):
        fields = [(":method", "GET"), (":scheme", "https"), (":authority", "x"), (":path", path)]
        self.http.send_headers(
            number, [*fields, *((name.lower(), value) for name, value in bearer.items())], end_stream=True
        )
        await self.send()

    async def reset_of(self, number):
        """Read until the server resets the stream, and acknowledge nothing."""
        async with asyncio.timeout(PATIENCE):
            while data := await self.reader.read(65536):
                if any(
                    isinstance(each, StreamReset) and each.stream_id == number for each in self.http.receive_data(data)
                ):
                    return
        raise AssertionError("the connection ended instead")

    async def send(self):
        self.writer.write(self.http.data_to_send())
        await self.writer.drain()


async def test_a_client_that_leaves_a_stream_is_noticed_and_its_connection_serves_on(url, client):
    user = await client.account()
    raw = await RawClient.connect(url)
    for number in (1, 3):
        await raw.ask(number, STREAM, user.bearer)
        await client.metric_reaches("sse_open_connections", 1)
        raw.http.reset_stream(number)
        await raw.send()
        await client.metric_reaches("sse_open_connections", 0)
    await raw.leave()


async def test_a_client_that_takes_nothing_loses_its_stream():
    with background(make_settings(queue_bytes=len(LONG)), [find("http2")]) as running:
        async with http2_client_of(running.url) as client:
            user = await client.account()
            raw = await RawClient.connect(running.url)
            await raw.ask(1, STREAM, user.bearer)
            await client.metric_reaches("sse_open_connections", 1)
            for _ in range(4):
                await user.report(LONG)
            await raw.reset_of(1)
            await client.metric_reaches("sse_open_connections", 0)
            await raw.leave()


async def test_a_client_that_leaves_its_connection_is_noticed(url, client):
    user = await client.account()
    raw = await RawClient.connect(url)
    for number in (1, 3):
        await raw.ask(number, STREAM, user.bearer)
    await client.metric_reaches("sse_open_connections", 2)
    await raw.leave()
    await client.metric_reaches("sse_open_connections", 0)


async def test_a_client_that_does_not_choose_http_2_is_served_as_ever(url):
    async with httpx.AsyncClient(base_url=url, verify=False) as http, contextlib.AsyncExitStack() as stack:
        user = await Client(http, stack).account()
        answer = await user.get("/api/notifications")
    assert (answer.http_version, answer.status_code) == ("HTTP/1.1", 200)


async def test_what_is_no_http_2_ends_the_connection(url):
    raw = await RawClient.connect(url)
    raw.writer.write(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
    async with asyncio.timeout(10):
        while await raw.reader.read(65536):
            pass
    await raw.leave()


async def test_the_fault_leaves_a_connection_header_where_http_2_has_none():
    with background(make_settings(), [find_fault("http2-connection-header")]) as running:
        async with http2_client_of(running.url) as client:
            tab = await (await client.account()).open()
            assert (tab.response.http_version, tab.response.headers["connection"]) == ("HTTP/2", "keep-alive")
