"""The one browser process of a run: started before the scenes, shared by all of them."""

import asyncio
from contextlib import nullcontext
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from sse_conform.browser_evidence import DEFAULT_RETRY
from sse_conform.driver.browser_engine import FIX, NoBrowserError, find, launch
from sse_conform.driver.windowless import Windowless, attached
from sse_conform.profile import BrowserChoice, Engine

if TYPE_CHECKING:
    from playwright.async_api import Browser, BrowserContext, Page, Playwright


class BrowserProcess:
    """
    A browser, for as long as its context is open; it starts while scenes play that need none.

    It is entered also where no browser can be started: ``trouble`` then says why, and ``browser`` raises it.
    """

    def __init__(self, choice: BrowserChoice) -> None:
        self._choice = choice
        self._playwright: Playwright | None = None
        self._browser: Browser | None = None
        self._windowless: Windowless | None = None
        self.engine = choice.engine or Engine.CHROMIUM
        self.name = ""
        self.source = ""
        self.trouble: NoBrowserError | None = None
        self._starting: asyncio.Task[None] | None = None

    @property
    def browser(self) -> "Browser":
        """The browser. NoBrowserError where there is none."""
        if self._browser is None:
            raise self.trouble or NoBrowserError("the browser was not started", hint=FIX)
        return self._browser

    async def context(self, **options: Any) -> "BrowserContext":  # noqa: ANN401 - as Playwright has them
        """A context with these options of Playwright's. NoBrowserError where there is no browser."""
        return await (self._windowless.context if self._windowless else self.browser.new_context)(**options)

    async def close(self, context: "BrowserContext") -> None:
        """Close a context, and its pages."""
        await (self._windowless.close(context) if self._windowless else context.close())

    async def show(self, context: "BrowserContext", url: str, *, window: bool) -> "Page":
        """A new page at this address, where no other one is; in no window where it needs none and that can be."""
        if self._windowless and not window:
            return await self._windowless.page(context, url)
        page = await context.new_page()
        await page.goto(url, wait_until="commit")
        return page

    @property
    def default_retry(self) -> float:
        """Seconds that it waits before it reconnects where the server says nothing."""
        return DEFAULT_RETRY[self.engine.value]

    async def __aenter__(self) -> Self:
        self._starting = asyncio.create_task(self._start())
        return self

    async def started(self) -> None:
        """Wait until it runs, or ``trouble`` says why it does not."""
        assert self._starting is not None
        await asyncio.shield(self._starting)

    async def _start(self) -> None:
        try:
            from playwright.async_api import async_playwright  # noqa: PLC0415 - heavy, and only there with the extra
        except ImportError:
            self.trouble = NoBrowserError("Playwright is not installed", hint=FIX)
            return
        chromium = self.engine is Engine.CHROMIUM
        with attached() if chromium else nullcontext():
            self._playwright = await async_playwright().start()
        try:
            installed = find(self._choice, self._playwright)
            self._browser = await launch(installed, self._playwright)
            self._windowless = await Windowless.begin(self._browser) if chromium else None
            self.name, self.source = f"{self.engine.value} {self._browser.version}", installed.source
        except NoBrowserError as trouble:
            self.trouble = trouble

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.started()
        if self._browser is not None:
            await self._browser.close()
        if self._playwright is not None:
            await self._playwright.stop()
