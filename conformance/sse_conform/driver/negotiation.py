"""Which version of HTTP a target speaks inside TLS: a handshake, and no request (RFC 7301)."""

import asyncio
import contextlib

from sse_conform.driver.connection import connect
from sse_conform.driver.stream_records import End, ForwardProxy, StreamRequest
from sse_conform.driver.trust import http2_context
from sse_conform.driver.tunnel import channel_of
from sse_conform.profile import Profile

#: A handshake that takes longer than this is none, in seconds.
TIMEOUT = 5.0
_READ_BYTES = 16 * 1024


async def speaks_http2(profile: Profile, proxy: ForwardProxy | None) -> bool | None:
    """Whether the target chooses HTTP/2 as it would with a browser; None where no handshake came to its end."""
    context = http2_context(profile.tls)
    request = StreamRequest(host=profile.host, port=profile.port, target="/", tls=context, proxy=proxy)
    chosen = await negotiate(request, within=TIMEOUT)
    return None if chosen is None else chosen == "h2"


async def negotiate(request: StreamRequest, *, within: float) -> str | None:
    """
    What the target chooses of that which the request's TLS context offers, empty where it chooses nothing.

    None where no handshake came to its end within so many seconds.
    """
    outcome = await connect(request, within=within, receive_buffer=None)
    if isinstance(outcome, End):
        return None
    loop, channel = asyncio.get_running_loop(), channel_of(request)
    with contextlib.closing(outcome) as sock, contextlib.suppress(OSError):  # a TimeoutError is one
        async with asyncio.timeout(within):
            while channel.failure is None:
                await loop.sock_sendall(sock, channel.outgoing())
                if channel.established:
                    return channel.protocol
                if not (data := await loop.sock_recv(sock, _READ_BYTES)):
                    break
                channel.receive(data)
    return None
