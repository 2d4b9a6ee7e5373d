"""How the proxy reads and closes its sockets, so that the peer sees exactly the FIN or RST that is meant."""

import asyncio
import contextlib
import socket
import struct

from sse_conform.driver.proxy_lane import PIECE_BYTES

#: More than a receive buffer holds, and an end where the peer sends as fast as it is read.
_LAST_READS = 256
_LINGER_ZERO = struct.pack("ii", 1, 0)


async def receive(sock: socket.socket) -> bytes | None:
    """The next bytes as soon as there are any; empty at FIN, None at RST."""
    try:
        return await asyncio.get_running_loop().sock_recv(sock, PIECE_BYTES)
    except OSError:
        return None


async def swallow(sock: socket.socket) -> None:
    """Read and forget until the peer ends."""
    while await receive(sock):
        pass


def without_delay(sock: socket.socket) -> socket.socket:
    """Send every piece at once, however small it is."""
    sock.settimeout(0)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return sock


def reset(sock: socket.socket) -> None:
    """Close by RST; what was not sent yet is lost."""
    with contextlib.suppress(OSError):  # the peer may have reset it before: that is what is wanted
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_ZERO)
    sock.close()


def close(sock: socket.socket) -> None:
    """Close by FIN. What lies unread is read first, since closing over it would send RST instead (RFC 2525, 2.17)."""
    with contextlib.suppress(OSError):  # not connected any more: there is nobody left to tell
        sock.shutdown(socket.SHUT_WR)
        for _ in range(_LAST_READS):
            if not sock.recv(PIECE_BYTES):
                break
    sock.close()
