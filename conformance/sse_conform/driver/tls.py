"""TLS between a raw socket and its reader: ssl.MemoryBIO keeps the socket, and so the kernel's stamps, ours."""

import contextlib
import ssl
from typing import Protocol

from sse_conform.driver.stream_records import StreamRequest

_RECORD_BYTES = 16 * 1024

# What OpenSSL says when the first octets of the answer are no TLS record.
_NOT_TLS = frozenset({"WRONG_VERSION_NUMBER", "HTTP_REQUEST", "PACKET_LENGTH_TOO_LONG", "RECORD_LAYER_FAILURE"})


class Channel(Protocol):
    """What lies between the socket and HTTP. All methods work on octets; none touches the network."""

    established: bool
    """Whether the request may be sent."""
    peer_closed: bool
    """Whether the peer announced the end of its data inside the channel."""
    failure: ssl.SSLError | None
    """Why the channel is broken, once it is."""

    def receive(self, data: bytes) -> bytes:
        """Take octets off the wire; returns what they carry."""

    def send(self, data: bytes) -> None:
        """Queue plain octets for the peer."""

    def close(self) -> None:
        """Queue the announcement that no more data follows."""

    def outgoing(self) -> bytes:
        """Take the octets that are due on the wire."""


class PlainChannel:
    """No TLS: what is on the wire is what is meant."""

    established = True
    peer_closed = False
    failure: ssl.SSLError | None = None

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

    def outgoing(self) -> bytes:
        """Take the octets that are due on the wire."""
        data, self._outgoing = self._outgoing, b""
        return data


class TlsChannel:
    """The client's side of a TLS connection; the hello is due on the wire at once."""

    def __init__(self, context: ssl.SSLContext, server_hostname: str) -> None:
        self._incoming = ssl.MemoryBIO()
        self._outgoing = ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._incoming, self._outgoing, server_hostname=server_hostname)
        self.established = False
        self.peer_closed = False
        self.failure: ssl.SSLError | None = None
        self._shake_hands()

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

    def outgoing(self) -> bytes:
        """Take the records that are due on the wire."""
        return self._outgoing.read()

    def _shake_hands(self) -> None:
        try:
            self._tls.do_handshake()
        except ssl.SSLWantReadError:
            return
        except ssl.SSLError as error:
            self.failure = error
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
            self.failure = error
        return bytes(plain)


def explain_tls_failure(request: StreamRequest, error: ssl.SSLError) -> str:
    """What went wrong with TLS and what to do about it, in a sentence or two."""
    name = request.server_hostname or request.host
    if isinstance(error, ssl.SSLCertVerificationError):
        advice = (
            "if it is meant, name its CA in the TLS options of the target profile, or switch verification off there "
            "for a test target; a name that does not match is corrected in the target URL"
        )
        return f"The certificate of {request.endpoint} is not trusted for {name!r} ({error.verify_message}): {advice}."
    if error.reason in _NOT_TLS:
        return f"{request.endpoint} does not answer with TLS: use http:// in the target URL, or correct the port."
    return f"TLS with {request.endpoint} failed ({error.reason or error}): check its protocol versions and keys."
