"""Rules on pages that nothing is wrong with: they dispatch what came, all six tabs, also reloaded, left and frozen."""

from collections.abc import Iterator
from dataclasses import dataclass

from sse_conform import entries as e
from sse_conform.browser_entries import PageSaw, Sight
from sse_conform.browser_evidence import OPEN, Page, PageDelivery, page_deliveries, pages
from sse_conform.browser_session import EVERYWHERE, FROZEN, LEFT, RELOADED, published_in
from sse_conform.evidence import NOTIFICATION, PING, SECOND, SNAPSHOT, quoted
from sse_conform.rule import Finding, rule
from sse_conform.spec import Capability, Level, plan, whatwg
from sse_conform.terms import Terms
from sse_conform.transcript import Event, Stream, Transcript

_CREATION, _TABS = "browser.creation", "browser.tabs"
_NEEDS = frozenset({Capability.BROWSER, Capability.TRIGGERS})
_TESTING = plan("Testing")
#: What the pages listen to.
_HEARD = frozenset({"message", SNAPSHOT, NOTIFICATION, PING})
#: Bytes in these codings the suite reads as they are spelled.
_READABLE = frozenset({"", "identity", "gzip", "x-gzip", "deflate"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Dispatch:
    """The one stream of a page, what its bytes spell of what the page listens to, and what the page was told."""

    stream: Stream
    spelt: tuple[Event, ...]
    told: tuple[PageSaw, ...]
    until: int


def dispatches(transcript: Transcript) -> Iterator[Dispatch]:
    """Pages that had one stream to the end of their scene, in bytes that the suite reads too."""
    for page in pages(transcript, _CREATION):
        ended = transcript.outcomes.get(_CREATION)
        if len(page.streams) != 1 or not page.streams[0].opened or ended is None:
            continue
        (stream,) = page.streams
        codings = {value.strip().lower() for value in stream.headers("content-encoding")}
        if codings <= _READABLE and stream.blocks:
            spelt = tuple(event for event in stream.events if event.type in _HEARD)
            yield Dispatch(stream=stream, spelt=spelt, told=tuple(page.messages()), until=ended.t)


@rule(
    "framing.browser-dispatches",
    level=Level.MUST,
    spec=(whatwg("9.2.6 Interpreting an event stream", "event-stream-interpretation"), _TESTING),
    over=dispatches,
    scenes=_CREATION,
    needs=_NEEDS,
    hint="the head that browsers are sent: a charset other than utf-8, a coding that the bytes do not have",
)
def browser_agrees(subject: Dispatch, terms: Terms) -> Iterator[Finding]:
    """
    A browser dispatches the events that the bytes spell: each type, its data, and the id to resume from.

    Browsers look at the head before they read a byte, and it is in them that people read.
    """
    budget = round(terms.latency * SECOND)
    for place, event in enumerate(subject.spelt):
        if place >= len(subject.told):
            if event.t + budget < subject.until:
                yield Finding(expected=_shown(event.type, event.data, _id(event)), actual="nothing", at=event)
            return
        seen = subject.told[place]
        if (seen.type, seen.data, seen.last_event_id) != (event.type, event.data, _id(event)):
            yield Finding(
                expected=_shown(event.type, event.data, _id(event)),
                actual=_shown(seen.type, seen.data, seen.last_event_id),
                at=event,
            )
            return
    if len(subject.told) > len(subject.spelt):
        seen = subject.told[len(subject.spelt)]
        yield Finding(expected="nothing", actual=_shown(seen.type, seen.data, seen.last_event_id), at=subject.stream)


def _id(event: Event) -> str:
    return event.frame.last_event_id or ""


def _shown(kind: str, data: str | None, last_event_id: str) -> str:
    return f"{kind}, id {last_event_id!r}: {quoted(data or '')}"


def everywhere(transcript: Transcript) -> Iterator[PageDelivery]:
    """What was published while all tabs of one browser were open, for each of them."""
    return (each for each in page_deliveries(transcript, _TABS) if each.published.part == EVERYWHERE)


@rule(
    "delivery.every-tab-browser",
    level=Level.MUST,
    spec=(plan("Goals"), _TESTING),
    over=everywhere,
    scenes=_TABS,
    needs=_NEEDS,
    hint="a place for so many streams of a user, and no word to those beyond",
)
def every_tab_is_told(delivery: PageDelivery) -> Iterator[Finding]:
    """
    Six tabs of one browser are all told of an event.

    People have as many, and no more fit: HTTP/1.1 leaves a browser six connections to one origin.
    """
    if delivery.told is None or delivery.told.type == SNAPSHOT:  # which a tab gets when it connects anew
        page = delivery.page.opened
        yield Finding(
            expected=f"the event in page {page.page} ({page.part})",
            actual="the page was not told while it was open",
            at=delivery.published,
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Return:
    """
    What was published while somebody did something to a page that lives on, and whether the page was told of it.

    What was sent to it counts as told: a browser may lose what comes in the moment in which it freezes a page or
    leaves it.
    """

    published: e.Published
    page: Page
    told: bool


def returns(transcript: Transcript) -> Iterator[Return]:
    """Pages that were reloaded, left and returned to, and frozen: what happened meanwhile."""
    budget = round(transcript.terms.latency * SECOND)
    for page in pages(transcript, _TABS):
        if page.opened.part not in {RELOADED, LEFT, FROZEN}:
            continue
        for published in published_in(transcript, _TABS, page.opened.part):
            told = page.told_of(published) is not None or any(stream.mentions(published) for stream in page.streams)
            opened = [seen.t for seen in page.sights if seen.sight is Sight.OPEN]
            ended = transcript.outcomes.get(_TABS)
            in_time = ended and opened and ended.t >= max(published.acked, opened[-1]) + budget
            if told or (in_time and page.state_at(page.sights[-1].t) == OPEN):
                yield Return(published=published, page=page, told=told)


@rule(
    "reconnect.after-faults-page",
    level=Level.MUST,
    spec=(plan("Failure / Retry"), _TESTING),
    over=returns,
    scenes=_TABS,
    needs=_NEEDS,
    hint="what ends the stream of one page takes those of the others away",
)
def page_knows_all(subject: Return) -> Iterator[Finding]:
    """
    A page that is reloaded, left and returned to, or stands still is told of what happened meanwhile.

    Beside tabs that are closed. A reload ends one stream as it begins another; a page comes back out of the
    back/forward cache with what was kept for it, or is loaded anew.
    """
    if not subject.told:
        page = subject.page.opened
        yield Finding(
            expected=f"publish {subject.published.number} in the page that was {page.part}",
            actual=f"the page was never told of it, {page.browser}",
            at=subject.published,
        )


RULES = (browser_agrees, every_tab_is_told, page_knows_all)
