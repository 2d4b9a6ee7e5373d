"""One HTTP/1.x exchange over h11, without input or output of its own."""

from collections.abc import Iterator

import h11

from sse_conform.driver.stream_records import End, Head, Piece, StreamRequest
from sse_conform.entries import EndKind

# Browsers take heads of up to 256 KiB, common proxies 8 to 64; beyond that a head is a defect.
_MAX_HEAD_BYTES = 64 * 1024

_TLS_ALERT_RECORD = b"\x15\x03"


class ResponseReader:
    """
    Turns the octets of one response into its head, its body pieces and its end.

    :raises ValueError: the request cannot be written as HTTP/1.1; the message names what is wrong with it.
    """

    def __init__(self, request: StreamRequest) -> None:
        self._endpoint = request.endpoint
        self._http = h11.Connection(h11.CLIENT, max_incomplete_event_size=_MAX_HEAD_BYTES)
        self._due = _serialise(self._http, request)
        self.head: Head | None = None

    def outgoing(self) -> bytes:
        """The octets that are due: those of the request, once."""
        due, self._due = self._due, b""
        return due

    def feed(self, data: bytes) -> Iterator[Head | Piece | End]:
        """
        What `data` brought: the head, then a `Piece` for each piece of the body, then an `End` if it is reached.

        Informational (1xx) answers are passed over. Nothing may be fed after an `End`.
        """
        self._http.receive_data(data)
        while True:
            try:
                event = self._http.next_event()
            except h11.RemoteProtocolError as error:
                yield End(kind=EndKind.PROTOCOL_ERROR, detail=self._complaint(error, data))
                return
            match event:
                case h11.Response():
                    self.head = _head(event)
                    yield self.head
                case h11.Data():
                    yield Piece(data=bytes(event.data), ends_chunk=event.chunk_end)
                case h11.EndOfMessage():
                    yield End(kind=EndKind.COMPLETE, detail=self._completion())
                    return
                case h11.InformationalResponse():
                    continue
                case _:
                    return

    def at_eof(self) -> End:
        """What it means that the server closes the connection now."""
        if self.head is None:
            where = "inside the response head" if self._http.trailing_data[0] else "without answering"
            return End(kind=EndKind.EOF, detail=f"{self._endpoint} closed the connection {where}.")
        names = {name for name, _ in self.head.headers}
        if "transfer-encoding" in names:
            detail = f"{self._endpoint} closed the connection before the final chunk of the body."
            return End(kind=EndKind.EOF, detail=detail)
        if "content-length" in names:
            detail = f"{self._endpoint} closed the connection before the body had its Content-Length."
            return End(kind=EndKind.EOF, detail=detail)
        detail = f"{self._endpoint} closed the connection, which ends a body without Content-Length and chunks."
        return End(kind=EndKind.CLOSE_DELIMITED, detail=detail)

    def _complaint(self, error: h11.RemoteProtocolError, data: bytes) -> str:
        if self.head is None and data.startswith(_TLS_ALERT_RECORD):
            return f"{self._endpoint} answered plain HTTP with TLS: use https:// in the target URL."
        part = "head" if self.head is None else "body"
        return f"The response {part} of {self._endpoint} is not valid HTTP/1.1: {error}."

    def _completion(self) -> str:
        names = {name for name, _ in self.head.headers} if self.head else set()
        if "transfer-encoding" in names:
            return "The final chunk arrived."
        return "The body reached its Content-Length." if "content-length" in names else "The response has no body."


def _serialise(http: h11.Connection, request: StreamRequest) -> bytes:
    headers = list(request.headers)
    if not any(name.lower() == "host" for name, _ in headers):
        headers.insert(0, ("Host", request.authority))
    target = request.target
    if request.proxy is not None and request.tls is None:
        target = f"http://{request.authority}{target}"  # absolute-form, RFC 9112, 3.2.2
        headers += request.proxy.headers
    try:
        octets = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers]
        message = h11.Request(method=request.method, target=target, headers=octets)
        return (http.send(message) or b"") + (http.send(h11.EndOfMessage()) or b"")
    except (h11.LocalProtocolError, UnicodeEncodeError) as error:
        sentence = f"{request.method} {request.target} on {request.endpoint} cannot be sent as HTTP/1.1: {error}."
        raise ValueError(sentence) from error


def _head(response: h11.Response) -> Head:
    return Head(
        status=response.status_code,
        reason=response.reason.decode("latin-1"),
        http_version=response.http_version.decode("ascii"),
        headers=tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in response.headers),
    )
