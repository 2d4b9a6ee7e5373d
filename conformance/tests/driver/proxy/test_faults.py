"""What each fault does to the sockets at both ends."""

import asyncio
import socket
import time

import httpx
import pytest

from sse_conform.driver.proxy_events import Cut, ProxyAccepted, ProxyAnswered, ProxyCut, ProxyEnded, ProxySwitched
from sse_conform.driver.proxy_faults import (
    Blackhole,
    Close,
    Delay,
    Gateway,
    Hold,
    Reach,
    Refuse,
    Reset,
    Slice,
    Swap,
    Throttle,
)

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
#: More than the buffers of two sockets and the proxy hold: who can send it all was read to the end.
FLOOD = bytes(32 * 1024 * 1024)


async def next_bytes(end: socket.socket) -> bytes:
    async with asyncio.timeout(5):
        return await asyncio.get_running_loop().sock_recv(end, 4096)


async def assert_passes(ends, send):
    client, end = ends
    await send(end, b"news")
    assert await next_bytes(client) == b"news"


def assert_silent(end: socket.socket):
    with pytest.raises(BlockingIOError):
        end.recv(1)


async def test_reset_is_rst_at_both_ends_and_new_connections_work(exchange, proxy, send):
    client, end = await exchange()
    await send(end, b"data: 1\n\n")
    assert await next_bytes(client) == b"data: 1\n\n"
    proxy.apply(Reset())
    for side in (client, end):
        with pytest.raises(ConnectionResetError):
            await next_bytes(side)
    cut = await proxy.wait_for(ProxyCut)
    assert (cut.conn, cut.how) == (1, Cut.RESET)
    assert cut.to_client == len(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n" + b"data: 1\n\n")
    assert cut.to_target == len(b"GET /stream HTTP/1.1\r\nHost: x\r\n\r\n")
    assert (await proxy.wait_for(ProxyEnded)).reset
    await assert_passes(await exchange(), send)


async def test_close_is_fin_at_both_ends_and_new_connections_work(exchange, proxy, send):
    client, end = await exchange()
    proxy.apply(Close())
    assert await next_bytes(client) == b""
    assert await next_bytes(end) == b""
    assert (await proxy.wait_for(ProxyCut)).how is Cut.CLOSE
    assert not (await proxy.wait_for(ProxyEnded)).reset
    await assert_passes(await exchange(), send)


async def test_close_is_fin_although_bytes_lie_unread_in_the_proxy(exchange, proxy, send):
    client, end = await exchange()
    proxy.apply(Hold())
    flooding = asyncio.create_task(send(end, FLOOD))
    proxy.apply(Close())
    assert await next_bytes(client) == b""
    with pytest.raises(OSError, match=r"reset|pipe"):
        await flooding


async def test_refused_is_who_comes_and_not_who_is_there(exchange, dial, proxy, send):
    present = await exchange()
    proxy.apply(Refuse())
    with pytest.raises(ConnectionResetError):
        await next_bytes(await dial())
    assert (await proxy.wait_for(ProxyCut)).how is Cut.REFUSE
    await assert_passes(present, send)
    proxy.restore()
    await assert_passes(await exchange(), send)


async def test_without_a_listener_connect_itself_is_refused(exchange, dial, proxy, send):
    present = await exchange()
    port = proxy.port
    proxy.apply(Refuse(listener=True))
    with pytest.raises(ConnectionRefusedError):
        await dial()
    await assert_passes(present, send)
    proxy.restore()
    assert proxy.port == port
    await assert_passes(await exchange(), send)
    assert [event.conn for event in proxy.seen(ProxyAccepted)] == [1, 2], "the refused one never was a connection"


def test_a_refusal_without_a_listener_cannot_tell_targets_apart(proxy):
    with pytest.raises(ValueError, match="leave out match"):
        proxy.apply(Refuse(listener=True), match="*")


async def test_a_blackhole_swallows_both_ways_and_closes_nothing(exchange, proxy, send):
    client, end = await exchange()
    proxy.apply(Blackhole())
    assert (await proxy.wait_for(ProxyCut)).how is Cut.BLACKHOLE
    await send(end, FLOOD)
    await send(client, FLOOD)
    assert_silent(client)
    assert_silent(end)
    proxy.restore()
    await send(end, FLOOD)
    assert_silent(client)
    await assert_passes(await exchange(), send)


async def test_in_a_blackhole_nobody_learns_that_the_other_is_gone(exchange, proxy, send, reset):
    client, end = await exchange()
    proxy.apply(Blackhole())
    await proxy.wait_for(ProxyCut)
    reset(client)
    await send(end, FLOOD)
    assert_silent(end)
    end.close()
    await proxy.wait_for(ProxyEnded)


async def test_into_a_blackhole_one_connects_and_hears_nothing(target, dial, proxy, send):
    proxy.apply(Blackhole())
    client = await dial()
    await send(client, f"GET http://127.0.0.1:{target.port}/ HTTP/1.1\r\n\r\n".encode())
    await send(client, FLOOD)
    assert_silent(client)
    assert target.untouched


async def test_who_is_in_a_blackhole_can_still_be_reset(exchange, proxy):
    client, end = await exchange()
    proxy.apply(Blackhole())
    await proxy.wait_for(ProxyCut)
    proxy.apply(Reset())
    for side in (client, end):
        with pytest.raises(ConnectionResetError):
            await next_bytes(side)
    assert [cut.how for cut in proxy.seen(ProxyCut)] == [Cut.BLACKHOLE, Cut.RESET]


@pytest.mark.parametrize("toward", ["client", "target"])
async def test_a_delay_makes_bytes_late_and_keeps_their_order(toward, tunnel, proxy, send, receive):
    client, end = await tunnel()
    source, sink = (end, client) if toward == "client" else (client, end)
    proxy.apply(Delay(to_client=0.2) if toward == "client" else Delay(to_target=0.2))
    begun = time.monotonic()
    for piece in (b"a", b"b", b"c"):
        await send(source, piece)
    source.shutdown(socket.SHUT_WR)
    assert await receive(sink, 4) == b"abc", "the end is as late as the bytes, and behind them"
    assert time.monotonic() - begun >= 0.2


async def test_a_delayed_piece_leaves_when_the_fault_does(tunnel, proxy, send):
    client, end = await tunnel()
    proxy.apply(Delay(to_client=3600))
    await send(end, b"news")
    proxy.restore()
    assert await next_bytes(client) == b"news"


async def test_a_throttled_stream_takes_its_time(exchange, proxy, send, receive):
    client, end = await exchange()
    proxy.apply(Throttle(rate=10_000))
    begun = time.monotonic()
    await send(end, bytes(3000))
    assert await receive(client, 3000) == bytes(3000)
    assert time.monotonic() - begun >= 0.25, "3000 bytes less one piece of 500, at 10000 bytes a second"


async def test_a_sliced_stream_takes_a_pause_after_every_piece(exchange, proxy, send, receive):
    client, end = await exchange()
    proxy.apply(Slice(size=2, pause=0.02))
    begun = time.monotonic()
    await send(end, b"data: 1234\n\n")
    assert await receive(client, 12) == b"data: 1234\n\n"
    assert time.monotonic() - begun >= 0.1, "six pieces, five pauses"


async def test_held_bytes_wait_and_come_at_once(exchange, proxy, send, receive):
    client, end = await exchange()
    proxy.apply(Hold(), seconds=0.3)
    begun = time.monotonic()
    for _ in range(20):
        await send(end, b"data: 1\n\n")
    assert await receive(client, 180) == b"data: 1\n\n" * 20
    assert time.monotonic() - begun >= 0.3
    assert [event.on for event in proxy.seen(ProxySwitched)] == [True, False]


async def test_while_the_target_is_held_the_client_is_heard(tunnel, proxy, send):
    client, end = await tunnel()
    hold = proxy.apply(Hold())
    await send(end, b"held")
    await send(client, b"heard")
    assert await next_bytes(end) == b"heard"
    assert_silent(client)
    proxy.lift(hold)
    assert await next_bytes(client) == b"held"


async def test_more_than_a_hold_can_keep_is_not_read(exchange, proxy, send, receive):
    client, end = await exchange()
    hold = proxy.apply(Hold())
    flooding = asyncio.create_task(send(end, FLOOD))
    begun = await asyncio.wait({flooding}, timeout=0.3)
    assert flooding not in begun[0], "all of it was taken in"
    proxy.lift(hold)
    assert await receive(client, len(FLOOD)) == FLOOD
    await flooding


async def test_a_gateway_answers_and_does_not_ask_the_target(target, proxy):
    proxy.apply(Gateway(status=503))
    async with httpx.AsyncClient(proxy=proxy.url) as client:
        answer = await client.post(f"http://127.0.0.1:{target.port}/", content=bytes(100_000))
        assert (answer.status_code, answer.reason_phrase) == (503, "Service Unavailable")
        assert target.untouched
        assert proxy.seen(ProxyAnswered)[0].status == 503
        proxy.restore()
        asking = asyncio.create_task(client.get(f"http://127.0.0.1:{target.port}/"))
        await asyncio.get_running_loop().sock_sendall(await target.accept(), OK)
        assert (await asking).text == "ok"


async def test_a_gateway_meets_the_next_request_on_an_open_connection_too(target, dial, proxy, send, receive):
    client = await dial()
    request = f"GET http://127.0.0.1:{target.port}/ HTTP/1.1\r\nHost: x\r\n\r\n".encode()
    await send(client, request)
    end = await target.accept()
    await send(end, OK)
    assert await receive(client, len(OK)) == OK
    proxy.apply(Gateway())
    await send(client, request)
    assert (await next_bytes(client)).startswith(b"HTTP/1.1 502 Bad Gateway\r\n")
    assert await receive(end, 1000) == b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", "one request, and then FIN"


async def test_a_tunnel_meets_the_gateway_and_the_reset(servers, server_tls, trusting, proxy):
    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: 1\n\n"
    port = await servers.answering(head, then="hold", tls=server_tls)
    url = f"https://127.0.0.1:{port}/"
    async with httpx.AsyncClient(proxy=proxy.url, verify=trusting) as client:
        gateway = proxy.apply(Gateway())
        with pytest.raises(httpx.ProxyError, match="502"):
            await client.get(url)
        proxy.lift(gateway)
        async with client.stream("GET", url) as answer:
            pieces = answer.aiter_text()
            assert await anext(pieces) == "data: 1\n\n"
            proxy.apply(Reset())
            with pytest.raises(httpx.ReadError):
                await anext(pieces)


async def test_a_swap_changes_the_heads_of_requests_and_nothing_else(target, dial, proxy, send, receive):
    client = await dial()
    swap = proxy.apply(Swap(old=b"genuine", new=b"old"))
    head = f"POST http://127.0.0.1:{target.port}/?token=genuine HTTP/1.1\r\nHost: x\r\nCookie: a=genuine\r\n".encode()
    await send(client, head + b"Content-Length: 7\r\n\r\ngenuine")
    end = await target.accept()
    seen = b"POST /?token=old HTTP/1.1\r\nHost: x\r\nCookie: a=old\r\nContent-Length: 7\r\n\r\ngenuine"
    assert await receive(end, len(seen)) == seen
    proxy.lift(swap)
    assert "genuine" not in f"{swap} {proxy.seen(ProxySwitched)}"


async def test_a_pattern_limits_a_fault_to_its_targets(exchange, dial, new_target, proxy, send):
    other = new_target()
    kept = [await exchange("/stream"), await exchange("/news", to=other)]
    hit, _ = await exchange("/stream?x=1", to=other)
    proxy.apply(Reset(), match=f"127.0.0.1:{other.port}/stream*", reach=Reach.ALL)
    with pytest.raises(ConnectionResetError):
        await next_bytes(hit)
    for ends in [*kept, await exchange("/news", to=other)]:
        await assert_passes(ends, send)
    client = await dial()
    await send(client, f"GET http://127.0.0.1:{other.port}/stream HTTP/1.1\r\nHost: x\r\n\r\n".encode())
    with pytest.raises(ConnectionResetError):
        await next_bytes(client)
    assert other.untouched, "the new one never reached its target"


async def test_a_fault_may_spare_what_comes(exchange, proxy, send, receive):
    old, old_end = await exchange()
    proxy.apply(Hold(), reach=Reach.PRESENT)
    await send(old_end, b"held")
    await assert_passes(await exchange(), send)
    assert_silent(old)
    proxy.restore()
    assert await receive(old, 4) == b"held"


async def test_a_fault_may_spare_what_is_there(exchange, dial, proxy, send):
    present = await exchange()
    proxy.apply(Blackhole(), reach=Reach.FUTURE)
    await send(await dial(), FLOOD)
    assert (await proxy.wait_for(ProxyCut)).conn == 2
    await assert_passes(present, send)


async def test_a_lasting_reset_meets_whoever_comes_until_it_is_over(exchange, dial, proxy, send):
    applied = proxy.apply(Reset(), reach=Reach.ALL)
    with pytest.raises(ConnectionResetError):
        await next_bytes(await dial())
    proxy.lift(applied)
    await assert_passes(await exchange(), send)


async def test_faults_add_up(tunnel, proxy, send, receive):
    client, end = await tunnel()
    proxy.apply(Delay(to_client=0.1))
    proxy.apply(Delay(to_client=0.1))
    proxy.apply(Slice(size=1, pause=0.05))
    begun = time.monotonic()
    await send(end, b"abc")
    assert await receive(client, 3) == b"abc"
    assert time.monotonic() - begun >= 0.3


async def test_switching_is_told(proxy):
    proxy.apply(Reset())
    hold = proxy.apply(Hold())
    proxy.lift(hold)
    proxy.lift(hold)
    told = [(event.fault, event.on) for event in proxy.seen(ProxySwitched)]
    assert told == [("reset", True), ("hold", True), ("hold", False)]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Delay(to_client=-1), "zero or more"),
        (lambda: Throttle(rate=0), "use Blackhole"),
        (lambda: Slice(size=0), "one or more"),
        (lambda: Gateway(status=200), "from 400 to 599"),
    ],
)
def test_a_fault_that_cannot_be_is_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()
