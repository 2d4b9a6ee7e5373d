"""
A forward HTTP proxy that cuts and bends connections on demand, so that clients meet real network trouble.

It takes absolute-form requests for http targets and CONNECT tunnels for everything else. As long as no fault is on, it
passes every piece on at once and unchanged, save for the request line and the headers meant for the proxy.
"""

import asyncio
import socket
from collections.abc import Callable
from types import TracebackType
from typing import Self

from sse_conform.driver.clock import Clock
from sse_conform.driver.proxy_connection import ProxyConnection
from sse_conform.driver.proxy_events import ProxyEvent, ProxySwitched, WireEvent
from sse_conform.driver.proxy_faults import (
    Applied,
    Fault,
    FaultBoard,
    Reach,
    Refuse,
    cut_of,
    describe,
    listener_closed,
    usual_reach,
)
from sse_conform.driver.proxy_inspection import Inspection
from sse_conform.driver.stream_records import format_endpoint
from sse_conform.errors import UsageError

_BACKLOG = 128


class FaultProxy:
    """
    The proxy, listening for as long as its context is open::

        async with FaultProxy(clock, on_event=events.append) as proxy:
            client = httpx.AsyncClient(proxy=proxy.url)
            ...
            proxy.apply(Reset())

    `on_event` is called in the event loop for everything that happens and must return at once. What it raises closes
    the connection concerned and comes out of the context.

    :param source_address: the local address to connect to targets from; the kernel's choice unless given.
    :param on_wire: told in the same way what goes to targets and every piece that comes from them, save in tunnels.
    :param inspection: the target whose tunnels are opened, so that faults and eyes reach what is inside.
    :param candid: who asks for a target that cannot be reached is refused, as without a proxy; else it is answered 502.
    :raises UsageError: the address cannot be listened on.
    """

    def __init__(
        self,
        clock: Clock,
        *,
        on_event: Callable[[ProxyEvent], None],
        host: str = "127.0.0.1",
        port: int = 0,
        source_address: str | None = None,
        on_wire: Callable[[WireEvent], None] | None = None,
        inspection: Inspection | None = None,
        candid: bool = False,
    ) -> None:
        self._clock = clock
        self._on_event = on_event
        self._host = host
        self._port = port
        self._source_address = source_address
        self._on_wire = on_wire
        self._inspection = inspection
        self._candid = candid
        self._board = FaultBoard()
        self._connections: dict[asyncio.Task[None], ProxyConnection] = {}
        self._timers: dict[Applied, asyncio.TimerHandle] = {}
        self._troubles: list[BaseException] = []
        self._last = 0
        self._listener: socket.socket | None = None
        self._listening = False

    @property
    def port(self) -> int:
        """The port it listens on."""
        return self._port

    @property
    def url(self) -> str:
        """What a client is given as its proxy."""
        return f"http://{format_endpoint(self._host, self._port)}"

    @property
    def connections(self) -> int:
        """How many clients are connected."""
        return len(self._connections)

    async def __aenter__(self) -> Self:
        self._listener = self._bound()
        self._port = self._listener.getsockname()[1]
        self._listen()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        for timer in self._timers.values():
            timer.cancel()
        self._close_listener()
        tasks = list(self._connections)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if self._troubles and error is None:
            raise self._troubles[0]

    def apply(
        self, fault: Fault, *, reach: Reach | None = None, match: str | None = None, seconds: float | None = None
    ) -> Applied:
        """
        Switch a fault on.

        :param reach: which connections it reaches; unless given, resets and closes those present, refusals those to
            come, and all else both.
        :param match: a shell pattern over `host:port/path?query` (`host:port` for a tunnel) that limits it to targets.
        :param seconds: switch it off after so long; else it holds until :meth:`lift` or :meth:`restore`.
        :raises ValueError: a closed listener cannot tell targets apart.
        """
        if isinstance(fault, Refuse) and fault.listener and match is not None:
            raise ValueError("without a listener nobody's target is known: leave out match, or listener")
        applied = Applied(fault=fault, reach=reach or usual_reach(fault), match=match, last=self._last)
        self._on_event(ProxySwitched(t=self._clock.now(), fault=describe(fault), on=True))
        if applied.lasts:
            self._board.add(applied)
            self._changed()
            if seconds is not None:
                self._timers[applied] = asyncio.get_running_loop().call_later(seconds, self.lift, applied)
        if how := cut_of(fault):
            for connection in self._connections.values():
                if applied.covers(connection.number, connection.where):
                    connection.cut(how)
        return applied

    def lift(self, applied: Applied) -> None:
        """Switch one fault off; without effect where it is off already."""
        if timer := self._timers.pop(applied, None):
            timer.cancel()
        if self._board.remove(applied):
            self._on_event(ProxySwitched(t=self._clock.now(), fault=describe(applied.fault), on=False))
            self._changed()

    def restore(self) -> None:
        """Switch every fault off: held bytes are released, and new connections work. What was cut stays cut."""
        for applied in self._board.applied:
            self.lift(applied)

    def _changed(self) -> None:
        for connection in self._connections.values():
            connection.reshape()
        if not listener_closed(self._board.applied):
            self._listen()
        elif self._listening:
            self._close_listener()
            self._listener = self._bound()  # not listening: the port stays ours, and who connects is refused

    def _bound(self) -> socket.socket:
        family = socket.AF_INET6 if ":" in self._host else socket.AF_INET
        listener = socket.socket(family, socket.SOCK_STREAM)
        try:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind((self._host, self._port))
        except (OSError, OverflowError) as error:
            listener.close()
            reason = error.strerror if isinstance(error, OSError) else error
            where = format_endpoint(self._host, self._port)
            hint = "choose another port, or 0 for any free one"
            raise UsageError(f"the proxy cannot listen on {where}: {reason}", hint=hint) from None
        listener.settimeout(0)
        return listener

    def _listen(self) -> None:
        if self._listener and not self._listening:
            self._listener.listen(_BACKLOG)
            asyncio.get_running_loop().add_reader(self._listener, self._accept, self._listener)
            self._listening = True

    def _close_listener(self) -> None:
        if self._listener:
            asyncio.get_running_loop().remove_reader(self._listener)
            self._listener.close()
        self._listener, self._listening = None, False

    def _accept(self, listener: socket.socket) -> None:
        try:
            client, address = listener.accept()
        except (BlockingIOError, ConnectionError):
            return  # whoever knocked is gone again
        except OSError as error:
            self._troubles.append(error)  # no descriptors left, most likely: better deaf than in a tight loop
            asyncio.get_running_loop().remove_reader(listener)
            return
        self._last += 1
        connection = ProxyConnection(
            number=self._last,
            client=client,
            address=format_endpoint(address[0], address[1]),
            board=self._board,
            clock=self._clock,
            note=self._on_event,
            source_address=self._source_address,
            on_wire=self._on_wire,
            inspection=self._inspection,
            candid=self._candid,
        )
        task = asyncio.create_task(connection.run())
        self._connections[task] = connection
        task.add_done_callback(self._forget)

    def _forget(self, task: asyncio.Task[None]) -> None:
        self._connections.pop(task).discard()
        if not task.cancelled() and (trouble := task.exception()):
            self._troubles.append(trouble)
