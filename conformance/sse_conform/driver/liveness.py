"""
Whether the target's process lives: looked at when a connection is lost, and recorded where nobody listens any more.

One connection that ends says nothing of the process: a worker or a proxy may have closed it. It is gone where a new
connection is refused and no stream has survived.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable

from sse_conform.death_entry import Died
from sse_conform.deaths import actions_before
from sse_conform.driver.clock import Clock
from sse_conform.driver.knock import Look, knock
from sse_conform.driver.stream_records import ForwardProxy, StreamRequest
from sse_conform.driver.subscription import LiveSubscription
from sse_conform.errors import DeadTargetError
from sse_conform.profile import Profile
from sse_conform.recorder import Recorder

#: So long a target that died is waited for, in seconds: its supervisor may start it again.
PATIENCE = 20.0
#: Between two looks at a target that is gone, in seconds.
BETWEEN = 0.1
#: A process that ends closes its sockets one by one: so many looks until its listener is gone too.
LOOKS = 4
#: The ends of its streams may be on their way for so long, in seconds.
LAST_WORDS = 0.1


class Liveness:
    """
    Told of each connection that is lost; tells scenes that the target is gone, and waits for its return.

    ``streams`` are all attempts of the run: where one of them stays open the process lives. ``on_return`` is called
    when a target that died or was stopped is back, for it may have forgotten whom it knew.
    """

    def __init__(
        self,
        profile: Profile,
        clock: Clock,
        recorder: Recorder,
        streams: Iterable[LiveSubscription],
        *,
        tell: Callable[[str], None] = lambda _text: None,
        proxy: ForwardProxy | None = None,
    ) -> None:
        self._request = StreamRequest(host=profile.host, port=profile.port, target="/", proxy=proxy)
        self._clock = clock
        self._recorder = recorder
        self._streams = streams
        self._tell = tell
        self._gone = asyncio.Event()
        self._clear = asyncio.Event()
        self._clear.set()
        self._deaths = 0
        self._met = False
        self._excused = False
        self._examination: asyncio.Task[None] | None = None
        self.on_return: Callable[[], None] = lambda: None

    def met(self) -> None:
        """The target answered on the stream route: from now on it can die."""
        self._met = True

    def suspect(self, t: int) -> None:
        """A connection was lost or refused at ``t``: find out whether the process is gone, unless that is under way."""
        if self._gone.is_set() or (self._examination and not self._examination.done()):
            return
        if not self._met or self._excused:
            return  # what never answered has not died: the preflight says what else is wrong
        self._clear.clear()
        self._examination = asyncio.create_task(self._examine(t))

    def excuse(self) -> None:
        """The target is being stopped on purpose: until it is back, connections that are lost raise no suspicion."""
        self._excused = True

    def demand(self) -> None:
        """The target was started again: it may have forgotten whom it knew, and from now on it can die as before."""
        self._excused = False
        self.on_return()

    @property
    def died(self) -> bool:
        """Whether the target died in this run, however often."""
        return self._deaths > 0

    async def returned(self) -> bool:
        """Wait until nothing is in doubt and the target listens, or was waited for in vain; whether it listens."""
        if self._examination is not None:
            await asyncio.shield(self._examination)
        return not self._gone.is_set()

    async def during(self, play: Awaitable[None]) -> None:
        """
        Let a scene play on as long as the target lives; DeadTargetError where it dies meanwhile, or is dead.

        What a scene last did may be what killed it, so the scene is not over while that is in doubt.
        """
        playing, gone = asyncio.ensure_future(play), asyncio.ensure_future(self._gone.wait())
        try:
            await asyncio.wait({playing, gone}, return_when=asyncio.FIRST_COMPLETED)
            await self._clear.wait()
            if self._gone.is_set():
                raise self._death()
            playing.result()
        finally:
            for task in (playing, gone):
                task.cancel()
            await asyncio.wait({playing, gone})

    async def close(self) -> None:
        """Look no more."""
        if self._examination is not None:
            self._examination.cancel()
            await asyncio.wait({self._examination})

    def _death(self) -> DeadTargetError:
        return DeadTargetError(
            f"the target died: nobody listens on {self._request.endpoint} any more",
            hint="look into its logs; a supervisor that starts it again lets the suite find out what it died of",
        )

    async def _examine(self, since: int) -> None:
        """Look until it is clear whether the process is gone, and if so until it is back."""
        try:
            if not await self._is_gone():
                return
            self._gone.set()
        finally:
            self._clear.set()
        self._deaths += 1
        endpoint, back = self._request.endpoint, 0
        self._tell(f"the target died: nobody listens on {endpoint} any more; waiting up to {PATIENCE:g} s for it")
        try:
            back = await self._return()
        finally:
            after = actions_before(self._recorder.entries, since)
            self._recorder.add(Died(t=since, endpoint=endpoint, back=back, after=after))
        if back:
            self._tell(f"the target listens again after {(back - since) / 1e9:.1f} s")
            self.on_return()
            self._gone.clear()

    async def _return(self) -> int:
        """When somebody listens again; 0 where nobody does for as long as we wait."""
        deadline = asyncio.get_running_loop().time() + PATIENCE
        while asyncio.get_running_loop().time() < deadline:
            if await knock(self._request) in {Look.LISTENS, Look.DROPS}:
                return self._clock.now()
            await asyncio.sleep(BETWEEN)
        return 0

    async def _is_gone(self) -> bool:
        for _ in range(LOOKS):
            match await knock(self._request):
                case Look.LISTENS:
                    return False
                case Look.REFUSES:
                    await asyncio.sleep(LAST_WORDS)
                    return not any(stream.listens for stream in self._streams)
                case Look.DROPS | Look.SILENT:
                    continue
        return False
