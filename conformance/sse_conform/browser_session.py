"""Pages whose token expired, or who came too often: what they were answered, and what they did then. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import dropwhile

from sse_conform import entries as e
from sse_conform.browser_entries import PageSaw, Sight
from sse_conform.browser_evidence import CLOSED, Page, pages
from sse_conform.evidence import first_snapshot
from sse_conform.transcript import Stream, Transcript

#: The parts of pages whose token expires: while they are connected, while they are offline, and before they are opened.
CONNECTED, OFFLINE, AT_LOAD = "connected", "offline", "at-load"
#: The part of a page that comes when the limit is reached.
LIMITED = "limited-page"
#: What people do with tabs, as parts of these and of what is published meanwhile; what all tabs are told of.
RELOADED, LEFT, FROZEN = "reloaded", "left", "frozen"
EVERYWHERE = "everywhere"


@dataclass(frozen=True, kw_only=True, slots=True)
class Refusal:
    """
    A page that was refused, the first refused attempt, and how many more came until the scene was over.

    ``part`` is when it happened, ``last`` what the page saw last of its EventSource.
    """

    page: Page
    part: str
    refused: Stream
    further: int
    last: PageSaw | None

    @property
    def closed(self) -> bool:
        """Whether the EventSource gave up."""
        return self.last is not None and self.last.ready_state == CLOSED


def expiries(transcript: Transcript, *scenes: str) -> Iterator[Refusal]:
    """Each page whose token expired and was not taken any more; one that was let in is for the rules on tokens."""
    for page in pages(transcript, *scenes):
        late = [stream for stream in page.streams if not stream.attempt.token.valid and stream.head]
        if late and late[0].status != 429 and not any(first_snapshot(stream) for stream in late):
            yield from _refusals(page, late)


def limited(transcript: Transcript, scene: str) -> Iterator[Refusal]:
    """
    The page that came when the limit was reached, where the suite itself was refused just before by 429.

    What it was let in for at first does not count: a window may end between two attempts, and then it comes anew.
    """
    refused = [stream.t for stream in transcript.streams_in(scene) if stream.status == 429 and not stream.attempt.page]
    for page in pages(transcript, scene):
        met = list(dropwhile(first_snapshot, (stream for stream in page.streams if stream.head)))
        if met and refused and refused[0] < met[0].t and not any(first_snapshot(stream) for stream in met):
            yield from _refusals(page, met)


def _refusals(page: Page, met: list[Stream]) -> Iterator[Refusal]:
    """These attempts of a page; one that has not yet noticed that it was refused tells nothing, unless it went on."""
    first = met[0].attempt
    seen = [seen for seen in page.sights if seen.source and seen.sight in {Sight.OPEN, Sight.ERROR}]
    noticed = [seen for seen in seen if seen.t >= first.t]
    if noticed or len(met) > 1:
        yield Refusal(
            page=page,
            part=OFFLINE if first.scene == "browser.offline" else first.part,
            refused=met[0],
            further=len(met) - 1,
            last=noticed[-1] if noticed else None,
        )


def whole(found: Iterator[Refusal], parts: tuple[str, ...]) -> Iterator[Refusal]:
    """These, where each part was seen; else those that breach, since a part proves no whole."""
    listed = list(found)
    complete = {each.part for each in listed} >= set(parts)
    return (each for each in listed if complete or each.further or not each.closed)


def published_in(transcript: Transcript, scene: str, part: str) -> Iterator[e.Published]:
    """What was accepted in this part of a scene."""
    return (p for p in transcript.publishes if p.scene == scene and p.part == part and p.accepted and p.valid)
