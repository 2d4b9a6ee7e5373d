import pytest

from sse_conform.eventstream import decode
from sse_conform.second_decoder import Reading, RefusedError, read

STREAM = "text/event-stream"


def test_events_are_read_with_type_data_and_last_id():
    body = b"retry: 5000\nid: 7\nevent: snapshot\ndata: {\ndata: }\n\ndata: x\n\n"
    assert read(body, STREAM) == (Reading("snapshot", "{\n}", "7"), Reading("message", "x", "7"))


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"\xef\xbb\xbfevent: ping\ndata: 1\n\n", id="a byte order mark"),
        pytest.param(b"id: 7\n\nevent: ping\n\nretry: 1\n\ndata: 1\n\n", id="blocks without data"),
        pytest.param(b"id: 7\ndata: 1\n\n: comment\n\n", id="a comment after an id"),
        pytest.param(b"data: 1\r\rdata: 2\r\r", id="CR at the end"),
        pytest.param("data: \u2028 \u0085 \u000b\n\n".encode(), id="line ends of Unicode"),
        pytest.param(b"data: 1\n\ndata: unfinished", id="an unfinished block"),
    ],
)
def test_known_deviations_are_evened_out(body):
    ours = [Reading(frame.type, frame.data, frame.last_event_id) for frame in decode(body).frames if frame.data]
    assert list(read(body, STREAM)) == ours


def test_what_the_client_refuses_is_refused():
    with pytest.raises(RefusedError, match="text/plain"):
        read(b"data: 1\n\n", "text/plain")


def test_the_charset_of_the_media_type_counts_for_this_client():
    (reading,) = read("data: é\n\n".encode(), f"{STREAM}; charset=ISO-8859-1")
    assert reading.data == "Ã©"


def test_a_media_type_of_any_bytes_is_read():
    assert read(b"data: 1\n\n", f"{STREAM}; charset=\x9d\xff") == (Reading("message", "1", ""),)


def test_the_case_of_a_media_type_means_nothing():
    expected = (Reading("snapshot", "{}", ""),)
    assert read(b"event: snapshot\ndata: {}\n\n", 'Text/Event-Stream;CHARSET="UTF-8"') == expected
