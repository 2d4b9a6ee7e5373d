"""The way to HTTP: straight, through TLS, or through a tunnel that a proxy opens."""

import h11

from sse_conform.driver.stream_records import End, ForwardProxy, StreamRequest
from sse_conform.driver.tls import Channel, PlainChannel, TlsChannel
from sse_conform.entries import EndKind

#: Proxy Authentication Required (RFC 9110, 15.5.8).
ASKS_FOR_PASSWORD = 407


def channel_of(request: StreamRequest) -> Channel:
    """What lies between the socket and HTTP for this request."""
    if request.proxy is not None:
        return TunnelChannel(request, request.proxy) if request.tls is not None else _to_proxy(request.proxy)
    return PlainChannel() if request.tls is None else _to_target(request)


def _to_target(request: StreamRequest) -> TlsChannel:
    assert request.tls is not None
    return TlsChannel(request.tls, request.server_hostname or request.host, endpoint=request.endpoint)


def _to_proxy(proxy: ForwardProxy) -> Channel:
    return PlainChannel() if proxy.tls is None else TlsChannel(proxy.tls, proxy.host, endpoint=proxy.endpoint)


class TunnelChannel:
    """
    TLS with the target inside a tunnel through a proxy (RFC 9110, 9.3.6).

    The proxy is asked once the way to itself stands; what it refuses is its failure, not the target's.
    """

    def __init__(self, request: StreamRequest, proxy: ForwardProxy) -> None:
        self.failure: End | None = None
        self._request = request
        self._proxy = proxy
        self._outer = _to_proxy(proxy)
        self._inner: TlsChannel | None = None
        self._http = h11.Connection(h11.CLIENT)
        self._asked = False
        self._ask()

    @property
    def established(self) -> bool:
        """Whether the request may be sent."""
        return self._inner is not None and self._inner.established

    @property
    def peer_closed(self) -> bool:
        """Whether the target, or the proxy, announced the end of its data."""
        return self._outer.peer_closed or (self._inner is not None and self._inner.peer_closed)

    @property
    def protocol(self) -> str:
        """What was agreed upon with the target by ALPN."""
        return self._inner.protocol if self._inner is not None else ""

    @property
    def waiting(self) -> str:
        """What has not happened while the channel is not established."""
        if self._inner is not None:
            return self._inner.waiting
        return f"The proxy {self._proxy.endpoint} did not open a tunnel to {self._request.endpoint}"

    def receive(self, data: bytes) -> bytes:
        """Take octets off the wire; returns the plain text that they complete."""
        plain = self._outer.receive(data)
        if self._outer.failure is not None:
            self._fail(self._outer.failure.detail)
            return b""
        self._ask()
        if self._inner is None:
            plain = self._take_answer(plain)
        received = self._inner.receive(plain) if self._inner is not None else b""
        self.failure = self.failure or (self._inner.failure if self._inner is not None else None)
        return received

    def send(self, data: bytes) -> None:
        """Queue plain octets for the target."""
        assert self._inner is not None
        self._inner.send(data)

    def close(self) -> None:
        """Queue the announcement that no more data follows, to the target and then to the proxy."""
        if self._inner is not None:
            self._inner.close()
            self._outer.send(self._inner.outgoing())
        self._outer.close()

    def cut(self) -> End:
        """What it means that the connection ends before the channel stands."""
        if self._inner is not None:
            return self._inner.cut()
        return End(kind=EndKind.PROXY_ERROR, detail=f"{self.waiting}: it closed the connection.")

    def outgoing(self) -> bytes:
        """Take the octets that are due on the wire."""
        if self._inner is not None and (due := self._inner.outgoing()):
            self._outer.send(due)
        return self._outer.outgoing()

    def _ask(self) -> None:
        if self._asked or not self._outer.established:
            return
        self._asked = True
        endpoint = self._request.endpoint
        octets = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in self._proxy.headers]
        asks = h11.Request(method="CONNECT", target=endpoint, headers=[(b"host", endpoint.encode()), *octets])
        self._outer.send((self._http.send(asks) or b"") + (self._http.send(h11.EndOfMessage()) or b""))

    def _take_answer(self, data: bytes) -> bytes:
        """The proxy's answer; what comes after it is the target's."""
        if not data:  # which would tell h11 of an end
            return b""
        self._http.receive_data(data)
        try:
            while isinstance(event := self._http.next_event(), h11.InformationalResponse):
                continue
        except h11.RemoteProtocolError as error:
            self._fail(f"What listens on {self._proxy.endpoint} is no HTTP proxy ({error}).")
            return b""
        if not isinstance(event, h11.Response):
            return b""
        if not 200 <= event.status_code < 300:
            status = f"{event.status_code} {event.reason.decode('latin-1')}".strip()
            advice = "; put user and password into its URL" if event.status_code == ASKS_FOR_PASSWORD else ""
            ends = f"{self._proxy.endpoint} opens no tunnel to {self._request.endpoint}"
            self._fail(f"The proxy {ends}: {status}{advice}.")
            return b""
        self._inner = _to_target(self._request)
        return self._http.trailing_data[0]

    def _fail(self, detail: str) -> None:
        self.failure = End(kind=EndKind.PROXY_ERROR, detail=detail)
