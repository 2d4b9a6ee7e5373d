"""
A look at whether anybody listens: a bare connection to the target, closed again.

No request goes out, so it is no attempt. Through a proxy it is a tunnel that is asked for; what the proxy answers by
502, 503 and 504 it could not reach (RFC 9110, 15.6.3 to 15.6.5).
"""

import asyncio
import contextlib
from enum import Enum, auto

from sse_conform.driver.connection import connect
from sse_conform.driver.stream_records import End, ForwardProxy, StreamRequest
from sse_conform.entries import EndKind

#: A connection that is still open after so many seconds was accepted by somebody.
KEPT = 0.1
#: A connection that takes longer than this to come up is none, in seconds.
TIMEOUT = 1.0
_UNREACHED = range(502, 505)


class Look(Enum):
    """What a look came to."""

    LISTENS = auto()
    DROPS = auto()
    """The connection was accepted, and ended at once."""
    REFUSES = auto()
    SILENT = auto()
    """Nothing can be told."""


async def knock(request: StreamRequest) -> Look:
    """Look at the target of this request, once."""
    if request.proxy is not None:
        return await _through(request.proxy, request.endpoint)
    outcome = await connect(request, within=TIMEOUT, receive_buffer=None)
    if isinstance(outcome, End):
        return Look.REFUSES if outcome.kind is EndKind.REFUSED else Look.SILENT
    with contextlib.closing(outcome) as sock:
        try:
            async with asyncio.timeout(KEPT):
                await asyncio.get_running_loop().sock_recv(sock, 1)
        except TimeoutError:
            return Look.LISTENS
        except OSError:
            return Look.DROPS
    return Look.DROPS


async def _through(proxy: ForwardProxy, endpoint: str) -> Look:
    headers = "".join(f"{name}: {value}\r\n" for name, value in (("host", endpoint), *proxy.headers))
    asks = f"CONNECT {endpoint} HTTP/1.1\r\n{headers}\r\n".encode("latin-1")
    try:
        async with asyncio.timeout(TIMEOUT):
            reader, writer = await asyncio.open_connection(proxy.host, proxy.port, ssl=proxy.tls)
    except OSError:  # a TimeoutError is one
        return Look.SILENT
    with contextlib.closing(writer):
        try:
            async with asyncio.timeout(TIMEOUT):
                writer.write(asks)
                head = await reader.readuntil(b"\r\n\r\n")
            status = int(head.split(None, 2)[1])
        except (OSError, EOFError, ValueError, IndexError, asyncio.LimitOverrunError):
            return Look.SILENT
        if not 200 <= status < 300:
            return Look.REFUSES if status in _UNREACHED else Look.SILENT
        try:
            async with asyncio.timeout(KEPT):
                await reader.read(1)
        except TimeoutError:
            return Look.LISTENS
        except OSError:
            return Look.DROPS
    return Look.DROPS
