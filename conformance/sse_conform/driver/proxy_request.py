"""
HTTP/1.x as a forward proxy has to know it: where requests begin and end, where they go, and when they are answered.

h11 finds the borders; the bytes themselves pass as they came. Only the request head is written anew (RFC 9112, 3.2 and
RFC 9110, 7.6.1): in origin-form, and without the fields that concern the way to the proxy alone. No Via is added.
"""

from dataclasses import dataclass, replace
from enum import Enum, auto
from http import HTTPStatus
from urllib.parse import urlsplit

import h11

from sse_conform.driver.stream_records import format_endpoint
from sse_conform.entries import Header

_HEAD_BYTES = 256 * 1024
_FOR_THE_PROXY = frozenset({b"connection", b"keep-alive", b"te"})
#: Connection options that stay true, because each connection of a client has one of its own to the target.
_KEPT_OPTIONS = frozenset({b"close", b"keep-alive", b"upgrade"})


class BadRequestError(Exception):
    """A request that no proxy can follow; the message tells the client why."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Target:
    """Where a request goes; `path` includes the query and is empty for a tunnel."""

    host: str
    port: int
    path: str = ""

    @property
    def authority(self) -> str:
        """`host:port`."""
        return format_endpoint(self.host, self.port)

    @property
    def where(self) -> str:
        """What the pattern of a fault is compared with."""
        return self.authority + self.path


@dataclass(frozen=True, kw_only=True, slots=True)
class RequestHead:
    """The head of one request; header names as they were written."""

    method: str
    url: str
    version: bytes
    headers: tuple[tuple[bytes, bytes], ...]

    @property
    def tunnel(self) -> bool:
        """Whether it asks for a tunnel."""
        return self.method == "CONNECT"

    @property
    def listed(self) -> tuple[Header, ...]:
        """The headers as text: names lower-cased, values decoded as latin-1."""
        return tuple((name.decode("ascii").lower(), value.decode("latin-1")) for name, value in self.headers)

    def target(self, inside: Target | None = None) -> Target:
        """
        Where it goes; ``inside`` is the target of the tunnel through which it came.

        :raises BadRequestError: it names no host, or a scheme that is not proxied.
        """
        if inside is not None:
            return replace(inside, path=self.url)
        url = f"//{self.url}" if self.tunnel else self.url
        try:
            split = urlsplit(url)
            host, port = split.hostname, split.port
        except ValueError as error:
            raise BadRequestError(f"{self.url!r} cannot be read: {error}.") from None
        if self.tunnel:
            if not host or port is None or split.path or split.query:
                raise BadRequestError(f"CONNECT {self.url} names no target: write CONNECT host:port.")
            return Target(host=host, port=port)
        match split.scheme.lower():
            case "":
                raise BadRequestError(f"{self.url} names no host: this is a proxy, ask it for http://host:port/path.")
            case "http" | "ws" if host:
                _, _, rest = self.url.partition("://")
                begin = min((at for at in (rest.find("/"), rest.find("?")) if at >= 0), default=len(rest))
                path = rest[begin:].partition("#")[0]
                return Target(host=host, port=port or 80, path=path if path.startswith("/") else f"/{path}")
            case "https" | "wss":
                raise BadRequestError(f"{self.url} wants TLS: ask for a tunnel by CONNECT instead.")
            case _:
                raise BadRequestError(f"{self.url} is not an http URL.")

    def forwarded(self, target: Target) -> bytes:
        """The head as the target gets it."""
        options = self._connection_options()
        kept = [option for option in options if option in _KEPT_OPTIONS]
        dropped = _FOR_THE_PROXY | (set(options) - _KEPT_OPTIONS)
        fields = [
            (name, value)
            for name, value in self.headers
            if name.lower() not in dropped and not name.lower().startswith(b"proxy-")
        ]
        if not any(name.lower() == b"host" for name, _ in fields):
            fields.insert(0, (b"Host", target.authority.encode("latin-1")))
        if kept:
            fields.append((b"Connection", b", ".join(kept)))
        lines = [b"%s %s HTTP/%s" % (self.method.encode("ascii"), target.path.encode("latin-1"), self.version)]
        return b"\r\n".join([*lines, *(b"%s: %s" % field for field in fields), b"", b""])

    def watched(self) -> list[tuple[bytes, bytes]]:
        """The fields that decide how the response is framed."""
        upgrades = [(name, value) for name, value in self.headers if name.lower() == b"upgrade"]
        wanted = upgrades and b"upgrade" in self._connection_options()
        return [(b"host", b"target"), *([(b"connection", b"upgrade"), *upgrades] if wanted else ())]

    def _connection_options(self) -> list[bytes]:
        values = (value for name, value in self.headers if name.lower() == b"connection")
        options = (option.strip().lower() for value in values for option in value.split(b","))
        return [option for option in options if option]


class RequestReader:
    """Takes the bytes of a client apart: heads to be written anew, and bodies to be passed on as they are."""

    def __init__(self) -> None:
        self._http = _server()
        self._within = False

    @property
    def between_requests(self) -> bool:
        """Whether the next byte begins a request."""
        return not self._within

    def feed(self, data: bytes) -> tuple[RequestHead | None, bytes, bytes]:
        """
        Go on by these bytes, up to the end of a request at most.

        :returns: the head, if it was completed; bytes of the body; the bytes behind the end of the request.
        :raises BadRequestError: the bytes are no HTTP/1.x request.
        """
        self._within = True
        held, _ = self._http.trailing_data
        unread = held + data
        head: RequestHead | None = None
        try:
            self._http.receive_data(data)
            while (event := self._http.next_event()) is not h11.NEED_DATA:
                if isinstance(event, h11.Request):
                    head = _head(event)
                    unread, _ = self._http.trailing_data
                elif isinstance(event, h11.EndOfMessage):
                    rest, _ = self._http.trailing_data
                    self._http, self._within = _server(), False
                    return head, unread[: len(unread) - len(rest)], rest
        except h11.RemoteProtocolError as error:
            raise BadRequestError(f"That is no HTTP/1.x request: {error}.") from None
        later, _ = self._http.trailing_data
        begun = head is not None or self._http.their_state is not h11.IDLE
        return head, unread[: len(unread) - len(later)] if begun else b"", b""


class Answered(Enum):
    """How far the response is."""

    NOT_YET = auto()
    COMPLETE = auto()
    SWITCHED = auto()
    """The target switched protocols: from here on the connection is a tunnel."""


class ResponseWatch:
    """Follows the bytes of one response without changing them; a response that is no HTTP ends with its connection."""

    def __init__(self, request: RequestHead) -> None:
        self._http = h11.Connection(h11.CLIENT, max_incomplete_event_size=_HEAD_BYTES)
        self._http.send(h11.Request(method=request.method, target=b"/", headers=request.watched()))
        self._http.send(h11.EndOfMessage())
        self._readable = True

    def receive(self, data: bytes) -> Answered:
        """Go on by these bytes."""
        if not self._readable:
            return Answered.NOT_YET
        try:
            self._http.receive_data(data)
            while (event := self._http.next_event()) is not h11.NEED_DATA:
                if isinstance(event, h11.EndOfMessage):
                    self._readable = False
                    return Answered.COMPLETE
                if event is h11.PAUSED or isinstance(event, h11.ConnectionClosed):
                    self._readable = False
                    return Answered.SWITCHED
        except h11.RemoteProtocolError:
            self._readable = False
        return Answered.NOT_YET


def own_answer(status: int, detail: str) -> bytes:
    """An answer in the target's stead, as plain text; the connection ends with it."""
    body = f"{detail}\n".encode()
    phrase = HTTPStatus(status).phrase if status in set(HTTPStatus) else "Fault"
    head = (
        f"HTTP/1.1 {status} {phrase}\r\nContent-Type: text/plain; charset=utf-8\r\n"
        f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    )
    return head.encode("ascii") + body


def _server() -> h11.Connection:
    """The server's side of one exchange, which only ever reads."""
    return h11.Connection(h11.SERVER, max_incomplete_event_size=_HEAD_BYTES)


def _head(request: h11.Request) -> RequestHead:
    return RequestHead(
        method=request.method.decode("ascii"),
        url=request.target.decode("latin-1"),
        version=request.http_version,
        headers=tuple(request.headers.raw_items()),
    )
