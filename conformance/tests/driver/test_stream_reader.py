import asyncio
import json
import time

import pytest

from sse_conform.driver.stream_reader import EndKind, Stamp

CHUNKED = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"


async def test_a_chunked_body_ends_complete_at_its_final_chunk(servers, read, recording):
    port = await servers.answering(CHUNKED, b"3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n", then="hold")
    stream = await read(port, recording)
    await stream.wait_closed()
    assert recording.body == b"abcde"
    assert stream.end.kind is EndKind.COMPLETE
    assert recording.end == stream.end


async def test_two_chunks_read_at_once_stay_two_pieces(servers, read, recording):
    port = await servers.answering(CHUNKED + b"3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n")
    await (await read(port, recording)).wait_closed()
    assert [data for _, data, _ in recording.pieces] == [b"abc", b"de"]


async def test_a_body_with_content_length_ends_complete(servers, read, recording):
    refusal = json.dumps({"error": "token expired"}).encode()
    answer = b"HTTP/1.1 401 Unauthorized\r\nContent-Length: %d\r\nContent-Type: application/json\r\n\r\n" % len(refusal)
    stream = await read(await servers.answering(answer + refusal, then="hold"), recording)
    await stream.wait_closed()
    assert (stream.head.status, stream.head.reason) == (401, "Unauthorized")
    assert json.loads(recording.body) == {"error": "token expired"}
    assert stream.end.kind is EndKind.COMPLETE


async def test_a_body_without_framing_ends_close_delimited_at_fin(servers, read, recording):
    port = await servers.answering(b"HTTP/1.1 200 OK\r\n\r\ndata: x\n\n")
    stream = await read(port, recording)
    await stream.wait_closed()
    assert recording.body == b"data: x\n\n"
    assert stream.end.kind is EndKind.CLOSE_DELIMITED


async def test_http_1_0_answers_are_read(servers, read, recording):
    stream = await read(await servers.answering(b"HTTP/1.0 200 OK\r\n\r\nold"), recording)
    await stream.wait_closed()
    assert stream.head.http_version == "1.0"
    assert recording.body == b"old"
    assert stream.end.kind is EndKind.CLOSE_DELIMITED


async def test_informational_answers_are_passed_over(servers, read, recording):
    hints = b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n"
    port = await servers.answering(hints, b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
    stream = await read(port, recording)
    await stream.wait_closed()
    assert recording.calls == ["connected", "head", "body", "end"]
    assert stream.head.status == 200


@pytest.mark.parametrize(
    ("method", "answer"),
    [("HEAD", b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n"), ("GET", b"HTTP/1.1 204 No Content\r\n\r\n")],
)
async def test_an_answer_that_has_no_body_ends_complete_at_once(servers, read, recording, method, answer):
    stream = await read(await servers.answering(answer, then="hold"), recording, method=method)
    assert stream.end.kind is EndKind.COMPLETE
    assert recording.pieces == []


async def test_header_names_are_lowered_order_is_kept_and_odd_bytes_are_latin_1(servers, read, recording):
    head = b"HTTP/1.1 200 Sch\xf6n\r\nX-B: 1\r\nX-A: caf\xe9\r\nX-B: 2\r\nContent-Length: 0\r\n\r\n"
    stream = await read(await servers.answering(head), recording)
    assert stream.head.headers == (("x-b", "1"), ("x-a", "caf\xe9"), ("x-b", "2"), ("content-length", "0"))
    assert stream.head.reason == "Sch\xf6n"


async def test_the_request_is_sent_as_given_and_host_is_added(servers, read, recording):
    seen = []

    async def handler(reader, writer):
        seen.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")

    port = await servers.start(handler)
    identifier = "ü".encode().decode("latin-1")
    await read(
        port, recording, target="/s?a=1", headers=(("Accept", "text/event-stream"), ("Last-Event-ID", identifier))
    )
    lines = seen[0].split(b"\r\n")
    assert lines[0] == b"GET /s?a=1 HTTP/1.1"
    assert set(lines[1:-2]) == {
        b"Host: 127.0.0.1:%d" % port,
        b"Accept: text/event-stream",
        "Last-Event-ID: ü".encode(),
    }


async def test_a_given_host_header_is_not_doubled(servers, read, recording):
    seen = []

    async def handler(reader, writer):
        seen.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")

    await read(await servers.start(handler), recording, headers=(("host", "elsewhere"),))
    assert seen[0].lower().count(b"host:") == 1


async def test_a_request_that_is_not_http_is_refused_before_connecting(read, recording, listener):
    with pytest.raises(ValueError, match=r"cannot be sent as HTTP/1\.1"):
        await read(listener.getsockname()[1], recording, headers=(("X", "a\r\nInjected: b"),))
    assert recording.calls == []


async def test_the_stream_is_returned_as_soon_as_its_head_is_in(by_hand, recording):
    stream, server = await by_hand()
    assert stream.end is None
    assert recording.calls == ["connected", "head"]
    host, port = server.getpeername()
    assert stream.local_address == recording.connected[1] == f"{host}:{port}"


async def test_each_arrival_is_a_piece_of_its_own(by_hand, recording):
    _, server = await by_hand()
    for count, octet in enumerate(b"data: slow\n\n", start=1):
        server.sendall(bytes([octet]))
        await recording.until(lambda count=count: len(recording.pieces) == count)
    assert recording.body == b"data: slow\n\n"


async def test_instants_never_run_backwards(by_hand, recording):
    stream, server = await by_hand()
    for count in range(1, 20):
        server.sendall(b"x" * 5000)
        await recording.until(lambda count=count: len(recording.body) == count * 5000)
    server.close()
    await stream.wait_closed()
    instants = [recording.connected[0], recording.head_t, *(t for t, _, _ in recording.pieces), recording.end_t]
    assert instants == sorted(instants)


@pytest.mark.usefixtures("kernel_stamps")
async def test_the_kernel_stamp_does_not_carry_the_delay_of_a_stalled_loop(by_hand, recording, clock):
    _, server = await by_hand()
    before = clock.now()
    server.sendall(b"late")
    time.sleep(0.2)  # noqa: ASYNC251 - the stall is the subject
    after_stall = clock.now()
    await recording.until(lambda: recording.body == b"late")
    t, _, stamp = recording.pieces[-1]
    assert stamp is Stamp.KERNEL
    assert before - 1_000_000 <= t < (before + after_stall) // 2


@pytest.mark.usefixtures("kernel_stamps")
async def test_segments_merged_while_unread_carry_the_arrival_of_the_last(by_hand, recording, clock):
    _, server = await by_hand()
    server.sendall(b"first")
    time.sleep(0.1)  # noqa: ASYNC251 - the stall is the subject
    before_last = clock.now()
    server.sendall(b"last")
    await recording.until(lambda: recording.body == b"firstlast")
    assert [data for _, data, _ in recording.pieces] == [b"firstlast"]
    assert recording.pieces[0][0] >= before_last - 1_000_000


async def test_a_paused_stream_reads_nothing_until_resumed(by_hand, servers, read, recording, new_recording):
    stream, server = await by_hand()
    stream.pause()
    server.sendall(b"waits")
    barrier = await read(await servers.answering(CHUNKED, b"0\r\n\r\n"), new_recording())
    await barrier.wait_closed()
    assert recording.pieces == []
    stream.resume()
    await recording.until(lambda: recording.body == b"waits")


async def test_a_paused_stream_with_a_small_buffer_blocks_the_server(by_hand):
    stream, server = await by_hand(receive_buffer=4096)
    stream.pause()
    server.setblocking(False)
    with pytest.raises(BlockingIOError):
        _send(server, 64 * 2**20)


async def test_close_shows_the_server_a_fin_even_if_octets_wait_unread(by_hand, recording):
    stream, server = await by_hand()
    stream.pause()
    server.sendall(b"never read")
    stream.close()
    assert server.recv(10) == b""
    assert stream.end.kind is EndKind.CLOSED
    assert recording.calls[-1] == "end"


async def test_abort_shows_the_server_a_reset(by_hand, recording):
    stream, server = await by_hand()
    stream.abort()
    with pytest.raises(ConnectionResetError):
        server.recv(10)
    assert recording.end.kind is EndKind.CLOSED
    assert "reset" in recording.end.detail


async def test_closing_twice_ends_once(by_hand, recording):
    stream, _ = await by_hand()
    stream.close()
    stream.abort()
    stream.pause()
    stream.resume()
    await stream.wait_closed()
    assert recording.calls.count("end") == 1


async def test_a_sink_that_closes_inside_a_piece_hears_no_further_piece(by_hand, recording, monkeypatch):
    stream, server = await by_hand(head=CHUNKED)
    keep = recording.on_body

    def keep_and_close(t, piece, stamp):
        keep(t, piece, stamp)
        stream.close()

    monkeypatch.setattr(recording, "on_body", keep_and_close)
    server.sendall(b"3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n")
    await stream.wait_closed()
    assert recording.calls == ["connected", "head", "body", "end"]
    assert recording.body == b"abc"


async def test_a_piece_says_whether_a_chunk_ends_with_it(by_hand, recording):
    _, server = await by_hand(head=CHUNKED)
    server.sendall(b"3\r\nab")
    await recording.until(lambda: recording.body == b"ab")
    server.sendall(b"c\r\n2\r\nde\r\n0\r\n\r\n")
    await recording.until(lambda: recording.end is not None)
    pieces = [(data, ends) for (_, data, _), ends in zip(recording.pieces, recording.chunk_ends, strict=True)]
    assert pieces == [(b"ab", False), (b"c", True), (b"de", True)]


async def test_a_body_without_chunks_has_no_borders(by_hand, recording):
    _, server = await by_hand()
    server.sendall(b"data: x\n\n")
    await recording.until(lambda: bool(recording.pieces))
    assert recording.chunk_ends == [False]


async def test_a_failing_sink_closes_the_stream_and_is_heard_of(by_hand, recording, monkeypatch):
    unhandled = []
    asyncio.get_running_loop().set_exception_handler(lambda _loop, context: unhandled.append(context["exception"]))
    stream, server = await by_hand()
    monkeypatch.setattr(recording, "on_body", lambda *_: 1 / 0)
    server.sendall(b"x")
    with pytest.raises(ZeroDivisionError):
        await stream.wait_closed()
    assert stream.end.kind is EndKind.CLOSED
    assert [type(error) for error in unhandled] == [ZeroDivisionError]


async def test_a_cancelled_opening_leaves_no_connection(listener, read, recording):
    opening = asyncio.ensure_future(read(listener.getsockname()[1], recording))
    listener.setblocking(False)
    server, _ = await asyncio.get_running_loop().sock_accept(listener)
    with server:
        await recording.until(lambda: recording.connected is not None)
        opening.cancel()
        with pytest.raises(asyncio.CancelledError):
            await opening
        server.settimeout(5)
        with pytest.raises(ConnectionResetError):
            _read_to_the_end(server)
    assert recording.end.kind is EndKind.CLOSED


async def test_the_source_address_is_used(servers, read, recording):
    port = await servers.answering(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
    stream = await read(port, recording, source_address="127.0.0.2")
    assert stream.local_address.startswith("127.0.0.2:")


def _send(server, count):
    while count > 0:
        count -= server.send(bytes(64 * 1024))


def _read_to_the_end(server):
    while server.recv(4096):
        continue
