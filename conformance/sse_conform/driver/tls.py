"""TLS between a raw socket and its reader: ssl.MemoryBIO keeps the socket, and so the kernel's stamps, ours."""

import contextlib
import ssl
from typing import Protocol

from sse_conform.driver.stream_records import End
from sse_conform.entries import EndKind

_RECORD_BYTES = 16 * 1024

# What OpenSSL says when the first octets of the answer are no TLS record.
_NOT_TLS = frozenset({"WRONG_VERSION_NUMBER", "HTTP_REQUEST", "PACKET_LENGTH_TOO_LONG", "RECORD_LAYER_FAILURE"})


class Channel(Protocol):
    """What lies between the socket and HTTP. All methods work on octets; none touches the network."""

    failure: End | None
    """Why the channel is broken, once it is."""

    @property
    def established(self) -> bool:
        """Whether the request may be sent."""

    @property
    def peer_closed(self) -> bool:
        """Whether the peer announced the end of its data inside the channel."""

    @property
    def protocol(self) -> str:
        """What was agreed upon by ALPN; empty without that."""

    @property
    def waiting(self) -> str:
        """What has not happened, as the beginning of a sentence, while the channel is not established."""

    def receive(self, data: bytes) -> bytes:
        """Take octets off the wire; returns what they carry."""

    def send(self, data: bytes) -> None:
        """Queue plain octets for the peer."""

    def close(self) -> None:
        """Queue the announcement that no more data follows."""

    def cut(self) -> End:
        """What it means that the connection ends before the channel is established."""

    def outgoing(self) -> bytes:
        """Take the octets that are due on the wire."""


class PlainChannel:
    """No TLS: what is on the wire is what is meant."""

    established = True
    peer_closed = False
    protocol = ""
    waiting = ""
    failure: End | None = None

    def __init__(self) -> None:
        self._outgoing = b""

    def receive(self, data: bytes) -> bytes:
        """Take octets off the wire; they carry themselves."""
        return data

    def send(self, data: bytes) -> None:
        """Queue octets for the peer."""
        self._outgoing += data

    def close(self) -> None:
        """Nothing to announce: FIN says it."""

    def cut(self) -> End:
        """It is established from the beginning."""
        raise AssertionError

    def outgoing(self) -> bytes:
        """Take the octets that are due on the wire."""
        data, self._outgoing = self._outgoing, b""
        return data


class TlsChannel:
    """
    The client's side of a TLS connection with `endpoint`; the hello is due on the wire at once.

    `name` is what the certificate must carry.
    """

    def __init__(self, context: ssl.SSLContext, name: str, *, endpoint: str) -> None:
        self._name = name
        self._endpoint = endpoint
        self._incoming = ssl.MemoryBIO()
        self._outgoing = ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._incoming, self._outgoing, server_hostname=name)
        self.established = False
        self.peer_closed = False
        self.failure: End | None = None
        self._shake_hands()

    @property
    def protocol(self) -> str:
        """What was agreed upon by ALPN."""
        return self._tls.selected_alpn_protocol() or ""

    @property
    def waiting(self) -> str:
        """The handshake."""
        return f"{self._endpoint} did not finish the TLS handshake"

    def receive(self, data: bytes) -> bytes:
        """Take octets off the wire; returns the plain text of the records they complete."""
        self._incoming.write(data)
        if not self.established:
            self._shake_hands()
        return self._read() if self.established else b""

    def send(self, data: bytes) -> None:
        """Queue plain octets for the peer."""
        self._tls.write(data)

    def close(self) -> None:
        """Queue close_notify, so that the peer can tell the end from a cut (RFC 8446, 6.1)."""
        if self.established:
            # It is written before the peer's own close_notify is missed, which is not waited for.
            with contextlib.suppress(ssl.SSLError):
                self._tls.unwrap()

    def cut(self) -> End:
        """What it means that the connection ends during the handshake."""
        detail = f"{self._endpoint} closed the connection during the TLS handshake: does this port speak TLS?"
        return End(kind=EndKind.TLS_ERROR, detail=detail)

    def outgoing(self) -> bytes:
        """Take the records that are due on the wire."""
        return self._outgoing.read()

    def _shake_hands(self) -> None:
        try:
            self._tls.do_handshake()
        except ssl.SSLWantReadError:
            return
        except ssl.SSLError as error:
            self._fail(error)
            return
        self.established = True

    def _read(self) -> bytes:
        plain = bytearray()
        try:
            while piece := self._tls.read(_RECORD_BYTES):
                plain += piece
            self.peer_closed = True
        except ssl.SSLWantReadError:
            return bytes(plain)
        except ssl.SSLError as error:
            self._fail(error)
        return bytes(plain)

    def _fail(self, error: ssl.SSLError) -> None:
        self.failure = End(kind=EndKind.TLS_ERROR, detail=_explain(self._endpoint, self._name, error))


def _explain(endpoint: str, name: str, error: ssl.SSLError) -> str:
    """What went wrong with TLS and what to do about it, in a sentence or two."""
    if isinstance(error, ssl.SSLCertVerificationError):
        advice = (
            "if it is meant, name its CA in the TLS options of the target profile, or switch verification off there "
            "for a test target; a name that does not match is corrected in the target URL"
        )
        return f"The certificate of {endpoint} is not trusted for {name!r} ({error.verify_message}): {advice}."
    if error.reason in _NOT_TLS:
        return f"{endpoint} does not answer with TLS: use http:// in the target URL, or correct the port."
    return f"TLS with {endpoint} failed ({error.reason or error}): check its protocol versions and keys."
