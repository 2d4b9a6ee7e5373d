"""A socket of the proxy with what it carries: bytes as they are, or the plain text of the TLS inside."""

import asyncio
import contextlib
import socket
import ssl

from sse_conform.driver.connection import connect
from sse_conform.driver.proxy_lane import PIECE_BYTES
from sse_conform.driver.proxy_request import Target
from sse_conform.driver.proxy_socket import close, receive, without_delay
from sse_conform.driver.stream_records import End, StreamRequest

_CONNECT_SECONDS = 10.0


class Wire:
    """One end of a connection. Who closes the socket itself cuts it, with whatever is inside."""

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        self._tls: ssl.SSLObject | None = None
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._sending = asyncio.Lock()

    async def secure(self, context: ssl.SSLContext, *, name: str | None = None) -> None:
        """
        Shake hands: as the client of the server of this ``name``, without one as the server.

        :raises OSError: the peer left, or does not agree.
        """
        tls = context.wrap_bio(self._incoming, self._outgoing, server_side=name is None, server_hostname=name)
        while self._tls is None:
            try:
                tls.do_handshake()
                self._tls = tls
            except ssl.SSLWantReadError:
                await self._flush()
                data = await receive(self.sock)
                if not data:
                    raise ConnectionResetError("the peer left during the TLS handshake") from None
                self._incoming.write(data)
            except ssl.SSLError:
                await self._flush()  # the alert says why
                raise
        await self._flush()

    async def receive(self) -> bytes | None:
        """The next bytes as soon as there are any; empty at an end in good order, None at RST or a broken record."""
        while self._tls is not None:
            try:
                return self._tls.read(PIECE_BYTES)
            except ssl.SSLWantReadError:
                await self._flush()
            except ssl.SSLError:
                return None
            data = await receive(self.sock)
            if not data:
                return data
            self._incoming.write(data)
        return await receive(self.sock)

    async def send(self, data: memoryview) -> None:
        """
        Send all of this.

        :raises OSError: it cannot be written to.
        """
        if self._tls is None:
            await asyncio.get_running_loop().sock_sendall(self.sock, data)
        else:
            self._tls.write(data)
            await self._flush()

    def end(self) -> None:
        """Send FIN; nothing follows, which TLS announces in words of its own."""
        if self._tls is not None:
            with contextlib.suppress(ssl.SSLError):  # the words are there before the peer's own are missed
                self._tls.unwrap()
            with contextlib.suppress(BlockingIOError):  # who reads nothing hears no farewell
                self.sock.send(self._outgoing.read())
        self.sock.shutdown(socket.SHUT_WR)

    async def _flush(self) -> None:
        """Send the records that are due; both directions make some."""
        async with self._sending:
            if self._outgoing.pending:
                await asyncio.get_running_loop().sock_sendall(self.sock, self._outgoing.read())


async def wire_to(target: Target, *, source_address: str | None, context: ssl.SSLContext | None) -> Wire | str:
    """A connection to a target, by TLS where there is a context for it; or why there is none."""
    request = StreamRequest(host=target.host, port=target.port, target=target.path, source_address=source_address)
    sock = await connect(request, within=_CONNECT_SECONDS, receive_buffer=None)
    if isinstance(sock, End):
        return sock.detail
    wire = Wire(without_delay(sock))
    if context is None:
        return wire
    try:
        async with asyncio.timeout(_CONNECT_SECONDS):
            await wire.secure(context, name=target.host)
    except BaseException as trouble:
        close(sock)
        if isinstance(trouble, OSError):  # TimeoutError is one, too
            reason = str(trouble) or f"nothing within {_CONNECT_SECONDS:g} s"
            return f"TLS with {target.authority} failed: {reason}."
        raise
    return wire
