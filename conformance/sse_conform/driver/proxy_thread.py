"""The fault proxy in a thread of its own, for tests and clients that have no event loop, or one of their own."""

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future
from types import TracebackType
from typing import Self, TypeVar

from sse_conform.driver.clock import Clock
from sse_conform.driver.fault_proxy import FaultProxy
from sse_conform.driver.proxy_events import ProxyEvent
from sse_conform.driver.proxy_faults import Applied, Fault, Reach

T = TypeVar("T")
E = TypeVar("E")

_CALL_SECONDS = 10.0


class BackgroundProxy:
    """
    A :class:`~sse_conform.driver.fault_proxy.FaultProxy` that runs as long as its context is open.

    Its methods may be called from any thread; each returns when it has taken effect.

    :raises UsageError: the address cannot be listened on.
    """

    def __init__(self, *, clock: Clock | None = None, host: str = "127.0.0.1", port: int = 0) -> None:
        self.clock = clock or Clock()
        self._host = host
        self._port = port
        self._events: list[ProxyEvent] = []
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._main, name="fault-proxy", daemon=True)
        self._ready: Future[FaultProxy] = Future()
        self._stopped: Future[None] = Future()

    @property
    def url(self) -> str:
        """What a client is given as its proxy."""
        return self._ready.result().url

    @property
    def events(self) -> tuple[ProxyEvent, ...]:
        """Everything that happened so far, in order."""
        with self._changed:
            return tuple(self._events)

    def __enter__(self) -> Self:
        self._thread.start()
        self._ready.result(_CALL_SECONDS)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join()
        if error is None:
            self._stopped.result()

    def apply(
        self, fault: Fault, *, reach: Reach | None = None, match: str | None = None, seconds: float | None = None
    ) -> Applied:
        """Switch a fault on; the arguments are those of the proxy itself."""
        return self._call(lambda proxy: proxy.apply(fault, reach=reach, match=match, seconds=seconds))

    def lift(self, applied: Applied) -> None:
        """Switch one fault off."""
        self._call(lambda proxy: proxy.lift(applied))

    def restore(self) -> None:
        """Switch every fault off."""
        self._call(FaultProxy.restore)

    def wait_for(self, kind: type[E], *, count: int = 1, seconds: float = 10.0) -> list[E]:
        """
        The events of one kind, once there are `count` of them.

        :raises TimeoutError: there were fewer after so many seconds; the message lists what happened instead.
        """

        def found() -> list[E]:
            return [event for event in self._events if isinstance(event, kind)]

        with self._changed:
            if not self._changed.wait_for(lambda: len(found()) >= count, seconds):
                seen = "\n".join(f"  {event}" for event in self._events) or "  nothing"
                message = f"{len(found())} of {count} {kind.__name__} within {seconds:g} s; what happened:\n{seen}"
                raise TimeoutError(message)
            return found()

    def _call(self, action: Callable[[FaultProxy], T]) -> T:
        proxy = self._ready.result()

        async def act() -> T:
            return action(proxy)

        return asyncio.run_coroutine_threadsafe(act(), self._loop).result(_CALL_SECONDS)

    def _main(self) -> None:
        try:
            asyncio.run(self._serve())
        except BaseException as trouble:  # noqa: BLE001 - it is raised again in the thread that waits for it
            waiting = self._stopped if self._ready.done() else self._ready
            waiting.set_exception(trouble)
        else:
            self._stopped.set_result(None)

    async def _serve(self) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        async with FaultProxy(self.clock, on_event=self._keep, host=self._host, port=self._port) as proxy:
            self._ready.set_result(proxy)
            await self._stop.wait()

    def _keep(self, event: ProxyEvent) -> None:
        with self._changed:
            self._events.append(event)
            self._changed.notify_all()
