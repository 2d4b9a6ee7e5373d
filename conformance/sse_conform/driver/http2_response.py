"""One HTTP/2 exchange over h2 (RFC 9113), on a connection of its own, without input or output of its own."""

from collections.abc import Iterator

from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.events import (
    ConnectionTerminated,
    DataReceived,
    Event,
    ResponseReceived,
    StreamEnded,
    StreamReset,
)
from h2.exceptions import ProtocolError

from sse_conform.driver.stream_records import End, Head, Piece, StreamRequest
from sse_conform.entries import EndKind

_STREAM = 1


class Http2Response:
    """
    Turns the octets of a connection into the head of one response, its body pieces and its end.

    Header fields are taken as they come: whether they may stand there is for the rules to say.
    """

    def __init__(self, request: StreamRequest) -> None:
        self._endpoint = request.endpoint
        config = H2Configuration(validate_inbound_headers=False, normalize_inbound_headers=False)
        self._http = H2Connection(config)
        self._http.initiate_connection()
        pseudo = [
            (":method", request.method),
            (":scheme", "https"),
            (":authority", request.authority),
            (":path", request.target),
        ]
        octets = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in (*pseudo, *request.headers)]
        self._http.send_headers(_STREAM, octets, end_stream=True)
        self.head: Head | None = None

    def outgoing(self) -> bytes:
        """The octets that are due: the request, and what acknowledges what came."""
        return self._http.data_to_send()

    def feed(self, data: bytes) -> Iterator[Head | Piece | End]:
        """What `data` brought; nothing may be fed after an `End`."""
        try:
            events = self._http.receive_data(data)
        except ProtocolError as error:
            yield End(kind=EndKind.PROTOCOL_ERROR, detail=f"{self._endpoint} broke HTTP/2: {error}.")
            return
        for event in events:
            if (told := self._told(event)) is not None:
                yield told

    def at_eof(self) -> End:
        """What it means that the server closes the connection now."""
        where = "without answering" if self.head is None else "inside the body"
        return End(kind=EndKind.EOF, detail=f"{self._endpoint} closed the connection {where}.")

    def _told(self, event: Event) -> Head | Piece | End | None:
        match event:
            case ResponseReceived():
                return self._head(event)
            case DataReceived():
                self._http.acknowledge_received_data(event.flow_controlled_length, _STREAM)
                return Piece(data=event.data) if event.data else None
            case StreamEnded():
                return End(kind=EndKind.COMPLETE, detail="The stream of HTTP/2 ended.")
            case StreamReset():
                detail = f"{self._endpoint} reset the stream of HTTP/2 ({event.error_code})."
                return End(kind=EndKind.RESET, detail=detail)
            case ConnectionTerminated():
                detail = f"{self._endpoint} ended the connection of HTTP/2 ({event.error_code})."
                return End(kind=EndKind.EOF, detail=detail)
            case _:
                return None

    def _head(self, response: ResponseReceived) -> Head | End:
        fields = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in response.headers]
        status = dict(fields).get(":status", "")
        if not (status.isascii() and status.isdecimal()):
            return End(kind=EndKind.PROTOCOL_ERROR, detail=f"{self._endpoint} answered without a status.")
        headers = tuple((name, value) for name, value in fields if not name.startswith(":"))
        self.head = Head(status=int(status), reason="", http_version="2", headers=headers)
        return self.head
