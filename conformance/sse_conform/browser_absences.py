"""When pages were cut off: what the proxy cut, how the browser asked again, and what was published meanwhile. Pure."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from sse_conform import entries as e
from sse_conform.browser_entries import Deed, PageSaw, Relayed, Sight
from sse_conform.browser_evidence import Page, pages
from sse_conform.evidence import SECOND, first_snapshot, items, names
from sse_conform.transcript import Stream, Transcript

#: The note by which a scene says in which way the network is about to fail.
OUTAGE = "outage"
#: So much (ns) may the clock of a page differ from ours.
CLOCKS = SECOND // 10


@dataclass(frozen=True, kw_only=True, slots=True)
class Absence:
    """
    A time for which the proxy kept a page from its stream; without a cut that it saw itself there is none.

    ``how`` is what the scene calls the outage, which began at ``since`` (ns), ``before`` the stream that was cut,
    ``after`` the first one that the target was asked for then, unless it was cut before the answer came. ``lasted``
    (ns) is until when that one was not cut in turn, ``until`` (ns) when the scene was over.
    """

    how: str
    since: int
    page: Page
    cut: Relayed
    before: Stream
    after: Stream | None
    lasted: int
    until: int

    @property
    def source(self) -> int:
        """The number of the EventSource that was cut."""
        return max((seen.source for seen in self.page.sights if seen.t <= self.cut.t), default=0)

    @property
    def by_itself(self) -> bool:
        """Whether the EventSource that was cut asked again; False where the page made a new one."""
        last = (self.after.t if self.after else self.until) + CLOCKS
        return not any(seen.source > self.source and seen.t <= last for seen in self.page.sights)

    @property
    def reopened(self) -> bool:
        """Whether the EventSource that was cut was open once more."""
        return any(seen.sight is Sight.OPEN for seen in self.sights)

    @property
    def sights(self) -> Iterator[PageSaw]:
        """What the page saw of the EventSource that was cut from then on."""
        return (seen for seen in self.page.sights if seen.t > self.cut.t and seen.source == self.source)


def absences(transcript: Transcript, *scenes: str) -> Iterator[Absence]:
    """Every absence of a page in these scenes."""
    cuts = {deed.conn: deed for deed in transcript.of(Relayed) if deed.deed is Deed.CUT and deed.conn}
    notes = [note for note in transcript.of(e.Noted) if note.name == OUTAGE]
    last = max((entry.t for entry in transcript.entries), default=0)
    for page in pages(transcript, *scenes):
        ended = transcript.outcomes.get(page.opened.scene)
        hows = [note for note in notes if note.scene == page.opened.scene]
        for place, before in enumerate(page.streams):
            cut = cuts.get(before.conn)
            if cut is None or not before.opened:
                continue
            later = (stream for stream in page.streams[place + 1 :] if stream.head or stream.conn not in cuts)
            after, until = next(later, None), ended.t if ended else last
            if after and not after.attempt.token.valid:
                continue  # it was to be refused
            said = next((note for note in reversed(hows) if note.t <= cut.t), None)
            yield Absence(
                how=said.value if said else "",
                since=said.t if said else cut.t,
                page=page,
                cut=cut,
                before=before,
                after=after,
                lasted=cuts[after.conn].t if after and after.conn in cuts else until,
                until=until,
            )


@dataclass(frozen=True, kw_only=True, slots=True)
class Missed:
    """One event that was published during an absence, and when the page was told of it, if it ever was."""

    published: e.Published
    absence: Absence
    after: Stream
    told: PageSaw | None


def missed(transcript: Transcript, *scenes: str) -> Iterator[Missed]:
    """
    Every event of an absence that was answered, where the page was told of it or had time to be.

    What so many newer ones may have pushed out of a full list is for polling.
    """
    budget = round(transcript.terms.latency * SECOND)
    for absence in absences(transcript, *scenes):
        after, page = absence.after, absence.page
        if after is None or after.head is None or after.status == 429:
            continue
        for published in transcript.publishes:
            if published.scene != page.opened.scene or not (published.accepted and published.valid):
                continue
            concerned = published.everyone or published.to == page.opened.user
            if not (concerned and absence.since < published.t < after.t):
                continue
            told = page.told_of(published)
            in_time = absence.until >= max(published.acked, after.head.t) + budget
            if told or (in_time and not _pushed_out(published, absence, transcript)):
                yield Missed(published=published, absence=absence, after=after, told=told)


def _pushed_out(published: e.Published, absence: Absence, transcript: Transcript) -> bool:
    """Whether the list after an absence is full of what is newer, so that this event may have had no room in it."""
    snapshot = first_snapshot(absence.after) if absence.after else None
    if snapshot is None or len(items(snapshot)) < transcript.terms.snapshot_items:
        return False
    former = first_snapshot(absence.before)
    known = {str(item.get("id")) for item in items(former)} if former else set()
    older = [other for other in transcript.publishes if other.acked < published.t]
    return not any(
        str(item.get("id")) in known or any(names(other, item) for other in older) for item in items(snapshot)
    )


def whole(found: Iterable[Missed], hows: Iterable[str]) -> Iterator[Missed]:
    """These, where each way to lose a connection was seen; else those that breach, since a part proves no whole."""
    listed = list(found)
    complete = {each.absence.how for each in listed} >= set(hows)
    return (each for each in listed if complete or each.told is None)
