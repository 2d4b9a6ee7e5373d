"""Tunnels to one TLS target are opened: what is inside is seen and bent as if there were no TLS."""

import asyncio
import contextlib
import ssl
from contextlib import AsyncExitStack

import httpx
import pytest

from sse_conform.driver.fault_proxy import FaultProxy
from sse_conform.driver.proxy_events import (
    ProxyAnswered,
    ProxyConnected,
    ProxyEnded,
    ProxyForwarded,
    ProxyReceived,
    ProxyRequest,
    ProxyTargetEnded,
)
from sse_conform.driver.proxy_faults import Close, Gateway, Refuse, Reset, Swap
from sse_conform.driver.proxy_inspection import Inspection, shown

EVENT = b"data: one\n\n"
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nContent-Length: 11\r\n\r\n"


class Inspecting:
    """A proxy that opens the tunnels to a TLS target, with everything that it told."""

    def __init__(self, clock, port, context):
        self.events = []
        inspection = Inspection(authority=f"127.0.0.1:{port}", shown=shown(), context=context)
        self.proxy = FaultProxy(clock, on_event=self.events.append, on_wire=self.events.append, inspection=inspection)

    def seen(self, kind):
        return [event for event in self.events if isinstance(event, kind)]

    def client(self, **how):
        return httpx.AsyncClient(proxy=self.proxy.url, verify=False, **how)


class Service:
    """Answers every request with a stream of one event, which it holds back on demand."""

    def __init__(self):
        self.heads = []
        self.released = asyncio.Event()
        self.released.set()

    async def __call__(self, reader, writer):
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            while True:
                self.heads.append(await reader.readuntil(b"\r\n\r\n"))
                writer.write(HEAD)
                await writer.drain()
                await self.released.wait()
                writer.write(EVENT)
        writer.close()


@pytest.fixture
def service():
    return Service()


@pytest.fixture
async def port(service, server_tls):
    async with await asyncio.start_server(service, "127.0.0.1", 0, ssl=server_tls) as server:
        yield server.sockets[0].getsockname()[1]


@pytest.fixture
async def inspecting(clock, port, trusting):
    observed = Inspecting(clock, port, trusting)
    async with observed.proxy:
        yield observed


async def test_what_passes_in_the_tunnel_is_seen(inspecting, port, service):
    async with inspecting.client() as client:
        for number in range(2):
            answer = await client.get(f"https://127.0.0.1:{port}/stream?n={number}", headers={"Last-Event-ID": "7"})
            assert answer.content == EVENT
    url = f"https://127.0.0.1:{port}/stream?n="
    connect, *inside = inspecting.seen(ProxyRequest)
    assert (connect.method, connect.target) == ("CONNECT", f"127.0.0.1:{port}")
    assert [(request.method, request.target, request.last_event_id) for request in inside] == [
        ("GET", f"{url}0", "7"), ("GET", f"{url}1", "7"),
    ]  # fmt: skip
    assert [event.request for event in inspecting.seen(ProxyForwarded)] == inside
    assert b"".join(event.data for event in inspecting.seen(ProxyReceived)) == (HEAD + EVENT) * 2
    assert len(inspecting.seen(ProxyConnected)) == 1
    assert [head.splitlines()[0] for head in service.heads] == [
        b"GET /stream?n=0 HTTP/1.1", b"GET /stream?n=1 HTTP/1.1",
    ]  # fmt: skip


async def test_other_tunnels_stay_unseen(inspecting, service, server_tls, trusting):
    async with await asyncio.start_server(service, "127.0.0.1", 0, ssl=server_tls) as other:
        port = other.sockets[0].getsockname()[1]
        async with httpx.AsyncClient(proxy=inspecting.proxy.url, verify=trusting) as client:
            assert (await client.get(f"https://127.0.0.1:{port}/")).content == EVENT
    assert [request.method for request in inspecting.seen(ProxyRequest)] == ["CONNECT"]


async def test_a_gateway_answers_inside_the_tunnel_where_its_pattern_fits(inspecting, port):
    inspecting.proxy.apply(Gateway(status=503), match=f"127.0.0.1:{port}/stream")
    async with inspecting.client() as client:
        assert (await client.get(f"https://127.0.0.1:{port}/stream")).status_code == 503
        assert (await client.get(f"https://127.0.0.1:{port}/items")).status_code == 200
    assert [event.status for event in inspecting.seen(ProxyAnswered)] == [503]


async def test_what_is_sent_in_the_tunnel_can_be_changed(inspecting, port, service):
    inspecting.proxy.apply(Swap(old=b"genuine", new=b"expired"))
    async with inspecting.client() as client:
        await client.get(f"https://127.0.0.1:{port}/", headers={"Authorization": "Bearer genuine"})
    assert b"Bearer expired" in service.heads[0]


@pytest.mark.parametrize("fault", [Reset(), Close()])
async def test_a_cut_ends_the_tunnel_at_both_ends(fault, inspecting, port, service):
    service.released.clear()
    async with inspecting.client() as client, client.stream("GET", f"https://127.0.0.1:{port}/") as answer:
        inspecting.proxy.apply(fault)
        with pytest.raises(httpx.TransportError):
            await answer.aread()
    service.released.set()
    assert [event.reset for event in inspecting.seen(ProxyEnded)] == [isinstance(fault, Reset)]


async def test_who_is_refused_gets_no_tunnel(inspecting, port):
    inspecting.proxy.apply(Refuse())
    async with inspecting.client() as client:
        with pytest.raises(httpx.TransportError):
            await client.get(f"https://127.0.0.1:{port}/")
    assert inspecting.seen(ProxyConnected) == []


async def test_an_end_of_the_target_is_passed_on_in_good_order(clock, server_tls, trusting):
    async def brief(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + EVENT)
        writer.close()

    async with AsyncExitStack() as stack:
        server = await stack.enter_async_context(await asyncio.start_server(brief, "127.0.0.1", 0, ssl=server_tls))
        port = server.sockets[0].getsockname()[1]
        observed = Inspecting(clock, port, trusting)
        await stack.enter_async_context(observed.proxy)
        client = await stack.enter_async_context(observed.client())
        assert (await client.get(f"https://127.0.0.1:{port}/")).content == EVENT
    assert [event.reset for event in observed.seen(ProxyTargetEnded)] == [False]


async def test_a_target_that_is_not_trusted_is_not_spoken_to_and_the_client_told_why(clock, port, service):
    observed = Inspecting(clock, port, ssl.create_default_context())
    async with observed.proxy, observed.client() as client:
        answer = await client.get(f"https://127.0.0.1:{port}/")
    assert answer.status_code == 502
    assert f"TLS with 127.0.0.1:{port} failed: " in answer.text
    assert "certificate verify failed" in answer.text
    assert service.heads == []


async def test_a_client_that_speaks_no_tls_in_the_tunnel_is_left(inspecting, port):
    reader, writer = await asyncio.open_connection("127.0.0.1", inspecting.proxy.port)
    writer.write(f"CONNECT 127.0.0.1:{port} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
    assert await reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 200 Connection established\r\n\r\n"
    writer.write(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
    with contextlib.suppress(ConnectionError):
        assert b"HTTP/1.1" not in await reader.read()
    writer.close()
    assert [request.method for request in inspecting.seen(ProxyRequest)] == ["CONNECT"]
