"""
Pages that no window of the browser shows.

To lay out a window and to draw its toolbar takes a full Chromium three times as long as the page in it. Scripts cannot
tell, and a page without a window reads its streams as any other. It draws nothing, though, so that no picture can be
taken of it and nobody can click in it, and the back/forward cache does not keep it.
"""

import asyncio
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from playwright.async_api import Browser, BrowserContext, CDPSession, Page

#: Playwright leaves pages alone that are in no window, unless this is set where it starts.
_ATTACHED = "PW_CHROMIUM_ATTACH_TO_OTHER"
#: A browser that can do this does it at once, in seconds.
_SECONDS = 5.0


class Windowless:
    """Contexts, and pages in them without a window; every context of its browser has to be made here."""

    def __init__(self, browser: "Browser", session: "CDPSession") -> None:
        self._browser = browser
        self._session = session  # as long as it lasts so do the pages
        self._making = asyncio.Lock()
        self._ids: dict[BrowserContext, str] = {}

    @classmethod
    async def begin(cls, browser: "Browser") -> Self | None:
        """
        Try it; None where this browser, or this Playwright, cannot do it.

        Chromium makes the first such page only beside another one; this first one stays, so that there is always one.
        """
        from playwright.async_api import Error  # noqa: PLC0415 - heavy, and only there with the extra

        tried = cls(browser, await browser.new_browser_cdp_session())
        context = await tried.context()
        window = await context.new_page()
        try:
            async with asyncio.timeout(_SECONDS):
                await tried.page(context, "about:blank")
        except (Error, TimeoutError):
            await context.close()
            return None
        await window.close()
        return tried

    async def context(self, **options: Any) -> "BrowserContext":  # noqa: ANN401 - as Playwright has them
        """A context with these options of Playwright's."""
        async with self._making:
            known = await self._contexts()
            context = await self._browser.new_context(**options)
            (self._ids[context],) = await self._contexts() - known
        context.once("close", self._forget)
        return context

    async def page(self, context: "BrowserContext", url: str) -> "Page":
        """A page of this context at this address, where no other one is."""
        async with context.expect_page(lambda page: page.url == url) as awaited:
            target = {"url": url, "browserContextId": self._ids[context], "hidden": True}
            await self._session.send("Target.createTarget", target)
        return await awaited.value

    async def close(self, context: "BrowserContext") -> None:
        """Close a context, its pages first: Chromium ends where a context goes that has a page without a window."""
        from playwright.async_api import Error  # noqa: PLC0415 - heavy, and only there with the extra

        with suppress(Error, TimeoutError):  # the browser is gone
            async with asyncio.timeout(_SECONDS):
                await asyncio.gather(*(page.close() for page in context.pages))
        await context.close()

    def _forget(self, context: "BrowserContext") -> None:
        del self._ids[context]

    async def _contexts(self) -> set[str]:
        return {*(await self._session.send("Target.getBrowserContexts"))["browserContextIds"]}


@contextmanager
def attached() -> Iterator[None]:
    """A Playwright that starts while the block lasts drives pages without a window too."""
    before = os.environ.get(_ATTACHED)
    os.environ[_ATTACHED] = "1"
    try:
        yield
    finally:
        if before is None:
            del os.environ[_ATTACHED]
        else:
            os.environ[_ATTACHED] = before
