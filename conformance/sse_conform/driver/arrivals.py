"""Reading a TCP socket with the kernel's arrival times (Linux SO_TIMESTAMPNS)."""

import atexit
import contextlib
import functools
import socket
import struct
import sys
from dataclasses import dataclass

from sse_conform.driver.clock import Clock
from sse_conform.entries import Stamp

# asm-generic/socket.h; the socket module does not name it. The control message carries the same number.
_SO_TIMESTAMPNS = 35
_TIMESPEC = struct.Struct("@ll")
_ANCILLARY_BYTES = socket.CMSG_SPACE(_TIMESPEC.size)

# One read of this size for each wake-up: a flood on one stream cannot starve the others, and a burst keeps its grain.
_READ_BYTES = 16 * 1024

# Two mappings of one stamp differ by less than this; a stamp further out of order was taken across a step of the wall
# clock, and then the time of reading is closer to the truth.
_STAMP_SLACK = 1_000_000


def request_kernel_stamps(sock: socket.socket) -> None:
    """
    Ask for arrival times, before connecting.

    Where the system has none, reads carry `Stamp.USER` instead; so they may in the first milliseconds of the first
    connection of a process, while the kernel switches stamping on.
    """
    if sys.platform == "linux":
        with contextlib.suppress(OSError):
            sock.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMPNS, 1)
            _keep_stamping()


@functools.cache
def _keep_stamping() -> None:
    """Hold a socket that asks for stamps until the process ends: without any, the kernel switches stamping off."""
    sock = socket.socket()
    atexit.register(sock.close)
    sock.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMPNS, 1)


@dataclass(frozen=True, kw_only=True, slots=True)
class Arrival:
    """What one read returned; empty `data` is the peer's FIN."""

    data: bytes
    t: int
    stamp: Stamp


class ArrivalReader:
    """Reads pieces and their arrival times off one connected, non-blocking socket."""

    def __init__(self, sock: socket.socket, clock: Clock) -> None:
        self._socket = sock
        self._clock = clock
        self._latest = 0

    def read(self) -> Arrival:
        """
        Read once.

        The kernel merges segments that wait unread; such a piece carries the arrival of its last segment.

        :raises OSError: what `recv` raises, BlockingIOError among them.
        """
        data, ancillary, _, _ = self._socket.recvmsg(_READ_BYTES, _ANCILLARY_BYTES)
        now = self._clock.now()
        t, stamp = now, Stamp.USER
        for level, kind, value in ancillary:
            if level == socket.SOL_SOCKET and kind == _SO_TIMESTAMPNS and len(value) == _TIMESPEC.size:
                seconds, nanoseconds = _TIMESPEC.unpack(value)
                arrived = self._clock.from_realtime(seconds * 1_000_000_000 + nanoseconds)
                if self._latest - _STAMP_SLACK <= arrived <= now + _STAMP_SLACK:
                    t, stamp = min(max(arrived, self._latest), now), Stamp.KERNEL
        self._latest = t
        return Arrival(data=data, t=t, stamp=stamp)
