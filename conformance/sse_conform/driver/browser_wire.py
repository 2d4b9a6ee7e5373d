"""
What the browsers of a run put on the wire, as the fault proxy in front of them sees it.

Each request on the stream route becomes an attempt like those of the suite's own reader: recorded with its head, its
bytes as they came from the target, and its end. What the proxy did to it is recorded beside it.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import assert_never
from urllib.parse import urlsplit

from sse_conform import entries as e
from sse_conform.browser_entries import Deed
from sse_conform.driver.budget import Place
from sse_conform.driver.clock import Clock
from sse_conform.driver.http_response import ResponseReader
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
    ProxySwitched,
    ProxyTargetEnded,
    WireEvent,
)
from sse_conform.driver.seen_credential import credentials_in
from sse_conform.driver.stream_records import End, Head, Piece, StreamRequest
from sse_conform.driver.subscription import LiveSubscription
from sse_conform.entries import EndKind, TokenKind
from sse_conform.profile import Auth
from sse_conform.recorder import Recorder
from sse_conform.terms import Terms

#: The path of a page with the harness, on whatever origin: its number is the last part.
HARNESS = "sse-conform-harness"
_PAGE = re.compile(rf"/{HARNESS}/(\d+)")
_TOO_LONG = End(kind=EndKind.OVERFLOW, detail="More came than the suite is ready to read of one stream.")
_BROWSER_LEFT = End(kind=EndKind.CLOSED, detail="The browser closed the connection.")


@dataclass(frozen=True, kw_only=True, slots=True)
class Caller:
    """
    Who an attempt of a page counts for: the page and its part in the scene, the account, the kind of its token.

    ``stranger`` says that the credential is the page's own: the suite learns it from the request.
    """

    page: int
    part: str
    user: str
    token: TokenKind
    stranger: bool = False


@dataclass(kw_only=True, slots=True)
class _Exchange:
    """One request on the stream route that is under way."""

    page: int
    stream: LiveSubscription
    response: ResponseReader
    place: Place


class BrowserWire:
    """Takes down what one device has on the wire; told by its proxy."""

    def __init__(
        self,
        *,
        device: int,
        scene: str,
        path: str,
        polling: str,
        auth: Auth,
        recorder: Recorder,
        clock: Clock,
        terms: Terms,
        caller: Callable[[int], Caller],
        spend: Callable[[], Place],
        settle: Callable[[Place, int], None],
        on_news: Callable[[], None] = lambda: None,
    ) -> None:
        self._device = device
        self._scene = scene
        self._path = path
        self._polling = polling
        self._auth = auth
        self._recorder = recorder
        self._clock = clock
        self._terms = terms
        self._caller = caller
        self._spend = spend
        self._settle = settle
        self._on_news = on_news
        self._live: dict[int, _Exchange] = {}
        self._retry: dict[int, int] = {}
        self.credential = ""
        """What the last request for the stream carried, where it was a page's own; a secret."""
        self.last: LiveSubscription | None = None
        """The stream that was asked for last, open or not."""
        self.asked = 0
        """How often the stream was asked for."""

    @property
    def latest(self) -> LiveSubscription | None:
        """The stream that was opened last, as long as it is open."""
        exchange = next(reversed(self._live.values()), None)
        return exchange.stream if exchange else None

    def retry_of(self, page: int) -> int | None:
        """The reconnection time that a page was told last, in milliseconds."""
        return self._retry.get(page)

    def on_event(self, event: ProxyEvent) -> None:
        """What the proxy did."""
        match event:
            case ProxyAccepted():
                self._note(Deed.ACCEPTED, event.t, link=event.conn)
            case ProxyCut():
                conn = self._conn(event.conn)
                if event.how is not Cut.BLACKHOLE:  # which the target does not see: for it the exchange goes on
                    self._end(event.conn, event.t, End(kind=EndKind.CLOSED, detail=f"The proxy cut it: {event.how}."))
                self._note(Deed.CUT, event.t, link=event.conn, conn=conn, detail=event.how.value)
            case ProxyAnswered():
                self._note(Deed.ANSWERED, event.t, link=event.conn, detail=str(event.status))
            case ProxyEnded():
                self._end(event.conn, event.t, _BROWSER_LEFT)
                self._note(Deed.ENDED, event.t, link=event.conn)
            case ProxySwitched():
                self._note(Deed.ON if event.on else Deed.OFF, event.t, detail=event.fault)
            case ProxyRequest():
                self._ask(event)
            case ProxyConnected():
                pass
            case _:
                assert_never(event)
        self._on_news()

    def on_wire(self, event: WireEvent) -> None:
        """What passed between browser and target."""
        match event:
            case ProxyForwarded():
                self._begin(event)
            case ProxyReceived():
                self._receive(event)
            case ProxyClientEnded():
                self._end(event.conn, event.t, _BROWSER_LEFT)
            case ProxyTargetEnded():
                self._leave(event)
            case _:
                assert_never(event)
        self._on_news()

    def _ask(self, event: ProxyRequest) -> None:
        """Routes that matter are noted also where no target sees the request."""
        split = urlsplit(event.target)
        deed = {self._path: Deed.PUSH, self._polling: Deed.POLL}.get(split.path)
        if deed is not None:
            self.asked += deed is Deed.PUSH
            self._note(deed, event.t, link=event.conn, detail=f"{event.method} {split.path}")

    def _begin(self, event: ProxyForwarded) -> None:
        request, split = event.request, urlsplit(event.request.target)
        if split.path != self._path:
            return
        referrer = next((value for name, value in request.headers if name == "referer"), "")
        named = _PAGE.search(referrer)
        caller = self._caller(int(named[1]) if named else 0)
        if caller.stranger and not self._learn(request):
            caller = replace(caller, token=TokenKind.MISSING)
        place = self._spend()
        stream = LiveSubscription(self._recorder.next("conn"), self._recorder, self._clock, self._terms)
        target = split.path + (f"?{split.query}" if split.query else "")
        self._recorder.add(
            e.Attempted(
                t=event.t,
                conn=stream.conn,
                scene=self._scene,
                part=caller.part,
                user=caller.user,
                token=caller.token,
                method=request.method,
                target=target,
                headers=request.headers,
                address=place.address,
                page=caller.page,
            )
        )
        asked = StreamRequest(
            method=request.method, host=split.hostname or "", port=split.port or 80, target=split.path
        )
        self.last = stream
        self._live[event.conn] = _Exchange(page=caller.page, stream=stream, response=ResponseReader(asked), place=place)

    def _learn(self, request: ProxyRequest) -> bool:
        """Keep the credential of a page out of the record, as any other secret; whether it has one."""
        found = [each for each in credentials_in(request.target, request.headers, self._auth) if each]
        for each in found:
            self._recorder.redactor.keep(each, "token")
        if found:
            self.credential = found[0]
        return bool(found)

    def _receive(self, event: ProxyReceived) -> None:
        exchange = self._live.get(event.conn)
        if exchange is None:
            return
        for part in exchange.response.feed(event.data):
            match part:
                case Head():
                    exchange.stream.on_head(event.t, part)
                    self._settle(exchange.place, part.status)
                case Piece():
                    room = exchange.stream.room
                    kept = part if len(part.data) <= room else Piece(data=part.data[:room])
                    exchange.stream.on_body(event.t, kept, e.Stamp.USER)
                    if kept is not part:
                        self._end(event.conn, event.t, _TOO_LONG)
                        return
                    if exchange.stream.retry is not None:
                        self._retry[exchange.page] = exchange.stream.retry
                case End():
                    self._end(event.conn, event.t, part)
                case _:
                    assert_never(part)

    def _leave(self, event: ProxyTargetEnded) -> None:
        """The target left first, or the exchange was over before."""
        if exchange := self._live.get(event.conn):
            lost = End(kind=EndKind.RESET, detail="The target reset the connection.")
            self._end(event.conn, event.t, lost if event.reset else exchange.response.at_eof())

    def _end(self, link: int, t: int, end: End) -> None:
        exchange = self._live.pop(link, None)
        if exchange is not None:
            exchange.stream.on_end(t, end)
            if exchange.stream.head is None:
                self._settle(exchange.place, 0)

    def _conn(self, link: int) -> int:
        exchange = self._live.get(link)
        return exchange.stream.conn if exchange else 0

    def _note(self, deed: Deed, t: int, *, link: int = 0, conn: int = 0, detail: str = "") -> None:
        self._recorder.add(
            e.Relayed(t=t, device=self._device, scene=self._scene, deed=deed, link=link, conn=conn, detail=detail)
        )
