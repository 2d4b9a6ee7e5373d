"""Streams over HTTP/2, from a server that writes frames as it is told."""

import contextlib
import ssl

import pytest
from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.events import RequestReceived

from sse_conform.driver.stream_reader import EndKind
from sse_conform.driver.trust import http2_context
from sse_conform.profile import Tls

HEAD = [(b":status", b"200"), (b"content-type", b"text/event-stream"), (b"connection", b"keep-alive")]
#: Several windows of flow control, of 64 KiB each.
LARGE = b"x" * 300_000


@pytest.fixture
def offering(certificate):
    """A client's TLS that offers HTTP/2 as browsers do."""
    context = ssl.create_default_context(cafile=certificate)
    context.set_alpn_protocols(["h2", "http/1.1"])
    return context


@pytest.fixture
def speaking(server_tls):
    """A server's TLS that chooses HTTP/2."""
    server_tls.set_alpn_protocols(["h2"])
    return server_tls


@pytest.fixture
def http2(servers, speaking):
    """Starts a server that answers each request by ``answer(http)``, and what it leaves unsent as windows open."""

    async def start(answer):
        async def handler(reader, writer):
            config = H2Configuration(
                client_side=False, normalize_outbound_headers=False, validate_outbound_headers=False
            )
            http, rest = H2Connection(config), []
            http.initiate_connection()
            with contextlib.suppress(ConnectionError):
                while True:
                    writer.write(http.data_to_send())
                    data = await reader.read(65536)
                    if not data:
                        break
                    for event in http.receive_data(data):
                        if isinstance(event, RequestReceived):
                            requests.append(dict(event.headers))
                            rest = answer(http) or []
                    rest = send(http, rest)
            writer.close()

        return await servers.start(handler, tls=speaking), requests

    def send(http, pieces):
        pieces = list(pieces)
        while pieces:
            room = min(http.local_flow_control_window(1), http.max_outbound_frame_size)
            if room <= 0:
                break
            http.send_data(1, pieces[0][:room], end_stream=len(pieces) == 1 and len(pieces[0]) <= room)
            pieces[:1] = [pieces[0][room:]] if len(pieces[0]) > room else []
        return pieces

    requests = []
    return start


def answering(*pieces, headers=HEAD):
    def answer(http):
        http.send_headers(1, headers)
        return pieces

    return answer


async def test_a_stream_is_read_with_its_headers_as_they_are(http2, read, recording, offering):
    port, requests = await http2(answering(b"data: x\n\n", b"data: y\n\n"))
    stream = await read(port, recording, tls=offering, headers=(("accept", "text/event-stream"),))
    await stream.wait_closed()
    assert recording.head.http_version == "2"
    assert recording.head.headers == (("content-type", "text/event-stream"), ("connection", "keep-alive"))
    assert recording.body == b"data: x\n\ndata: y\n\n"
    assert stream.end.kind is EndKind.COMPLETE
    asked = requests[0]
    assert (asked[b":method"], asked[b":path"], asked[b":scheme"]) == (b"GET", b"/stream", b"https")
    assert (asked[b":authority"], asked[b"accept"]) == (f"127.0.0.1:{port}".encode(), b"text/event-stream")


async def test_what_came_is_acknowledged_so_that_more_may_come(http2, read, recording, offering):
    port, _ = await http2(answering(LARGE))
    stream = await read(port, recording, tls=offering)
    await stream.wait_closed()
    assert recording.body == LARGE


ENDS = {
    "is reset": (lambda http: http.reset_stream(1), EndKind.RESET, "reset the stream"),
    "is left": (lambda http: http.close_connection(), EndKind.EOF, "ended the connection"),
    "has no status": (answering(headers=[(b"content-type", b"x")]), EndKind.PROTOCOL_ERROR, "without a status"),
}


@pytest.mark.parametrize("name", ENDS)
async def test_a_stream_that(name, http2, read, recording, offering):
    answer, kind, said = ENDS[name]
    port, _ = await http2(answer)
    stream = await read(port, recording, tls=offering)
    assert stream.end.kind is kind
    assert said in stream.end.detail


async def test_what_is_no_http_2_is_said_to_be_so(servers, read, recording, offering, speaking):
    data_of_no_stream = b"\0\0\4" + bytes(6) + b"abcd"
    port = await servers.answering(data_of_no_stream, then="hold", tls=speaking)
    stream = await read(port, recording, tls=offering)
    assert stream.end.kind is EndKind.PROTOCOL_ERROR


async def test_a_server_that_closes_without_an_answer_is_said_to_do_so(servers, read, recording, offering, speaking):
    port = await servers.answering(tls=speaking)
    stream = await read(port, recording, tls=offering)
    assert (stream.end.kind, "without answering" in stream.end.detail) == (EndKind.EOF, True)


async def test_a_target_that_does_not_choose_http_2_answers_over_http_1(servers, read, recording, offering, server_tls):
    port = await servers.answering(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", tls=server_tls)
    stream = await read(port, recording, tls=offering)
    await stream.wait_closed()
    assert (recording.head.http_version, recording.body) == ("1.1", b"ok")


async def test_a_profile_s_trust_offers_http_2_beside_http_1(certificate, speaking, http2, read, recording):
    port, requests = await http2(answering(b"data: x\n\n"))
    await read(port, recording, tls=http2_context(Tls(ca_file=str(certificate))))
    assert len(requests) == 1
