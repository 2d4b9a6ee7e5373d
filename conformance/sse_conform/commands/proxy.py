"""``conform proxy``: a forward proxy that breaks the network on schedule."""

import asyncio
import signal
from collections.abc import Sequence
from typing import assert_never
from urllib.parse import urlsplit

import click

from sse_conform.commands.fault_schedule import FORMS, Scheduled, parse
from sse_conform.driver.clock import Clock
from sse_conform.driver.fault_proxy import FaultProxy
from sse_conform.driver.proxy_events import (
    ProxyAccepted,
    ProxyAnswered,
    ProxyConnected,
    ProxyCut,
    ProxyEnded,
    ProxyEvent,
    ProxyRequest,
    ProxySwitched,
)
from sse_conform.errors import UsageError
from sse_conform.printable import printable

_FAULTS = "\b\nFaults, KIND[=ARG]@START[+DURATION] in seconds from the start:\n" + "\n".join(
    f"  {name:<9}  {what}" for name, what in FORMS.items()
)


@click.command("proxy", epilog=_FAULTS)
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="Port to listen on; any free one unless given.")
@click.option("--fault", "faults", metavar="FAULT", multiple=True, help="Switch a fault on; repeatable, see below.")
@click.option("--match", metavar="GLOB", help="Faults reach these targets only: a pattern over host:port/path?query.")
def command(host: str, port: int, faults: tuple[str, ...], match: str | None) -> None:
    """
    Run a forward HTTP proxy that cuts and bends connections on schedule, until interrupted.

    Clients use it as their proxy for http targets and, through CONNECT, for TLS ones. It prints one line for each thing
    that happens, with the seconds since its start.
    """
    schedule = [parse(text) for text in faults]
    if match is not None and any("listener" in text for text in faults):
        raise UsageError("--match cannot go with refuse=listener", hint="without a listener no target is known")
    asyncio.run(_serve(host, port, schedule, match))


async def _serve(host: str, port: int, schedule: Sequence[Scheduled], match: str | None) -> None:
    loop = asyncio.get_running_loop()
    events: asyncio.Queue[ProxyEvent | None] = asyncio.Queue()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, events.put_nowait, None)
    async with FaultProxy(Clock(), on_event=events.put_nowait, host=host, port=port) as proxy:
        click.echo(f"listening on {proxy.url}")
        for each in schedule:
            click.echo(f"  {each}" + (f", for {match}" if match is not None else ""))
            loop.call_later(each.start, _begin, proxy, each, match)
        while event := await events.get():
            click.echo(_line(event))
    while not events.empty():
        if event := events.get_nowait():
            click.echo(_line(event))


def _begin(proxy: FaultProxy, each: Scheduled, match: str | None) -> None:
    proxy.apply(each.fault, reach=each.reach, match=match, seconds=each.duration)


def _line(event: ProxyEvent) -> str:
    """What happened as one line."""
    match event:
        case ProxySwitched():
            return f"{event.t / 1e9:9.3f} s  {event.fault}: {'on' if event.on else 'off'}"
        case _:
            return f"{event.t / 1e9:9.3f} s  #{event.conn} {printable(_deed(event))}"


def _deed(
    event: ProxyAccepted | ProxyRequest | ProxyConnected | ProxyAnswered | ProxyCut | ProxyEnded,
) -> str:
    match event:
        case ProxyAccepted():
            return f"accepted from {event.client}"
        case ProxyRequest():
            last = "" if event.last_event_id is None else f", Last-Event-ID {event.last_event_id}"
            return f"{event.method} {_without_secrets(event.target)}{last}"
        case ProxyConnected():
            return f"connected to {event.target}"
        case ProxyAnswered():
            return f"answered {event.status} by the proxy: {event.detail}"
        case ProxyCut():
            return f"cut by {event.how}: {event.to_client} bytes to the client, {event.to_target} to the target"
        case ProxyEnded():
            return "ended by RST" if event.reset else "ended"
    assert_never(event)


def _without_secrets(url: str) -> str:
    """A URL as it may be shown: queries and passwords carry tokens."""
    shown, question, _ = url.partition("?")
    try:
        user = urlsplit(shown).username
    except ValueError:
        user = None
    if user is not None:
        shown = f"{shown.partition('://')[0]}://...@{shown.rpartition('@')[2]}"
    return shown + ("?..." if question else "")
