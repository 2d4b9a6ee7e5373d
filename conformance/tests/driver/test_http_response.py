import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sse_conform.driver.http_response import ResponseReader
from sse_conform.driver.stream_reader import End, EndKind, Head, Piece, StreamRequest

RESPONSE = (
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\ndata:\r\n3;x=y\r\n a\n\r\n0\r\nTrailer: z\r\n\r\n"
)


def reader(**fields):
    return ResponseReader(StreamRequest(**({"host": "example.test", "port": 80, "target": "/"} | fields)))


@given(cuts=st.sets(st.integers(1, len(RESPONSE) - 1)))
def test_a_response_reads_the_same_wherever_it_is_cut(cuts):
    edges = [0, *sorted(cuts), len(RESPONSE)]
    response = reader()
    events = [event for a, b in itertools.pairwise(edges) for event in response.feed(RESPONSE[a:b])]
    assert isinstance(events[0], Head)
    assert b"".join(event.data for event in events if isinstance(event, Piece)) == b"data: a\n"
    assert sum(event.ends_chunk for event in events if isinstance(event, Piece)) == 2
    assert events[-1] == End(kind=EndKind.COMPLETE, detail="The final chunk arrived.")


@pytest.mark.parametrize(
    ("fields", "host"),
    [
        ({"host": "example.test", "port": 80}, b"example.test"),
        ({"host": "example.test", "port": 8080}, b"example.test:8080"),
        ({"host": "example.test", "port": 443}, b"example.test:443"),
        ({"host": "::1", "port": 80}, b"[::1]"),
        ({"host": "::1", "port": 8080}, b"[::1]:8080"),
    ],
)
def test_the_host_header_leaves_out_the_default_port_and_brackets_ipv6(fields, host):
    assert b"\r\nHost: " + host + b"\r\n" in reader(**fields).outgoing()


@pytest.mark.parametrize(
    "fields",
    [
        {"headers": (("X", "a\nb"),)},
        {"headers": (("X Y", "a"),)},
        {"headers": (("X", "☃"),)},
        {"target": "/a b"},
        {"target": "/ä"},
        {"method": "GE T"},
    ],
)
def test_a_request_that_http_cannot_carry_is_refused_by_name(fields):
    with pytest.raises(ValueError, match=r"on example\.test:80 cannot be sent as HTTP/1\.1"):
        reader(**fields)


@pytest.mark.parametrize(
    ("received", "kind", "words"),
    [
        (b"", EndKind.EOF, "without answering"),
        (b"HTTP/1.1 2", EndKind.EOF, "inside the response head"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", EndKind.EOF, "before the final chunk"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabc", EndKind.EOF, "Content-Length"),
        (b"HTTP/1.1 200 OK\r\n\r\nabc", EndKind.CLOSE_DELIMITED, "closed the connection"),
    ],
)
def test_a_closed_connection_is_judged_by_what_came_before(received, kind, words):
    response = reader()
    list(response.feed(received)) if received else []
    end = response.at_eof()
    assert end.kind is kind
    assert words in end.detail
