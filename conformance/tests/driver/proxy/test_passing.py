"""What passes through the proxy as long as no fault is on."""

import asyncio
import contextlib
import socket
import threading

import httpx
import pytest
import uvicorn
from fastapi import FastAPI, Request
from fastapi.responses import StreamingResponse

from sse_conform.driver.fault_proxy import FaultProxy
from sse_conform.driver.proxy_events import (
    ProxyAccepted,
    ProxyAnswered,
    ProxyConnected,
    ProxyEnded,
    ProxyRequest,
)
from sse_conform.errors import UsageError

ODD = (
    b"HTTP/1.1 200 Very Fine\r\ncOnTeNt-TyPe: text/event-stream\r\nX-Two:  a \r\nConnection: keep-alive\r\n"
    b"Transfer-Encoding: chunked\r\n\r\n5;ext=1\r\ndata:\r\n2\r\n\n\n\r\n0\r\nX-Trailer: t\r\n\r\n"
)
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


async def exactly(end: socket.socket, count: int) -> bytes:
    data = b""
    async with asyncio.timeout(10):
        while len(data) < count:
            piece = await asyncio.get_running_loop().sock_recv(end, count - len(data))
            assert piece, f"the end came after {data!r}"
            data += piece
    return data


async def head_of(end: socket.socket) -> bytes:
    data = b""
    while not data.endswith(b"\r\n\r\n"):
        data += await exactly(end, 1)
    return data


def get(port: int, path: str = "/", *fields: str, version: str = "1.1") -> bytes:
    lines = [f"GET http://127.0.0.1:{port}{path} HTTP/{version}", f"Host: 127.0.0.1:{port}", *fields, "", ""]
    return "\r\n".join(lines).encode()


async def test_a_response_arrives_byte_for_byte(target, dial, send):
    client = await dial()
    await send(client, get(target.port))
    end = await target.accept()
    await head_of(end)
    await send(end, ODD)
    assert await exactly(client, len(ODD)) == ODD


async def test_a_response_that_is_no_http_arrives_too(target, dial, send):
    client = await dial()
    await send(client, get(target.port))
    end = await target.accept()
    await head_of(end)
    await send(end, b"\x00\xff not http\r\n\r\n")
    end.close()
    assert await exactly(client, 15) == b"\x00\xff not http\r\n\r\n"
    assert await asyncio.get_running_loop().sock_recv(client, 1) == b""


async def test_the_target_gets_origin_form_without_what_was_for_the_proxy(target, dial, send):
    client = await dial()
    fields = ["Proxy-Connection: keep-alive", "Proxy-Authorization: Basic eA==", "Connection: X-Hop, close"]
    await send(client, get(target.port, "/a?b=c", *fields, "X-Hop: 1", "Keep-Alive: 5", "X-Own:  two  words"))
    end = await target.accept()
    lines = (await head_of(end)).split(b"\r\n")
    host = f"Host: 127.0.0.1:{target.port}".encode()
    assert lines == [b"GET /a?b=c HTTP/1.1", host, b"X-Own: two  words", b"Connection: close", b"", b""]


async def test_an_http_1_0_request_stays_one_and_gets_a_host(target, dial, send):
    client = await dial()
    await send(client, f"GET http://127.0.0.1:{target.port} HTTP/1.0\r\n\r\n".encode())
    end = await target.accept()
    assert await head_of(end) == f"GET / HTTP/1.0\r\nHost: 127.0.0.1:{target.port}\r\n\r\n".encode()


async def test_a_chunked_request_body_arrives_byte_for_byte(target, dial, send):
    client = await dial()
    body = b"3;x\r\nabc\r\n0\r\n\r\n"
    await send(client, get(target.port, "/", "Transfer-Encoding: chunked").replace(b"GET", b"POST"))
    end = await target.accept()
    assert (await head_of(end)).startswith(b"POST / HTTP/1.1\r\n")
    for byte in body:
        await send(client, bytes([byte]))
    assert await exactly(end, len(body)) == body


async def test_requests_to_one_target_share_its_connection(target, dial, send, proxy):
    client = await dial()
    await send(client, get(target.port, "/1"))
    end = await target.accept()
    for path in (b"/1", b"/2"):
        assert (await head_of(end)).startswith(b"GET " + path)
        await send(end, OK)
        assert await exactly(client, len(OK)) == OK
        if path == b"/1":
            await send(client, get(target.port, "/2"))
    assert [event.conn for event in proxy.seen(ProxyRequest)] == [1, 1]
    assert len(proxy.seen(ProxyConnected)) == 1


async def test_pipelined_requests_go_out_one_after_the_other_each_to_its_target(target, new_target, dial, send):
    other = new_target()
    client = await dial()
    await send(client, get(target.port, "/1") + get(other.port, "/2"))
    first = await target.accept()
    assert (await head_of(first)).startswith(b"GET /1 ")
    await send(first, OK)
    second = await other.accept()
    assert (await head_of(second)).startswith(b"GET /2 ")
    assert await asyncio.get_running_loop().sock_recv(first, 1) == b"", "the first target is parted from"
    await send(second, ODD)
    assert await exactly(client, len(OK + ODD)) == OK + ODD


async def test_an_upgrade_becomes_a_tunnel(target, dial, send):
    client = await dial()
    await send(client, get(target.port, "/ws", "Connection: Upgrade", "Upgrade: websocket"))
    end = await target.accept()
    assert b"\r\nUpgrade: websocket\r\nConnection: upgrade\r\n" in await head_of(end)
    switching = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n\x81\x02hi"
    await send(end, switching)
    assert await exactly(client, len(switching)) == switching
    await send(client, b"\x81\x00GET / HTTP/1.1\r\n\r\n")
    assert await exactly(end, 20) == b"\x81\x00GET / HTTP/1.1\r\n\r\n"


async def test_a_refused_upgrade_leaves_room_for_the_next_request(target, dial, send):
    client = await dial()
    await send(client, get(target.port, "/ws", "Connection: Upgrade", "Upgrade: websocket"))
    end = await target.accept()
    await head_of(end)
    await send(end, OK)
    await exactly(client, len(OK))
    await send(client, get(target.port, "/next"))
    assert (await head_of(end)).startswith(b"GET /next HTTP/1.1")


@pytest.mark.parametrize("by", ["client", "target"])
async def test_fin_arrives_as_fin_and_the_other_direction_goes_on(by, tunnel, send, proxy):
    client, end = await tunnel()
    closing, other = (client, end) if by == "client" else (end, client)
    closing.shutdown(socket.SHUT_WR)
    assert await asyncio.get_running_loop().sock_recv(other, 1) == b""
    await send(other, b"late")
    assert await exactly(closing, 4) == b"late"
    other.close()
    ended = await proxy.wait_for(ProxyEnded)
    assert not ended.reset


@pytest.mark.parametrize("by", ["client", "target"])
async def test_rst_arrives_as_rst(by, exchange, reset, proxy):
    client, end = await exchange()
    closing, other = (client, end) if by == "client" else (end, client)
    reset(closing)
    with pytest.raises(ConnectionResetError):
        await asyncio.get_running_loop().sock_recv(other, 1)
    ended = await proxy.wait_for(ProxyEnded)
    assert ended.reset


async def test_an_early_answer_reaches_a_client_that_still_sends(target, dial, send, reset):
    client = await dial()
    size = 64 * 1024 * 1024
    await send(client, get(target.port, "/", f"Content-Length: {size}").replace(b"GET", b"POST"))
    end = await target.accept()
    await head_of(end)
    sending = asyncio.create_task(send(client, bytes(size)))
    await exactly(end, 1000)
    await send(end, OK)
    assert await exactly(client, len(OK)) == OK
    reset(end)
    with pytest.raises(OSError, match=r"reset|pipe"):
        await sending


async def test_a_target_that_nobody_reads_is_slowed_down_and_loses_nothing(exchange, send):
    client, end = await exchange()
    block = bytes(range(256)) * 4096
    sending = asyncio.create_task(send(end, block * 32))
    for _ in range(32):
        assert await exactly(client, len(block)) == block
    await sending


async def test_an_unreachable_target_is_answered_with_what_to_do(proxy):
    with socket.create_server(("127.0.0.1", 0)) as unused:
        port = unused.getsockname()[1]
    async with httpx.AsyncClient(proxy=proxy.url) as client:
        answer = await client.get(f"http://127.0.0.1:{port}/")
    assert answer.status_code == 502
    assert "start the target or correct the port" in answer.text
    assert proxy.seen(ProxyAnswered)[0].status == 502


@pytest.mark.parametrize(
    ("request_line", "says"),
    [
        ("GET /path HTTP/1.1", "this is a proxy"),
        ("GET https://x/ HTTP/1.1", "by CONNECT"),
        ("GET ftp://x/ HTTP/1.1", "not an http URL"),
        ("GET http://x:port/ HTTP/1.1", "cannot be read"),
        ("CONNECT x HTTP/1.1", "CONNECT host:port"),
        ("nonsense", "no HTTP/1.x request"),
    ],
)
async def test_a_request_that_no_proxy_can_follow_is_told_so(request_line, says, dial, send):
    client = await dial()
    await send(client, f"{request_line}\r\nHost: x\r\n\r\n".encode())
    answer = b""
    while piece := await asyncio.get_running_loop().sock_recv(client, 4096):
        answer += piece
    assert answer.startswith(b"HTTP/1.1 400 Bad Request\r\n")
    assert says in answer.decode()


async def test_everything_is_told_in_order_with_instants(target, dial, send, proxy):
    client = await dial()
    await send(client, get(target.port, "/s"))
    end = await target.accept()
    await head_of(end)
    address = "{}:{}".format(*client.getsockname())
    client.close()
    assert await asyncio.get_running_loop().sock_recv(end, 1) == b""
    end.close()
    await proxy.wait_for(ProxyEnded)
    accepted, request, connected, _ = events = proxy.events
    assert [type(event) for event in events] == [ProxyAccepted, ProxyRequest, ProxyConnected, ProxyEnded]
    assert [event.t for event in events] == sorted(event.t for event in events)
    assert accepted.client == connected.client == address
    assert request.method == "GET"
    assert request.target == f"http://127.0.0.1:{target.port}/s"
    assert connected.target == f"127.0.0.1:{target.port}"
    assert ("host", connected.target) in request.headers


async def test_last_event_id_is_read_as_utf_8(target, dial, send, proxy):
    client = await dial()
    await send(client, get(target.port).replace(b"\r\n\r\n", "\r\nLast-Event-ID: ä\r\n\r\n".encode()))
    request = await proxy.wait_for(ProxyRequest)
    assert request.last_event_id == "ä"


async def test_a_port_in_use_is_said(proxy, clock):
    with pytest.raises(UsageError, match="cannot listen on"):
        await FaultProxy(clock, on_event=print, port=proxy.port).__aenter__()


async def test_stopping_closes_every_connection(exchange, proxy):
    client, end = await exchange()
    await proxy.stop()
    for socket_ in (client, end):
        assert await asyncio.get_running_loop().sock_recv(socket_, 1) == b""


async def test_a_failing_listener_of_events_is_not_swallowed(clock, target):
    def fail(event):
        raise RuntimeError("full")

    async def run():
        async with FaultProxy(clock, on_event=fail) as running, httpx.AsyncClient(proxy=running.url) as client:
            with pytest.raises(httpx.HTTPError):
                await client.get(f"http://127.0.0.1:{target.port}/")

    with pytest.raises(RuntimeError, match="full"):
        await run()


@pytest.fixture(scope="module")
def service():
    """A real service under uvicorn: an event stream that ends when told, and an echo."""
    app = FastAPI()
    released = threading.Event()

    @app.get("/stream")
    async def stream():
        async def events():
            yield "data: one\n\n"
            await asyncio.to_thread(released.wait, 5)
            yield "data: two\n\n"

        return StreamingResponse(events(), media_type="text/event-stream")

    @app.post("/echo")
    async def echo(request: Request):
        return {"length": len(await request.body()), "host": request.headers["host"]}

    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="error", lifespan="off"))
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=server.run, args=([listener],))
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}", released
        server.should_exit = True
        thread.join()


async def test_an_event_of_a_real_service_arrives_before_the_stream_ends(service, proxy):
    url, released = service
    async with (
        httpx.AsyncClient(proxy=proxy.url) as client,
        client.stream("GET", f"{url}/stream") as answer,
        contextlib.aclosing(answer.aiter_text()) as pieces,
    ):
        assert await anext(pieces) == "data: one\n\n"
        released.set()
        assert [piece async for piece in pieces] == ["data: two\n\n"]


async def test_bodies_reach_a_real_service_over_one_connection(service, proxy):
    url, _ = service
    async with httpx.AsyncClient(proxy=proxy.url) as client:
        for size in (0, 1, 300_000):
            answer = await client.post(f"{url}/echo", content=bytes(size))
            assert answer.json() == {"length": size, "host": url.removeprefix("http://")}
    assert len(proxy.seen(ProxyAccepted)) == 1


async def test_tls_passes_through_a_tunnel_that_nobody_looks_into(servers, server_tls, trusting, proxy):
    port = await servers.answering(OK, tls=server_tls)
    async with httpx.AsyncClient(proxy=proxy.url, verify=trusting) as client:
        answer = await client.get(f"https://127.0.0.1:{port}/secret", headers={"Last-Event-ID": "7"})
    assert answer.text == "ok"
    (request,) = proxy.seen(ProxyRequest)
    assert (request.method, request.target, request.headers) == ("CONNECT", f"127.0.0.1:{port}", ())
