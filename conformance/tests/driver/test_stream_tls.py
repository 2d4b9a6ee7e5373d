import asyncio
import contextlib
import os
import ssl

import pytest

from sse_conform.driver.stream_reader import EndKind, Stamp

HEAD = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


@pytest.fixture
def trusting(certificate):
    return ssl.create_default_context(cafile=certificate)


@pytest.fixture
def tls_pair(server_tls, trusting):
    return server_tls, trusting


@pytest.mark.usefixtures("kernel_stamps")
@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
async def test_a_stream_is_read_through_tls_with_kernel_stamps(servers, read, recording, tls_pair, version):
    server_tls, trusting = tls_pair
    trusting.maximum_version = version
    port = await servers.answering(HEAD, b"3\r\nabc\r\n", b"0\r\n\r\n", tls=server_tls)
    stream = await read(port, recording, tls=trusting)
    await stream.wait_closed()
    assert recording.body == b"abc"
    assert stream.end.kind is EndKind.COMPLETE
    assert recording.pieces[0][2] is Stamp.KERNEL


async def test_a_self_signed_certificate_is_a_tls_error_that_says_what_to_do(servers, read, recording, server_tls):
    port = await servers.answering(HEAD, tls=server_tls)
    stream = await read(port, recording, tls=ssl.create_default_context())
    assert stream.end.kind is EndKind.TLS_ERROR
    assert f"127.0.0.1:{port}" in stream.end.detail
    assert "self-signed certificate" in stream.end.detail
    assert "TLS options of the target profile" in stream.end.detail
    assert recording.calls == ["connected", "end"]


async def test_a_certificate_for_another_name_is_a_tls_error_that_names_it(
    servers, read, recording, server_tls, trusting
):
    port = await servers.answering(HEAD, tls=server_tls)
    stream = await read(port, recording, tls=trusting, server_hostname="elsewhere.example")
    assert stream.end.kind is EndKind.TLS_ERROR
    assert "elsewhere.example" in stream.end.detail


async def test_a_plain_server_behind_https_is_a_tls_error_that_names_http(servers, read, recording, trusting):
    async def handler(reader, writer):
        await reader.read(1)
        writer.write(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
        await reader.read()

    stream = await read(await servers.start(handler), recording, tls=trusting)
    assert stream.end.kind is EndKind.TLS_ERROR
    assert "http://" in stream.end.detail


async def test_a_server_that_closes_during_the_handshake_is_a_tls_error(servers, read, recording, trusting):
    async def handler(reader, writer):
        await reader.read(4096)
        writer.close()

    stream = await read(await servers.start(handler), recording, tls=trusting)
    assert stream.end.kind is EndKind.TLS_ERROR
    assert "handshake" in stream.end.detail


async def test_a_handshake_that_hangs_is_a_connect_timeout(servers, read, recording, trusting):
    async def handler(reader, writer):
        await reader.read()

    stream = await read(await servers.start(handler), recording, tls=trusting, connect_timeout=0.15)
    assert stream.end.kind is EndKind.CONNECT_TIMEOUT
    assert "TLS handshake" in stream.end.detail


async def test_a_refused_handshake_is_a_tls_error(servers, read, recording, server_tls, trusting):
    server_tls.minimum_version = ssl.TLSVersion.TLSv1_3
    trusting.maximum_version = ssl.TLSVersion.TLSv1_2
    port = await servers.answering(HEAD, tls=server_tls)
    stream = await read(port, recording, tls=trusting)
    assert stream.end.kind is EndKind.TLS_ERROR


async def test_a_client_certificate_missed_after_the_handshake_is_a_tls_error(
    listener, read, recording, server_tls, trusting
):
    server_tls.verify_mode = ssl.CERT_REQUIRED

    def serve():
        with contextlib.closing(listener.accept()[0]) as raw, contextlib.suppress(ssl.SSLError):
            raw.settimeout(5)
            server_tls.wrap_socket(raw, server_side=True)

    serving = asyncio.create_task(asyncio.to_thread(serve))
    stream = await read(listener.getsockname()[1], recording, tls=trusting)
    await serving
    assert stream.end.kind is EndKind.TLS_ERROR
    assert "CERTIFICATE_REQUIRED" in stream.end.detail


async def test_close_notify_inside_a_chunked_body_is_eof(servers, read, recording, server_tls, trusting):
    port = await servers.answering(HEAD, b"3\r\nabc\r\n", tls=server_tls)
    stream = await read(port, recording, tls=trusting)
    await stream.wait_closed()
    assert recording.body == b"abc"
    assert stream.end.kind is EndKind.EOF


async def test_a_broken_record_ends_the_stream_after_what_was_sound(servers, read, recording, server_tls, trusting):
    async def handler(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        writer.write(HEAD + b"3\r\nabc\r\n")
        await recording.until(lambda: recording.body == b"abc")
        os.write(writer.get_extra_info("socket").fileno(), b"\x17\x03\x03\x00\x20" + bytes(32))
        with contextlib.suppress(ssl.SSLError):  # the alert with which the suite complains
            await reader.read()

    stream = await read(await servers.start(handler, tls=server_tls), recording, tls=trusting)
    await stream.wait_closed()
    assert recording.body == b"abc"
    assert stream.end.kind is EndKind.TLS_ERROR


async def test_records_cut_at_every_octet_are_put_together(servers, read, recording, server_tls, trusting):
    behind = await servers.answering(HEAD, b"3\r\nabc\r\n0\r\n\r\n", tls=server_tls)

    async def relay(reader, writer):
        back_reader, back_writer = await asyncio.open_connection("127.0.0.1", behind)

        async def answers():
            while octets := await back_reader.read(4096):
                for octet in octets:
                    writer.write(bytes([octet]))
                    await asyncio.sleep(0)

        async with asyncio.TaskGroup() as tasks:
            answering = tasks.create_task(answers())
            while octets := await reader.read(4096):
                back_writer.write(octets)
            answering.cancel()
        back_writer.close()
        writer.close()

    stream = await read(await servers.start(relay), recording, tls=trusting)
    await stream.wait_closed()
    assert recording.body == b"abc"
    assert stream.end.kind is EndKind.COMPLETE


async def test_close_sends_close_notify_before_fin(listener, read, recording, server_tls, trusting):
    def serve():
        with contextlib.closing(listener.accept()[0]) as raw:
            raw.settimeout(5)
            with server_tls.wrap_socket(raw, server_side=True, suppress_ragged_eofs=False) as server:
                server.recv(4096)
                server.sendall(HEAD)
                return server.recv(1)

    serving = asyncio.create_task(asyncio.to_thread(serve))
    stream = await read(listener.getsockname()[1], recording, tls=trusting)
    stream.close()
    assert await serving == b""
