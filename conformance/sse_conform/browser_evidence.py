"""What rules look at where browsers are concerned: pages with all that they saw and had on the wire. Pure."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

from sse_conform import entries as e
from sse_conform.browser_entries import PageOpened, PageSaw, Sight
from sse_conform.evidence import NOTIFICATION, SECOND, SNAPSHOT, names, tells_of
from sse_conform.strict_json import NotJson, strict_json
from sse_conform.transcript import Stream, Transcript

CONNECTING, OPEN, CLOSED = 0, 1, 2
#: How long each engine waits before it reconnects where the server says nothing, in seconds (measured).
DEFAULT_RETRY = {"chromium": 3.0, "firefox": 5.0, "webkit": 3.0}


@dataclass(frozen=True, kw_only=True, slots=True)
class Page:
    """One page of a browser: what it saw, in order, and its attempts on the stream route."""

    opened: PageOpened
    sights: tuple[PageSaw, ...]
    streams: tuple[Stream, ...]

    def messages(self, *types: str) -> Iterator[PageSaw]:
        """The events that were dispatched to it, of these types or of all."""
        return (s for s in self.sights if s.sight is Sight.MESSAGE and (not types or s.type in types))

    def state_at(self, t: int) -> int | None:
        """The readyState that it had seen last at an instant; None before it had any."""
        seen = [s.ready_state for s in self.sights if s.t <= t and s.source]
        return seen[-1] if seen else None

    def told_of(self, published: e.Published) -> PageSaw | None:
        """The first event that tells of what was published, on its own or in a list."""
        return next((seen for seen in self.messages(NOTIFICATION, SNAPSHOT) if tells(seen, published)), None)


def pages(transcript: Transcript, *scenes: str) -> tuple[Page, ...]:
    """The pages with the harness of these scenes, or of all."""
    sights: dict[int, list[PageSaw]] = defaultdict(list)
    for seen in transcript.of(PageSaw):
        sights[seen.page].append(seen)
    streams: dict[int, list[Stream]] = defaultdict(list)
    for stream in transcript.streams:
        streams[stream.attempt.page].append(stream)
    return tuple(
        Page(
            opened=opened,
            sights=tuple(sorted(sights[opened.page], key=lambda seen: seen.t)),
            streams=tuple(streams[opened.page]),
        )
        for opened in transcript.of(PageOpened)
        if not opened.own and (not scenes or opened.scene in scenes)
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class PageDelivery:
    """One accepted publish, one page of a user whom it concerns, and when the page was told of it, if it was."""

    published: e.Published
    page: Page
    told: PageSaw | None


def page_deliveries(transcript: Transcript, *scenes: str) -> Iterator[PageDelivery]:
    """
    Who should have heard what in a browser: accepted publishes x pages of the same scene that were listening.

    A page counts as listening where its EventSource was open from before the publish until the latency budget after the
    acknowledgement was over, or until it was told.
    """
    budget = round(transcript.terms.latency * SECOND)
    listening = pages(transcript, *scenes)
    for published in transcript.publishes:
        if not published.accepted or not published.valid:
            continue
        for page in listening:
            if page.opened.scene != published.scene:
                continue
            if not (published.everyone or page.opened.user == published.to) or page.state_at(published.t) != OPEN:
                continue
            told = page.told_of(published)
            until = told.t if told else published.acked + budget
            lost = any(published.t <= s.t < until and s.sight in {Sight.ERROR, Sight.ABANDONED} for s in page.sights)
            if told or not lost:
                yield PageDelivery(published=published, page=page, told=told)


def tells(seen: PageSaw, published: e.Published) -> bool:
    """Whether an event tells of what was published: on its own, or listed in a snapshot."""
    if published.marker or seen.type != SNAPSHOT:
        return tells_of(published, seen.data)
    try:
        snapshot = strict_json(seen.data)
    except NotJson:
        return False
    listed = snapshot.get("items") if isinstance(snapshot, dict) else None
    return isinstance(listed, list) and any(names(published, item) for item in listed if isinstance(item, dict))
