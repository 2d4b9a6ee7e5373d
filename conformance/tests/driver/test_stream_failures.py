import asyncio
import errno
import socket

import pytest

from sse_conform.driver.stream_reader import EndKind

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
RESPONSE = HEAD + b"3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"


async def test_a_port_without_listener_is_refused(read, recording):
    with socket.socket() as unheard:
        unheard.bind(("127.0.0.1", 0))
        port = unheard.getsockname()[1]
        stream = await read(port, recording)
    assert stream.end.kind is EndKind.REFUSED
    assert f"127.0.0.1:{port}" in stream.end.detail
    assert recording.calls == ["end"]


@pytest.mark.parametrize("host", ["a" * 70 + ".example", "no such host"])
async def test_a_host_name_that_cannot_be_resolved_is_unreachable(read, recording, host):
    stream = await read(80, recording, host=host)
    assert stream.end.kind is EndKind.UNREACHABLE
    assert repr(host) in stream.end.detail
    assert "check the spelling" in stream.end.detail


async def test_a_source_address_of_another_machine_is_unreachable(read, recording, listener):
    stream = await read(listener.getsockname()[1], recording, source_address="192.0.2.1")
    assert stream.end.kind is EndKind.UNREACHABLE
    assert "from 192.0.2.1" in stream.end.detail


async def test_a_server_whose_queue_is_full_is_a_connect_timeout(read, recording):
    with socket.create_server(("127.0.0.1", 0), backlog=0) as server, socket.socket() as queued:
        queued.connect(server.getsockname())
        stream = await read(server.getsockname()[1], recording, connect_timeout=0.2)
    assert stream.end.kind is EndKind.CONNECT_TIMEOUT
    assert "did not accept a connection within" in stream.end.detail


async def test_the_refusal_of_one_address_outweighs_the_unreachability_of_another(read, recording, monkeypatch):
    with socket.socket() as unheard:
        unheard.bind(("127.0.0.1", 0))
        port = unheard.getsockname()[1]

        async def two_addresses(*_args, **_options):
            kind = (socket.SOCK_STREAM, 0, "")
            return [(socket.AF_INET, *kind, ("127.0.0.1", port)), (socket.AF_INET6, *kind, ("fe80::1", port, 0, 0))]

        monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", two_addresses)
        stream = await read(port, recording, host="twofold")
    assert stream.end.kind is EndKind.REFUSED


async def test_a_server_that_never_answers_is_a_head_timeout(servers, read, recording):
    stream = await read(await servers.answering(then="hold"), recording, head_timeout=0.1)
    assert stream.end.kind is EndKind.HEAD_TIMEOUT
    assert stream.head is None


async def test_the_head_timeout_is_a_total_that_dripping_bytes_do_not_extend(servers, read, recording):
    async def handler(reader, writer):
        writer.write(b"HTTP/1.1 200 OK\r\nX: ")
        while not writer.is_closing():
            writer.write(b"y")
            await writer.drain()
            await asyncio.sleep(0.02)  # the drip is the subject

    stream = await read(await servers.start(handler), recording, head_timeout=0.15)
    assert stream.end.kind is EndKind.HEAD_TIMEOUT


async def test_informational_answers_without_end_are_a_head_timeout(servers, read, recording):
    async def handler(reader, writer):
        while not writer.is_closing():
            writer.write(b"HTTP/1.1 103 Early Hints\r\n\r\n" * 100)
            await writer.drain()

    stream = await read(await servers.start(handler), recording, head_timeout=0.15)
    assert stream.end.kind is EndKind.HEAD_TIMEOUT


async def test_the_head_timeout_does_not_end_an_idle_body(by_hand, recording):
    stream, server = await by_hand(head_timeout=0.1)
    await asyncio.sleep(0.15)  # past the deadline: the subject
    server.sendall(b"late")
    await recording.until(lambda: recording.body == b"late")
    assert stream.end is None


async def test_a_connection_closed_without_an_answer_is_eof(servers, read, recording):
    stream = await read(await servers.answering(), recording)
    assert stream.end.kind is EndKind.EOF
    assert "without answering" in stream.end.detail


async def test_a_fin_at_any_offset_of_a_response_is_eof(servers, read, new_recording):
    for offset in range(len(RESPONSE)):
        sink = new_recording()
        stream = await read(await servers.answering(RESPONSE[:offset]), sink)
        await stream.wait_closed()
        assert stream.end.kind is EndKind.EOF, offset
        assert (sink.head is None) == (offset < len(HEAD))
        assert b"abcde".startswith(sink.body)
        assert sink.calls.count("end") == 1
        assert sink.calls[-1] == "end"


async def test_a_reset_at_any_offset_of_a_response_is_a_reset_and_loses_nothing_before_it(servers, read, new_recording):
    longest = 0
    for offset in range(len(RESPONSE)):
        sink = new_recording()
        stream = await read(await servers.answering(RESPONSE[:offset], then="reset"), sink)
        await stream.wait_closed()
        assert stream.end.kind is EndKind.RESET, offset
        assert (sink.head is None) == (offset < len(HEAD))
        assert b"abcde".startswith(sink.body)
        assert len(sink.body) >= longest
        longest = len(sink.body)
        assert sink.calls[-1] == "end"
    assert longest == len(b"abcde")


async def test_a_server_that_resets_before_the_request_is_written_is_a_reset(listener, read, recording, monkeypatch):
    listener.setblocking(False)

    def accept_and_reset(t, local_address):
        server, _ = listener.accept()
        server.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        server.close()

    monkeypatch.setattr(recording, "on_connected", accept_and_reset)
    stream = await read(listener.getsockname()[1], recording)
    assert stream.end.kind is EndKind.RESET


async def test_an_answer_sent_before_a_reset_is_read_even_if_the_request_could_not_be_written(
    listener, read, recording, monkeypatch
):
    listener.setblocking(False)

    def answer_and_reset(t, local_address):
        server, _ = listener.accept()
        server.sendall(b"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n")
        server.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        server.close()

    monkeypatch.setattr(recording, "on_connected", answer_and_reset)
    stream = await read(listener.getsockname()[1], recording)
    assert stream.head.status == 503
    assert stream.end.kind is EndKind.COMPLETE


async def test_a_flood_ends_in_overflow_after_exactly_max_bytes(servers, read, recording):
    stream = await read(await servers.start(_flood), recording)
    await stream.wait_closed()
    assert stream.end.kind is EndKind.OVERFLOW
    assert len(recording.body) == 16 * 2**20


async def test_a_flood_leaves_the_event_loop_turning(servers, read, recording):
    stream = await read(await servers.start(_flood), recording, max_bytes=4 * 2**20)
    most = 0
    while stream.end is None:
        before = len(recording.body)
        await asyncio.sleep(0)
        most = max(most, len(recording.body) - before)
    assert most <= 16 * 1024


async def test_a_body_of_exactly_max_bytes_is_no_overflow(servers, read, recording):
    port = await servers.answering(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n0123456789")
    stream = await read(port, recording, max_bytes=10)
    await stream.wait_closed()
    assert stream.end.kind is EndKind.COMPLETE


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(b"SSH-2.0-OpenSSH_9.6\r\n\r\n", id="another protocol"),
        pytest.param(b"HTTP/1.1 200 OK\r\nX: " + b"y" * 70_000, id="giant head"),
        pytest.param(b"HTTP/1.1 200 OK\r\nno colon\r\n\r\n", id="broken header line"),
        pytest.param(b"HTTP/1.1 200 OK\r\nContent-Length: ten\r\n\r\n", id="length that is no number"),
        pytest.param(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n", id="upgrade nobody asked for"),
    ],
)
async def test_a_head_that_is_not_http_is_a_protocol_error(servers, read, recording, answer):
    stream = await read(await servers.answering(answer, then="hold"), recording)
    assert stream.end.kind is EndKind.PROTOCOL_ERROR
    assert "head" in stream.end.detail
    assert recording.calls == ["connected", "end"]


@pytest.mark.parametrize("chunk", [b"zz\r\nabc\r\n", b"-1\r\n", b"3\r\nabcde\r\n", b"f" * 30 + b"\r\n"])
async def test_wrong_chunking_is_a_protocol_error_after_the_head(servers, read, recording, chunk):
    stream = await read(await servers.answering(HEAD, chunk, then="hold"), recording)
    await stream.wait_closed()
    assert stream.head.status == 200
    assert stream.end.kind is EndKind.PROTOCOL_ERROR
    assert "body" in stream.end.detail


async def test_tls_on_a_plain_port_is_named(servers, read, recording):
    stream = await read(await servers.answering(b"\x15\x03\x01\x00\x02\x02\x46", then="hold"), recording)
    assert stream.end.kind in {EndKind.PROTOCOL_ERROR, EndKind.EOF}
    assert "https://" in stream.end.detail


async def test_a_connection_lost_for_another_reason_is_a_reset_that_names_it(by_hand, recording, monkeypatch):
    stream, server = await by_hand()

    def time_out(*_args):
        raise OSError(errno.ETIMEDOUT, "Connection timed out")

    monkeypatch.setattr(stream._arrivals, "read", time_out)
    server.sendall(b"x")
    await stream.wait_closed()
    assert stream.end.kind is EndKind.RESET
    assert "Connection timed out" in stream.end.detail


async def _flood(reader, writer):
    writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
    while not writer.is_closing():
        writer.write(b"x" * 65536)
        await writer.drain()


async def test_whoever_is_cancelled_while_connecting_has_closed_the_stream(read, recording):
    with socket.create_server(("127.0.0.1", 0), backlog=0) as server, socket.socket() as queued:
        queued.connect(server.getsockname())
        opening = asyncio.ensure_future(read(server.getsockname()[1], recording))
        await asyncio.sleep(0.05)
        opening.cancel()
        with pytest.raises(asyncio.CancelledError):
            await opening
    assert recording.calls == ["end"]
    assert recording.end.kind is EndKind.CLOSED
