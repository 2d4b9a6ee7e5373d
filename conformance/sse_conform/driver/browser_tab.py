"""One page of a browser with the harness: what it tells is recorded, and scenes can wait for what they expect."""

from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from typing import TYPE_CHECKING, Any

from sse_conform import entries as e
from sse_conform.browser_entries import PageSaw, Sight
from sse_conform.browser_evidence import CLOSED, CONNECTING, OPEN, tells
from sse_conform.driver.clock import Clock
from sse_conform.driver.news import News
from sse_conform.driver.subscription import patience
from sse_conform.evidence import SNAPSHOT
from sse_conform.recorder import Recorder
from sse_conform.terms import Terms

if TYPE_CHECKING:
    from playwright.async_api import Dialog, Page

#: A browser that is to come back gets so much longer than the retry time, as a share of it and in seconds.
RETURN_SHARE, RETURN_FLOOR = 0.5, 1.0
#: A retry time is awaited up to this multiple of what was promised, without a promise up to so many seconds.
RETRY_FACTOR, LONGEST_RETRY = 2.0, 30.0

#: For so many seconds, and for what, a scene lets time pass while others act.
Passing = Callable[[float, str], AbstractAsyncContextManager[None]]


def awaited_retry(said: float, terms: Terms) -> float:
    """For how many seconds a return is awaited, where the stream said so many: none is awaited for minutes."""
    return min(said, RETRY_FACTOR * terms.retry / 1000 if terms.retry else LONGEST_RETRY)


class LiveTab:
    """Told by the page what happens in it, asked by a scene what came; see :class:`sse_conform.browsing.Tab`."""

    def __init__(
        self,
        *,
        number: int,
        scene: str,
        url: str,
        recorder: Recorder,
        clock: Clock,
        terms: Terms,
        retry: Callable[[], float],
        passing: Passing,
        news: News,
    ) -> None:
        self.number = number
        self.url = url
        self.sources = 0
        self._scene = scene
        self._recorder = recorder
        self._clock = clock
        self._terms = terms
        self._retry = retry
        self._passing = passing
        self._page: Page | None = None
        self._halted: Dialog | None = None
        self._state = CONNECTING
        self._greeted = False
        self._messages: list[PageSaw] = []
        self._news = news

    @property
    def page(self) -> "Page":
        """Playwright's page."""
        assert self._page is not None
        return self._page

    async def load(self, show: Callable[[str], Awaitable["Page"]]) -> None:
        """Have a page show the harness."""
        self._page = await show(self.url)

    def hear(self, said: str) -> None:
        """What the browser writes to the console of the page."""
        self._see(Sight.CONSOLE, self._clock.now(), data=said)

    def saw(self, told: dict[str, object]) -> None:
        """The page tells what happened; its instants are milliseconds since the epoch, on its own clock."""
        match told:
            case {"sight": str(sight), "at": float() | int() as at, **details}:
                t = min(self._clock.from_realtime(round(at * 1e6)), self._clock.now())
                self._see(Sight(sight), t, **details)
            case _:
                raise ValueError(f"the harness told something unheard of: {told}")

    def _see(self, sight: Sight, t: int, **details: object) -> None:
        seen = e.PageSaw(t=t, page=self.number, scene=self._scene, sight=sight, **details)  # type: ignore[arg-type]
        self._recorder.add(seen)
        match sight:
            case Sight.MESSAGE:
                self._messages.append(seen)
                self._greeted |= seen.type == SNAPSHOT
            case Sight.CONNECTING | Sight.OPEN | Sight.ERROR | Sight.ABANDONED:
                self.sources = max(self.sources, seen.source)
                self._state, self._greeted = seen.ready_state, False
            case _:
                pass
        self._news.tell()

    @property
    def connected(self) -> bool:
        """Whether the page's EventSource says that it is open."""
        return self._state == OPEN

    @property
    def stopped(self) -> bool:
        """Whether the page's EventSource has given up."""
        return self._state == CLOSED

    @property
    def retry(self) -> float:
        """Seconds after which the browser should reconnect; see the protocol."""
        return awaited_retry(self._retry(), self._terms)

    async def until_snapshot(self) -> bool:
        """Wait for an event named snapshot on the present connection."""
        return await self._news.until(lambda: self._greeted, self._return())

    async def until(self, *published: e.Published) -> bool:
        """Wait until the page was told of each of these events that the target accepted."""
        missing = [each for each in published if each.accepted]
        looked_at = 0

        def all_told() -> bool:
            nonlocal looked_at
            for seen in self._messages[looked_at:]:
                missing[:] = [each for each in missing if not tells(seen, each)]
            looked_at = len(self._messages)
            return not missing

        return await self._news.until(all_told, self._return())

    async def until_back(self, *published: e.Published) -> bool:
        """Wait until the page is in the picture again; see the protocol."""
        async with self._passing(self.retry, "the browser to come back"):
            back = await self.until_snapshot()
        return back and await self.until(*published)

    async def until_lost(self, *, seconds: float) -> bool:
        """Wait until the EventSource is not open any more."""
        async with self._passing(seconds, "the page to notice that the network failed"):
            return await self._news.until(lambda: not self.connected, seconds)

    async def until_stopped(self, *, seconds: float) -> bool:
        """Wait until the EventSource has given up."""
        async with self._passing(seconds, "the page to give up"):
            return await self._news.until(lambda: self.stopped, seconds)

    async def until_let_in(self, *, seconds: float) -> bool:
        """Wait for a snapshot, or for the end; see the protocol."""
        async with self._passing(seconds, "the page to be let in or refused"):
            await self._news.until(lambda: self._greeted or self.stopped, seconds)
        return self._greeted

    async def request(self, asked: dict[str, Any]) -> dict[str, Any]:
        """A request that the page itself makes; see the harness. What went wrong is under ``error``."""
        told: dict[str, Any] = await self.page.evaluate(
            "asked => request(asked).catch(trouble => ({ error: String(trouble) }))", asked
        )
        return told

    async def connect(self) -> None:
        """Open the stream from a page that did not open it by itself, or that has abandoned it."""
        self._state = CONNECTING
        await self.page.evaluate("connect()")

    async def abandon(self) -> None:
        """Close the EventSource."""
        await self.page.evaluate("abandon()")

    async def reload(self) -> None:
        """Load the page again."""
        self._state = CONNECTING
        await self.page.reload(wait_until="commit")

    async def leave(self) -> None:
        """Go on to another page of the same site."""
        await self.page.goto(f"{self.url}/elsewhere", wait_until="commit")

    async def back(self) -> None:
        """Return by the back button; a page out of the cache is not loaded again, so no load is awaited."""
        await self.page.evaluate("history.back()")

    async def freeze(self) -> None:
        """
        Let the page stand still; see the protocol.

        Playwright keeps its pages in focus and so visible, and no visible page can be frozen by its lifecycle: told so,
        Chromium says yes and lets it run. A dialog that nobody answers stops the scripts just as well.
        """
        async with self.page.expect_event("dialog") as asking:
            await self.page.evaluate("() => { setTimeout(() => alert('standing still')); }")
        self._halted = await asking.value

    async def thaw(self) -> None:
        """Let it go on."""
        if self._halted is not None:
            await self._halted.dismiss()
            self._halted = None

    async def close(self) -> None:
        """Close the tab."""
        await self.page.close()

    def _return(self) -> float:
        """How long what must come within the latency budget is awaited, by a page that may have to come back first."""
        late = 0.0 if self.connected else self.retry * (1 + RETURN_SHARE) + RETURN_FLOOR
        return patience(self._terms) + late
