"""The target's own page in a tab: used as a person uses it, looked at by the places that the profile names."""

import contextlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from http import HTTPStatus
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from sse_conform import entries as e
from sse_conform.browser_entries import PICTURES, Sight
from sse_conform.driver.browser_tab import Passing, awaited_retry
from sse_conform.driver.browser_wire import BrowserWire
from sse_conform.driver.clock import Clock
from sse_conform.driver.news import News
from sse_conform.driver.page_steps import StepError, demand_selectors, perform
from sse_conform.driver.rest import Answer
from sse_conform.evidence import AFTER_LOGOUT, SNAPSHOT
from sse_conform.recorder import Recorder
from sse_conform.terms import Terms
from sse_conform.user_interface import UserInterface

if TYPE_CHECKING:
    from playwright.async_api import Page, Response

#: What the observer calls in the page.
BINDING = "sseConformShowed"
#: Changes within so many milliseconds are one look.
PAUSE = 10
#: So many characters of an entry are told; a marker stands before that.
LONGEST = 200
#: A login and the request that follows a click take a while on a busy machine, in seconds.
REQUEST_SECONDS = 10.0
PICTURE_SECONDS = 5.0
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
#: Playwright keeps its pages in sight, so what their scripts see of that is put in its place.
_SIGHT = """({ visible }) => {
  const state = { visibilityState: visible ? "visible" : "hidden", hidden: !visible, hasFocus: () => visible };
  for (const [name, value] of Object.entries(state)) {
    Object.defineProperty(document, name, { configurable: true, get: () => value });
  }
  if (!visible) dispatchEvent(new Event("blur"));
  document.dispatchEvent(new Event("visibilitychange", { bubbles: true }));
  if (visible) dispatchEvent(new Event("focus"));
}"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Person:
    """Who uses the page."""

    username: str
    password: str


class LiveOwnPage:
    """See :class:`sse_conform.browsing.OwnPage`."""

    def __init__(
        self,
        page: "Page",
        *,
        number: int,
        scene: str,
        part: str,
        url: str,
        ui: UserInterface,
        person: Person,
        wire: BrowserWire,
        clock: Clock,
        recorder: Recorder,
        pictures: dict[str, bytes],
        news: News,
        terms: Terms,
        retry: Callable[[], float],
        passing: Passing,
    ) -> None:
        self.page = page
        self.number = number
        self.part = part
        self.token = e.TokenKind.MISSING
        self._scene = scene
        self._url = url
        self._ui = ui
        self._person = person
        self._wire = wire
        self._clock = clock
        self._recorder = recorder
        self._pictures = pictures
        self._news = news
        self._terms = terms
        self._retry = retry
        self._passing = passing
        self._asked = 0
        self._shown: list[str] = []
        page.on("console", lambda message: self._hear(message.text))
        page.on("pageerror", lambda error: self._hear(str(error)))
        self._prompt = False

    def _hear(self, said: str) -> None:
        """What the browser writes to the console of the page, and errors that nobody caught."""
        seen = e.PageSaw(
            t=self._clock.now(), page=self.number, scene=self._scene, sight=Sight.CONSOLE, data=said[:LONGEST]
        )
        self._recorder.add(seen)

    @property
    def creates(self) -> bool:
        """Whether the profile says how an event is created in it."""
        return bool(self._ui.create)

    @property
    def everyone(self) -> bool:
        """Whether what is created in it concerns everybody: the form names nobody."""
        return not any("{target." in step.value for step in self._ui.create)

    @property
    def retry(self) -> float:
        """Seconds after which a lost stream should be asked for again; see the protocol."""
        return awaited_retry(self._retry(), self._terms)

    def expect_return(self) -> None:
        """From now on a stream that is asked for counts as a return."""
        self._asked = self._wire.asked

    def showed(self, told: Mapping[str, Any]) -> None:
        """The page shows something else than before; its instants are milliseconds since the epoch, by its clock."""
        self._record(told)

    def _record(self, told: Mapping[str, Any], *, part: str = "", picture: str = "") -> None:
        shown = e.PageShowed(
            t=min(self._clock.from_realtime(round(told["at"] * 1e6)), self._clock.now()),
            page=self.number,
            scene=self._scene,
            part=part,
            notifications=tuple(told["notifications"]),
            unread=told["unread"],
            connection=told["connection"],
            prompt=told["prompt"],
            picture=picture,
        )
        self._recorder.add(shown)
        self._shown = list(shown.notifications)
        self._prompt = shown.prompt
        self._news.tell()

    async def log_in(self) -> None:
        """Go to the page, fill in the login, and wait for the stream; see the protocol."""
        await self.page.goto(self._url, wait_until="commit")
        await demand_selectors(self.page, places(self._ui))
        self.expect_return()
        values = {"username": self._person.username, "password": self._person.password}
        *fields, last = self._ui.login
        await perform(self.page, "login", fields, values)
        self.token = e.TokenKind.GENUINE
        await perform(self.page, "login", (last,), values, first=len(fields))
        if not await self._news.until(self._greeted, REQUEST_SECONDS):
            raise StepError(self._no_stream(), hint="check that the last step of ui.login submits it")
        if not await self._news.until(lambda: not self._prompt, REQUEST_SECONDS):
            said = f'ui.prompt = "{self._ui.prompt}" is still visible once somebody is logged in'
            raise StepError(said, hint="name in ui.prompt what only those see who are not logged in")

    def _no_stream(self) -> str:
        """Why nobody is logged in though every step could be done."""
        stream = self._wire.last
        if self._wire.asked == self._asked or stream is None:
            return "the steps of ui.login can be done, but the page asks for no stream then"
        if stream.status != HTTPStatus.OK:
            return f"the steps of ui.login can be done, but the stream that the page asks for answers {stream.status}"
        return "the steps of ui.login can be done, but the stream of the page brings no snapshot"

    async def log_out(self) -> bool:
        """Log out by the page's own means; see the protocol."""
        if not self._ui.logout:
            return False
        self.part = AFTER_LOGOUT
        await perform(self.page, "logout", self._ui.logout, {})
        return True

    async def create(self, values: Mapping[str, Any]) -> Answer:
        """
        Fill in the form that creates an event, and give the answer to the request that the page makes then.

        It is the first one that changes something; what is only read is no publish.
        """
        answers: list[tuple[int, Response]] = []
        news = News()

        def answered(response: "Response") -> None:
            if response.request.method not in _SAFE:
                answers.append((self._clock.now(), response))
                news.tell()

        self.page.on("response", answered)
        try:
            *fields, last = self._ui.create
            await perform(self.page, "create", fields, values)
            sent = self._clock.now()
            await perform(self.page, "create", (last,), values, first=len(fields))
            await news.until(lambda: bool(answers), REQUEST_SECONDS)
        finally:
            self.page.remove_listener("response", answered)
        if not answers:
            error = f"the page sent no request that changes anything within {REQUEST_SECONDS:g} s"
            return Answer(sent=sent, answered=self._clock.now(), error=error, cookies={}, summary=error)
        at, response = answers[0]
        said = f"{response.status} to {response.request.method} of the page"
        return Answer(sent=sent, answered=at, status=response.status, cookies={}, summary=said)

    async def until_back(self, *, seconds: float) -> bool:
        """Wait for a snapshot on a stream that was asked for after the network failed; see the protocol."""
        async with self._passing(seconds, "the page to come back to its stream"):
            return await self._news.until(self._greeted, seconds)

    def _greeted(self) -> bool:
        stream = self._wire.latest
        return self._wire.asked > self._asked and stream is not None and stream.heard(SNAPSHOT) > 0

    async def until_shown(self, *published: e.Published, seconds: float) -> bool:
        """Wait until the page shows each of these events that the target accepted."""
        markers = [each.marker for each in published if each.accepted]

        def all_shown() -> bool:
            return all(any(marker in text for text in self._shown) for marker in markers)

        return await self._news.until(all_shown, seconds)

    async def until_polled(self, *published: e.Published, seconds: float) -> bool:
        """The same for a page that has no stream: others may act meanwhile."""
        async with self._passing(seconds, "the page to poll"):
            return await self.until_shown(*published, seconds=seconds)

    async def until_prompted(self, *, seconds: float) -> bool:
        """Wait until the page asks for a login."""
        async with self._passing(seconds, "the page to ask for a login"):
            return await self._news.until(lambda: self._prompt, seconds)

    async def until_heard(self, name: str, *, seconds: float) -> bool:
        """Wait for one more event of this type on the page's stream."""
        stream = self._wire.latest
        async with self._passing(seconds, f"an event {name} on the stream of the page"):
            return stream is not None and await stream.until_event(name, seconds=seconds)

    async def hide(self) -> None:
        """Put the page out of sight; see the protocol."""
        await self.page.evaluate(_SIGHT, {"visible": False})

    async def unhide(self) -> None:
        """Bring it into sight again."""
        await self.page.evaluate(_SIGHT, {"visible": True})

    async def look(self, part: str) -> None:
        """Record what the page shows now, with a screenshot."""
        from playwright.async_api import Error  # noqa: PLC0415 - heavy, and only there with the extra

        picture = f"{PICTURES}/page-{self.number}-{part}.png"
        try:
            told = await self.page.evaluate("window.sseConformLook()")
        except Error:
            return  # the page is going elsewhere: there is nothing to see
        with contextlib.suppress(Error):
            self._pictures[picture] = await self.page.screenshot(
                full_page=True, animations="disabled", timeout=PICTURE_SECONDS * 1000
            )
        self._record(told, part=part, picture=picture if picture in self._pictures else "")

    async def leave(self) -> None:
        """Go elsewhere in the same tab."""
        await self.page.goto("about:blank", wait_until="commit")


def observed_by(ui: UserInterface) -> str:
    """The script that a page runs first: it tells what the page shows."""
    return f"({_observer()})({json.dumps({**places(ui), 'pause': PAUSE, 'longest': LONGEST})});"


def places(ui: UserInterface) -> dict[str, str]:
    """Where the page shows what, by the keys of the profile."""
    names = ("notification", "prompt", "unread", "connection")
    return {name: selector for name in names if (selector := getattr(ui, name))}


@cache
def _observer() -> str:
    text = (files("sse_conform.driver") / "observer.js").read_text(encoding="utf-8")
    return text.rstrip().removesuffix(";")
