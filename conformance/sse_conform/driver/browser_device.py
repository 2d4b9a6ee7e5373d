"""One person's browser in a run: a context of its own, behind a fault proxy of its own."""

import contextlib
import json
from contextlib import AsyncExitStack
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

from sse_conform import entries as e
from sse_conform.browser_entries import PageSaw, Sight
from sse_conform.browsing import Outage
from sse_conform.driver import browser_trace
from sse_conform.driver.browser_surroundings import Owner, Surroundings
from sse_conform.driver.browser_tab import LiveTab
from sse_conform.driver.browser_wire import HARNESS, BrowserWire, Caller
from sse_conform.driver.fault_proxy import FaultProxy
from sse_conform.driver.news import BadNewsError, News
from sse_conform.driver.outages import parts_of, patterns
from sse_conform.driver.own_page import BINDING, LiveOwnPage, Person, observed_by
from sse_conform.driver.proxy_faults import Applied, Swap
from sse_conform.entries import TokenKind
from sse_conform.profile import Carrier, Engine
from sse_conform.traces import Trace

if TYPE_CHECKING:
    from playwright.async_api import BrowserContext, ConsoleMessage, Page, Route

#: What a page of a notification service listens to.
TYPES = ("message", "snapshot", "notification", "ping")
#: Requests for loopback addresses go through the proxy as well, which Chromium does not do by itself.
ALL_THROUGH_PROXY = "<-loopback>"
VIEWPORT = {"width": 800, "height": 600}


@dataclass(frozen=True, kw_only=True, slots=True)
class _Visit:
    """A tab, its part in the scene, and what its page is to do."""

    tab: LiveTab
    part: str
    settings: dict[str, Any]


class LiveDevice:
    """See :class:`sse_conform.browsing.Device`; it is open as long as its context is."""

    def __init__(self, around: Surroundings, owner: Owner) -> None:
        self._around = around
        self._owner = owner
        self._token = owner.token
        self.number = around.recorder.next("device")
        self._visits: dict[int, _Visit] = {}
        self._own: LiveOwnPage | None = None
        self._news = News()
        self._offline = False
        self._failures: list[Applied] = []
        base = urlsplit(around.profile.url)
        self._origin = f"{base.scheme}://{base.netloc}"
        path = base.path.rstrip("/") + around.profile.paths.stream
        self._stream = patterns(around.profile.host, around.profile.port, path)
        self._wire = BrowserWire(
            device=self.number,
            scene=around.scene,
            path=path,
            polling=base.path.rstrip("/") + around.profile.paths.polling,
            auth=around.profile.auth,
            recorder=around.recorder,
            clock=around.clock,
            terms=around.terms,
            caller=self._caller,
            spend=around.spend,
            settle=around.settle,
            on_news=self._news.tell,
        )
        self._proxy = FaultProxy(
            around.clock,
            on_event=self._wire.on_event,
            on_wire=self._wire.on_wire,
            source_address=around.address or None,
            inspection=around.inspection,
            candid=True,
        )
        self._context: BrowserContext | None = None
        self._pages: list[int] = []
        self._stack = AsyncExitStack()

    @property
    def context(self) -> "BrowserContext":
        """Playwright's context."""
        assert self._context is not None
        return self._context

    async def start(self) -> None:
        """Make context and proxy."""
        around, profile = self._around, self._around.profile
        await self._stack.enter_async_context(self._proxy)
        headers = {}
        if self._owner.credential is not None and profile.auth.carrier is Carrier.BEARER:
            headers = {"Authorization": f"Bearer {self._owner.credential}"}
        self._context = await around.process.context(
            proxy={"server": self._proxy.url, "bypass": ALL_THROUGH_PROXY},
            extra_http_headers=headers,
            # It meets the proxy's own certificate; the target's is looked at where the proxy meets it.
            ignore_https_errors=profile.secure,
            viewport=VIEWPORT,
        )
        self._stack.push_async_callback(around.process.close, self._context)
        browser = around.process.browser
        browser.on("disconnected", self._lost)
        self._stack.callback(browser.remove_listener, "disconnected", self._lost)
        await browser_trace.begin(self._context)
        self._stack.push_async_callback(self._keep_trace)
        if self._owner.credential is not None and profile.auth.carrier is Carrier.COOKIE:
            await self.hold_cookie(self._owner.credential)
        await self._context.expose_binding("sseConformSaw", self._saw)
        self._context.on("console", self._hear)
        await self._context.route(f"**/{HARNESS}/**", self._serve)

    async def _keep_trace(self) -> None:
        archive = await browser_trace.end(self.context)
        if archive:
            trace = Trace(scene=self._around.scene, device=self.number, archive=archive)
            self._around.traces.append(trace)

    async def hold_cookie(self, credential: str) -> None:
        """From now on requests carry this session."""
        profile = self._around.profile
        await self.context.add_cookies([{"name": profile.auth.parameter, "value": credential, "url": profile.url}])

    async def open(
        self, part: str, *, patience: float | None = None, again: float | None = None, kept: bool = False
    ) -> LiveTab:
        """A new tab that opens the stream."""
        times = {"patience": (patience or 0) * 1000, "again": (again or 0) * 1000}
        return await self._load(part, {"begins": True, **times}, window=kept)

    async def visit(self, part: str) -> LiveTab:
        """A new tab that opens no stream by itself."""
        return await self._load(part, {"begins": False})

    async def use(self, part: str) -> LiveOwnPage:
        """The target's own page in a tab; see the protocol. A device has one."""
        around, number = self._around, self._around.recorder.next("page")
        ui = around.profile.ui
        assert ui is not None
        assert self._own is None
        self._note_page(number, part, own=True)
        await self.context.add_init_script(observed_by(ui))
        shown = await self.context.new_page()
        self._watch(shown, number)
        page = LiveOwnPage(
            shown,
            number=number,
            scene=around.scene,
            part=part,
            url=around.profile.url.rstrip("/") + ui.path,
            ui=ui,
            person=Person(username=self._owner.username, password=self._owner.password),
            wire=self._wire,
            clock=around.clock,
            recorder=around.recorder,
            pictures=around.pictures,
            news=self._news,
            terms=around.terms,
            retry=lambda: self._retry_of(number),
            passing=around.passing,
        )
        self._own = page
        await self.context.expose_binding(BINDING, lambda _source, told: page.showed(told))
        return page

    def expire(self) -> bool:
        """From now on the target sees an expired token where a page sends its genuine one; see the protocol."""
        genuine = self._wire.credential if self._own else self._owner.credential
        for kind in (TokenKind.EXPIRED, TokenKind.TAMPERED, TokenKind.GARBAGE):
            with contextlib.suppress(LookupError):
                token = self._around.mint.make(kind, genuine) if genuine else None
                if not genuine or token is None:
                    return False
                self._around.recorder.redactor.keep(token, "token")
                self._token = kind
                if self._own:
                    self._own.token = kind
                # In a query the harness has it quoted; what a page of the target sends is taken as it was seen.
                quoted = not self._own and self._around.profile.auth.carrier is Carrier.QUERY
                old, new = (quote(genuine), quote(token)) if quoted else (genuine, token)
                self._proxy.apply(Swap(old=old.encode("latin-1"), new=new.encode("latin-1")))
                return True
        return False

    @property
    def crash(self) -> str:
        """In which page the browser crashed; empty where it did not."""
        return self._news.end

    async def until_crashed(self, *, seconds: float) -> bool:
        """Wait until it crashed."""
        with contextlib.suppress(BadNewsError):
            await self._news.until(lambda: False, seconds)
        return bool(self._news.end)

    def has(self, tab: object) -> bool:
        """Whether this tab is one of its own."""
        return isinstance(tab, LiveTab) and tab.number in self._visits

    async def fail(self, outage: Outage) -> None:
        """Let the network fail."""
        if outage is Outage.OFFLINE and self._around.process.engine is Engine.CHROMIUM:
            # For navigator.onLine alone: open streams go on. Others take it for the end of the world.
            self._offline = True
            await self.context.set_offline(True)
        if self._own:
            self._own.expect_return()
        for fault, reach, match in parts_of(outage, self._stream):
            self._failures.append(self._proxy.apply(fault, reach=reach, match=match))

    async def mend(self) -> None:
        """Let the network work again."""
        for failure in self._failures:
            self._proxy.lift(failure)
        self._failures.clear()
        if self._offline:
            self._offline = False
            await self.context.set_offline(False)

    async def close(self) -> None:
        """Close every tab and leave."""
        await self._stack.aclose()

    async def _load(self, part: str, settings: dict[str, Any], *, window: bool = False) -> LiveTab:
        around, number = self._around, self._around.recorder.next("page")
        tab = LiveTab(
            number=number,
            scene=around.scene,
            url=f"{self._origin}/{HARNESS}/{number}",
            recorder=around.recorder,
            clock=around.clock,
            terms=around.terms,
            retry=lambda: self._retry_of(number),
            passing=around.passing,
            news=self._news,
        )
        settings = {"page": number, "types": TYPES, "url": self._url, **settings}
        self._visits[number] = _Visit(tab=tab, part=part, settings=settings)
        self._note_page(number, part, own=False)
        await tab.load(lambda url: around.process.show(self.context, url, window=window))
        self._watch(tab.page, number)
        return tab

    def _watch(self, page: "Page", number: int) -> None:
        self._pages.append(number)
        page.on("crash", lambda _: self._crashed(number))

    def _lost(self, _: object) -> None:
        """The browser is gone as a whole, and with it every page."""
        for number in self._pages:
            self._crashed(number)

    def _crashed(self, number: int) -> None:
        """The browser lost this page, and soon all that share its process."""
        around = self._around
        around.recorder.add(PageSaw(t=around.clock.now(), page=number, scene=around.scene, sight=Sight.CRASHED))
        self._news.finish(f"the browser crashed in page {number}")

    @property
    def _url(self) -> str:
        """The stream, with the credential where it travels in the query."""
        profile, credential = self._around.profile, self._owner.credential
        url = profile.url.rstrip("/") + profile.paths.stream
        if credential is not None and profile.auth.carrier is Carrier.QUERY:
            url += f"?{profile.auth.parameter}={quote(credential)}"
        return url

    def _note_page(self, number: int, part: str, *, own: bool) -> None:
        around = self._around
        around.recorder.add(
            e.PageOpened(
                t=around.clock.now(),
                page=number,
                device=self.number,
                scene=around.scene,
                part=part,
                user=self._owner.username,
                token=TokenKind.GENUINE if own else self._token,
                browser=around.process.name,
                own=own,
            )
        )

    async def _serve(self, route: "Route") -> None:
        """The harness, on the target's own origin, without asking the target."""
        number, elsewhere = _place(route.request.url)
        if elsewhere:
            await route.fulfill(content_type="text/html", body="<!doctype html><title>elsewhere</title>")
            return
        visit = self._visits[number]
        settings = json.dumps({**visit.settings, "sources": visit.tab.sources})
        body = harness().replace("{{settings}}", settings.replace("<", "\\u003c"))
        await route.fulfill(content_type="text/html; charset=utf-8", body=body)

    def _hear(self, message: "ConsoleMessage") -> None:
        """The context tells what a page without a window writes before the page is told of."""
        number, _ = _place(message.page.url) if message.page else (0, "")
        if visit := self._visits.get(number):
            visit.tab.hear(message.text)

    def _saw(self, _source: object, told: dict[str, Any]) -> None:
        self._visits[told.pop("page")].tab.saw(told)

    def _caller(self, page: int) -> Caller:
        if not page and self._own:
            own = self._own
            return Caller(page=own.number, part=own.part, user=self._owner.username, token=own.token, stranger=True)
        visit = self._visits.get(page)
        part = visit.part if visit else ""
        return Caller(page=page, part=part, user=self._owner.username, token=self._token)

    def _retry_of(self, page: int) -> float:
        told = self._wire.retry_of(page)
        return self._around.process.default_retry if told is None else told / 1000


def _place(url: str) -> tuple[int, str]:
    """Which page's harness is at this address, and what else of its site; 0 where it is none."""
    _, _, place = url.partition(f"/{HARNESS}/")
    number, _, elsewhere = place.partition("/")
    return int(number or 0), elsewhere


@cache
def harness() -> str:
    """The page that every tab shows, with a place for its settings."""
    return (files("sse_conform.driver") / "harness.html").read_text(encoding="utf-8")
