"""One client of the fault proxy: its requests, the targets they go to, and the bytes in between."""

import asyncio
import socket
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any

from sse_conform.driver.clock import Clock
from sse_conform.driver.proxy_events import (
    Cut,
    ProxyAccepted,
    ProxyAnswered,
    ProxyClientEnded,
    ProxyConnected,
    ProxyCut,
    ProxyEnded,
    ProxyEvent,
    ProxyForwarded,
    ProxyReceived,
    ProxyRequest,
    ProxyTargetEnded,
    WireEvent,
)
from sse_conform.driver.proxy_faults import FaultBoard, Gateway
from sse_conform.driver.proxy_inspection import Inspection
from sse_conform.driver.proxy_lane import Lane
from sse_conform.driver.proxy_request import (
    Answered,
    BadRequestError,
    RequestHead,
    RequestReader,
    ResponseWatch,
    Target,
    own_answer,
)
from sse_conform.driver.proxy_socket import close, reset, swallow, without_delay
from sse_conform.driver.proxy_wire import Wire, wire_to

_ESTABLISHED = b"HTTP/1.1 200 Connection established\r\n\r\n"


@dataclass(kw_only=True, slots=True)
class _Link:
    """The connection to a target, and the tasks that serve it."""

    wire: Wire
    authority: str
    lane: Lane
    tasks: list[asyncio.Task[None]] = field(default_factory=list)


class ProxyConnection:
    """
    What one client's connection goes through, from accept to end, as :meth:`run`.

    Each end of a side is passed on in kind: FIN as FIN in that direction, RST as RST. Requests on a connection are
    passed on one after the other; a target is kept as long as the requests go to the same one. Tunnels stay
    unseen, save those that an inspection opens: what they carry is then taken as if it had come without one.
    """

    def __init__(
        self,
        *,
        number: int,
        client: socket.socket,
        address: str,
        board: FaultBoard,
        clock: Clock,
        note: Callable[[ProxyEvent], None],
        source_address: str | None = None,
        on_wire: Callable[[WireEvent], None] | None = None,
        inspection: Inspection | None = None,
        candid: bool = False,
    ) -> None:
        self.number = number
        self.where: str | None = None
        self._client = Wire(without_delay(client))
        self._inspection = inspection
        self._candid = candid
        self._inside: Target | None = None
        self._address = address
        self._board = board
        self._clock = clock
        self._note = note
        self._source_address = source_address
        self._tell = on_wire or (lambda _event: None)
        self._requests = RequestReader()
        self._watch: ResponseWatch | None = None
        self._answered = asyncio.Event()
        self._answered.set()
        self._tunnel = False
        self._self_answered = False
        self._link: _Link | None = None
        self._sent_before = 0
        self._down = Lane(self._client, board.shapes(number, None)[1])
        self._cut: asyncio.Future[Cut] = asyncio.get_running_loop().create_future()
        self._silent = False
        self._reset = False

    def cut(self, how: Cut) -> None:
        """End the connection so; without effect where that was begun before."""
        if not self._cut.done() and not (self._silent and how is Cut.BLACKHOLE):
            self._cut.set_result(how)

    def reshape(self) -> None:
        """Let bytes flow as the faults of the moment say."""
        to_target, to_client = self._board.shapes(self.number, self.where)
        self._down.reshape(to_client)
        if self._link:
            self._link.lane.reshape(to_target)

    def discard(self) -> None:
        """Close what a connection holds that was given up before it began to run."""
        self._client.sock.close()

    async def run(self) -> None:
        """Serve the client until both ends are closed, or a fault cuts them."""
        self._note(ProxyAccepted(t=self._clock.now(), conn=self.number, client=self._address))
        try:
            stop = self._board.stop(self.number, None)
            if isinstance(stop, Cut):
                self.cut(stop)
            how = await self._until_cut(self._serve)
            while how is Cut.BLACKHOLE:
                self._silent, self._cut = True, asyncio.get_running_loop().create_future()
                how = await self._until_cut(self._swallow)
        finally:
            for sock in self._sockets():
                (reset if self._reset else close)(sock)
            self._note(ProxyEnded(t=self._clock.now(), conn=self.number, reset=self._reset))

    async def _until_cut(self, work: Callable[[], Coroutine[None, None, None]]) -> Cut | None:
        """Do the work up to its end, or up to a cut: which?"""
        if not self._cut.done():
            task = asyncio.create_task(work())
            ends: set[asyncio.Future[Any]] = {task, self._cut}
            try:
                await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
            finally:
                if not task.done():
                    task.cancel()
                    await asyncio.wait({task})
            if not task.cancelled():
                task.result()
        if not self._cut.done():
            return None
        how = self._cut.result()
        self._reset = how in {Cut.RESET, Cut.REFUSE}
        to_target = self._sent_before + (self._link.lane.sent if self._link else 0)
        self._note(
            ProxyCut(t=self._clock.now(), conn=self.number, how=how, to_client=self._down.sent, to_target=to_target)
        )
        return how

    async def _swallow(self) -> None:
        overhearing = [self._overhear(self._link.wire)] if self._link else []
        await asyncio.gather(swallow(self._client.sock), *overhearing)

    async def _overhear(self, target: Wire) -> None:
        """What comes from the target is told, though the client never gets it."""
        while data := await target.receive():
            if not self._tunnel:
                self._tell(ProxyReceived(t=self._clock.now(), conn=self.number, data=data))
        self._tell(ProxyTargetEnded(t=self._clock.now(), conn=self.number, reset=data is None))

    def _sockets(self) -> list[socket.socket]:
        return [self._client.sock, *([self._link.wire.sock] if self._link else ())]

    async def _serve(self) -> None:
        try:
            async with asyncio.TaskGroup() as tasks:
                self._tasks = tasks
                tasks.create_task(self._deliver_down())
                tasks.create_task(self._read_client())
        except* OSError:
            self._reset = True

    async def _read_client(self) -> None:
        while data := await self._client.receive():
            await self._take(data)
        self._tell(ProxyClientEnded(t=self._clock.now(), conn=self.number, reset=data is None))
        end = self._link.lane if self._link else self._down
        end.end(reset=data is None)

    async def _take(self, data: bytes) -> None:
        """Pass on what the client sent: bytes of a tunnel, or requests, each when the one before is answered."""
        while data and not self._self_answered and not self._cut.done():
            if self._requests.between_requests and not self._tunnel:
                await self._answered.wait()
            if self._tunnel:
                await self._to_target(data)
                return
            try:
                head, body, data = self._requests.feed(data)
            except BadRequestError as error:
                await self._answer(400, str(error))
                return
            if head:
                await self._begin(head)
            await self._to_target(body)

    async def _to_target(self, data: bytes) -> None:
        if self._link and not self._self_answered:
            await self._link.lane.put(data)

    async def _begin(self, head: RequestHead) -> None:
        """Pass a request on to its target, unless it names none or a fault keeps it."""
        try:
            target = head.target(self._inside)
        except BadRequestError as error:
            await self._answer(400, str(error))
            return
        headers = () if head.tunnel else head.listed
        request = ProxyRequest(
            t=self._clock.now(),
            conn=self.number,
            method=head.method,
            target=f"https://{target.where}" if self._inside else head.url,
            headers=headers,
        )
        self._note(request)
        self.where = target.where
        self.reshape()
        stop = self._board.stop(self.number, self.where)
        if head.tunnel and self._opens(target) and not isinstance(stop, Cut):
            await self._open(target)
            return
        match stop:
            case Cut() as how:
                self.cut(how)
            case Gateway(status=status):
                await self._answer(status, "A fault of the proxy keeps this request from its target.")
            case None:
                await self._pass_on(head, target, request)

    def _opens(self, target: Target) -> bool:
        return self._inspection is not None and self._inspection.authority == target.authority

    async def _open(self, tunnel: Target) -> None:
        """Be the target of this tunnel for the client; the connection to the real one waits for a request."""
        assert self._inspection is not None
        self._inside = tunnel
        await self._down.put(_ESTABLISHED)
        await self._down.drained()
        await self._client.secure(self._inspection.shown)

    async def _pass_on(self, head: RequestHead, target: Target, request: ProxyRequest) -> None:
        link = self._link
        if link is None or link.authority != target.authority:
            await self._leave()
            link = await self._connect(target)
            if link is None:
                return
        if head.tunnel:
            self._tunnel = True
            await self._down.put(_ESTABLISHED)
        else:
            self._tell(ProxyForwarded(t=self._clock.now(), conn=self.number, request=request))
            self._watch = ResponseWatch(head)
            self._answered.clear()
            await link.lane.put(self._board.rewritten(self.number, self.where, head.forwarded(target)))
        if not link.tasks:
            reading = self._tasks.create_task(self._read_target(link))
            link.tasks += [reading, self._tasks.create_task(self._deliver_up(link, reading))]

    async def _connect(self, target: Target) -> _Link | None:
        """The connection to a target; where there is none the client is told why."""
        context = self._inspection.context if self._inspection and self._inside else None
        wire = await wire_to(target, source_address=self._source_address, context=context)
        if isinstance(wire, str):
            if self._candid:
                self.cut(Cut.REFUSE)
            else:
                await self._answer(502, wire)
            return None
        lane = Lane(wire, self._board.shapes(self.number, self.where)[0])
        self._link = _Link(wire=wire, authority=target.authority, lane=lane)
        self._note(ProxyConnected(t=self._clock.now(), conn=self.number, client=self._address, target=target.authority))
        return self._link

    async def _leave(self) -> None:
        """Part from the target: its answer is complete, or not wanted any more."""
        if self._link is None:
            return
        link, self._link = self._link, None
        for task in link.tasks:
            task.cancel()
        await asyncio.wait(link.tasks)
        self._sent_before += link.lane.sent
        close(link.wire.sock)

    async def _answer(self, status: int, detail: str) -> None:
        """Answer a request in the target's stead, and end the connection then."""
        self._self_answered = True
        await self._leave()
        self._note(ProxyAnswered(t=self._clock.now(), conn=self.number, status=status, detail=detail))
        await self._down.put(own_answer(status, detail))
        self._down.end()

    async def _read_target(self, link: _Link) -> None:
        while data := await link.wire.receive():
            if not self._tunnel:
                self._tell(ProxyReceived(t=self._clock.now(), conn=self.number, data=data))
            watch = None if self._tunnel else self._watch
            progress = watch.receive(data) if watch else Answered.NOT_YET
            await self._down.put(data)
            if progress is not Answered.NOT_YET:
                self._tunnel = progress is Answered.SWITCHED
                self._answered.set()
        self._tell(ProxyTargetEnded(t=self._clock.now(), conn=self.number, reset=data is None))
        self._down.end(reset=data is None)
        self._answered.set()

    async def _deliver_down(self) -> None:
        if await self._down.deliver():
            raise ConnectionResetError
        self._client.end()

    async def _deliver_up(self, link: _Link, reading: asyncio.Task[None]) -> None:
        try:
            ended_by_reset = await link.lane.deliver()
        except OSError:
            await asyncio.wait({reading})  # the target may have answered before it closed: that comes first
            await self._down.drained()
            raise
        if ended_by_reset:
            raise ConnectionResetError
        link.wire.end()
