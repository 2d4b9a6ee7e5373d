"""What rules see of the target's own page: what it showed, what it asked for, what its network did to it. Pure."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

from sse_conform import entries as e
from sse_conform.browser_entries import Deed, PageOpened, PageShowed, Relayed
from sse_conform.evidence import SECOND, first_snapshot
from sse_conform.markers import markers_in
from sse_conform.transcript import Stream, Transcript

#: The parts in which events are published, by what the page is told of or misses then.
CREATED, TOLD, MISSED, HIDDEN = "created", "told", "missed", "hidden"
BEFORE, POLLED, TURNING, PUSHED = "before", "polled", "turning", "pushed"
#: The looks that scenes take at a page.
FULL, PINGED, BACK, SEEN = "full", "pinged", "back", "seen"
#: What a scene notes: the end of the time in which a refused page is watched, and that the page was left.
SESSION_OVER, LEAVING, LEFT = "session-over", "leaving", "left"
#: Without a promise and without a word of the server a reconnection time counts as so many seconds.
USUAL_RETRY = 3.0


@dataclass(frozen=True, kw_only=True, slots=True)
class OwnPage:
    """One page of the target: what it showed, its attempts on the stream route, and what its proxy did, in order."""

    opened: PageOpened
    shows: tuple[PageShowed, ...]
    streams: tuple[Stream, ...]
    deeds: tuple[Relayed, ...]

    def look(self, part: str) -> PageShowed | None:
        """The look of this name."""
        return next((shown for shown in self.shows if shown.part == part), None)

    def shown_at(self, t: int) -> PageShowed | None:
        """What it showed at an instant; None before it showed anything."""
        return next((shown for shown in reversed(self.shows) if shown.t <= t), None)

    def first_shown(self, published: e.Published) -> PageShowed | None:
        """When it first showed what was published."""
        return next((shown for shown in self.shows if published.marker in markers(shown)), None)

    def asks(self, since: int, until: int | None = None) -> tuple[Relayed, ...]:
        """Its requests for the stream between two instants, whether the target saw them or not."""
        return tuple(
            deed
            for deed in self.deeds
            if deed.deed is Deed.PUSH and since < deed.t and (until is None or deed.t <= until)
        )

    def cuts(self) -> Iterator[tuple[Relayed, Stream]]:
        """Each cut of the proxy that ended a stream of the page, with that stream."""
        for deed in self.deeds:
            stream = next((stream for stream in self.streams if stream.conn == deed.conn), None)
            if deed.deed is Deed.CUT and stream is not None and stream.opened:
                yield deed, stream


def own_pages(transcript: Transcript, scene: str) -> tuple[OwnPage, ...]:
    """The target's own pages in a scene."""
    shows: dict[int, list[PageShowed]] = defaultdict(list)
    for shown in transcript.of(PageShowed):
        shows[shown.page].append(shown)
    return tuple(
        OwnPage(
            opened=opened,
            shows=tuple(sorted(shows[opened.page], key=lambda shown: shown.t)),
            streams=tuple(stream for stream in transcript.streams if stream.attempt.page == opened.page),
            deeds=tuple(deed for deed in transcript.of(Relayed) if deed.device == opened.device),
        )
        for opened in transcript.of(PageOpened)
        if opened.own and opened.scene == scene
    )


def markers(shown: PageShowed) -> Counter[str]:
    """How often it shows each of our events."""
    return Counter(marker for text in shown.notifications for marker in set(markers_in(text)))


def number(text: str) -> int | None:
    """The number that a text is, as in a badge; None where it is none, or says more than a number."""
    found = re.findall(r"\d+", text)
    return int(found[0]) if len(found) == 1 and "+" not in text else None


def published_for(transcript: Transcript, page: OwnPage, *parts: str) -> tuple[e.Published, ...]:
    """What was accepted for the user of the page in its scene, in these parts or all, in order."""
    return tuple(
        published
        for published in transcript.publishes
        if published.accepted and published.valid and published.marker
        if published.scene == page.opened.scene and (not parts or published.part in parts)
        if published.everyone or published.to == page.opened.user
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class Return:
    """
    A page that lost its stream: the cut that the proxy saw, and what became of it.

    ``asked`` is the first request for a stream after that, ``after`` the first one that the target opened with a
    snapshot, ``back`` what the page showed when that had been waited for, ``until`` the end of what was seen.
    """

    page: OwnPage
    cut: Relayed
    before: Stream
    asked: Relayed | None
    after: Stream | None
    back: PageShowed | None
    until: int
    events: tuple[e.Published, ...]

    @property
    def refused(self) -> bool:
        """Whether the page asked and the target gave it no stream: then it is not the page that is to blame."""
        return self.asked is not None and self.after is None


def returns(transcript: Transcript, scene: str) -> Iterator[Return]:
    """Each page that lost its stream in a scene."""
    for page in own_pages(transcript, scene):
        for cut, before in page.cuts():
            asks = page.asks(cut.t)
            opened = (stream for stream in page.streams if stream.t > cut.t and stream.opened)
            yield Return(
                page=page,
                cut=cut,
                before=before,
                asked=asks[0] if asks else None,
                after=next((stream for stream in opened if first_snapshot(stream)), None),
                back=page.look(BACK),
                until=max([deed.t for deed in page.deeds] + [shown.t for shown in page.shows]),
                events=published_for(transcript, page),
            )


def retry_of(stream: Stream) -> float | None:
    """The reconnection time in seconds that a stream asked for last; None where it asked for none."""
    told = [block.frame.retry for block in stream.blocks if block.frame.retry is not None]
    return told[-1] / 1000 if told else None


def shown_in_time(published: e.Published, latency: float) -> int:
    """The instant until which a page has to show what was published."""
    return published.acked + round(latency * SECOND)
