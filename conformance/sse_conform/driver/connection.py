"""Name resolution and TCP connect, with every failure put in plain words."""

import asyncio
import socket
from typing import Any

from sse_conform.driver.arrivals import request_kernel_stamps
from sse_conform.driver.stream_records import End, StreamRequest
from sse_conform.entries import EndKind


async def connect(request: StreamRequest, *, within: float, receive_buffer: int | None) -> socket.socket | End:
    """
    A connected non-blocking socket to the target, or to the proxy on the way; or why there is none.

    The addresses of the host are tried in turn, each for its share of the `within` seconds, so that one silent address
    does not use up the time of a good one. `receive_buffer` sets SO_RCVBUF in bytes, for a reader meant to fall behind.
    """
    if request.proxy is None:
        return await _connect(request, within=within, receive_buffer=receive_buffer)
    proxy = StreamRequest(host=request.proxy.host, port=request.proxy.port, target="")
    outcome = await _connect(proxy, within=within, receive_buffer=receive_buffer)
    if isinstance(outcome, End):
        reason = outcome.kind.value.replace("_", " ")
        detail = f"The proxy {proxy.endpoint} cannot be reached ({reason}): start it, or correct proxy in the profile."
        return End(kind=EndKind.PROXY_ERROR, detail=detail)
    return outcome


async def _connect(request: StreamRequest, *, within: float, receive_buffer: int | None) -> socket.socket | End:
    loop = asyncio.get_running_loop()
    deadline = loop.time() + within
    addresses = await _resolve(request, within=within)
    if isinstance(addresses, End):
        return addresses
    failures: list[End] = []
    for position, (family, address) in enumerate(addresses):
        share = max(0.0, deadline - loop.time()) / (len(addresses) - position)
        outcome = await _connect_to(request, family, address, within=share, receive_buffer=receive_buffer)
        if not isinstance(outcome, End):
            return outcome
        failures.append(outcome)
    # A machine without IPv6 cannot reach ::1 either: what a reachable address said tells more.
    return next((failure for failure in failures if failure.kind is not EndKind.UNREACHABLE), failures[-1])


async def _resolve(request: StreamRequest, *, within: float) -> list[tuple[int, tuple[Any, ...]]] | End:
    """The (family, address) pairs of the host, restricted to the family of the source address if one is set."""
    family = socket.AF_UNSPEC
    if request.source_address is not None:
        family = socket.AF_INET6 if ":" in request.source_address else socket.AF_INET
    try:
        async with asyncio.timeout(within):
            found = await asyncio.get_running_loop().getaddrinfo(
                request.host, request.port, family=family, type=socket.SOCK_STREAM
            )
    except TimeoutError:
        detail = f"The host name {request.host!r} was not resolved within {within:g} s: check the DNS settings."
        return End(kind=EndKind.CONNECT_TIMEOUT, detail=detail)
    except (socket.gaierror, UnicodeError) as error:
        reason = error.strerror if isinstance(error, socket.gaierror) else str(error)
        detail = f"The host name {request.host!r} cannot be resolved ({reason}): check the spelling of the target URL."
        return End(kind=EndKind.UNREACHABLE, detail=detail)
    return [(family, address) for family, _, _, _, address in found]


async def _connect_to(
    request: StreamRequest, family: int, address: tuple[Any, ...], *, within: float, receive_buffer: int | None
) -> socket.socket | End:
    sock = socket.socket(family, socket.SOCK_STREAM)
    connected = False
    try:
        sock.settimeout(0)
        request_kernel_stamps(sock)
        if receive_buffer is not None:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        if request.source_address is not None:
            sock.bind((request.source_address, 0))
        async with asyncio.timeout(within):
            await asyncio.get_running_loop().sock_connect(sock, address)
        connected = True
    except OSError as error:
        return _describe(request, error, within=within)
    else:
        return sock
    finally:
        if not connected:
            sock.close()


def _describe(request: StreamRequest, error: OSError, *, within: float) -> End:
    match error:
        case ConnectionRefusedError():
            kind = EndKind.REFUSED
            detail = f"Nothing listens on {request.endpoint} (refused): start the target or correct the port."
        case TimeoutError():
            kind = EndKind.CONNECT_TIMEOUT
            detail = f"{request.endpoint} did not accept a connection within {within:.1f} s: is a firewall in between?"
        case ConnectionError():
            kind = EndKind.RESET
            detail = f"{request.endpoint} reset the connection while it was being made."
        case _:
            kind = EndKind.UNREACHABLE
            source = f" from {request.source_address}" if request.source_address else ""
            detail = f"{request.endpoint} cannot be reached{source}: {error.strerror or error}."
    return End(kind=kind, detail=detail)
