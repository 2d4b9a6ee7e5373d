"""Rules on what a poll tells: all unread counted, and what was live just before."""

from collections.abc import Iterator
from dataclasses import dataclass

from sse_conform import entries as e
from sse_conform.evidence import NOTIFICATION, names, page
from sse_conform.rule import Finding, rule
from sse_conform.rules.polling import Poll, polls
from sse_conform.spec import Capability, Level, plan
from sse_conform.transcript import Transcript

_FORMAT = plan("Data Format")
_SCENE, _OVERFLOW, _BURST = "polling.pages", "snapshot.overflow", "delivery.burst"
_NEEDS = frozenset({Capability.POLLING, Capability.TRIGGERS})


@dataclass(frozen=True, kw_only=True, slots=True)
class Count:
    """A page of few items, and how many events at least are unread by its reader."""

    poll: Poll
    least: int


def counts(transcript: Transcript) -> Iterator[Count]:
    """The first page after more events than it holds, later pages, and those after a burst."""
    paged = _accepted(transcript, _SCENE, "paged")
    for poll in polls(transcript, "page-0"):
        if poll.exchange.status == 200 and isinstance(poll.document, dict) and len(poll.items) < paged:
            yield Count(poll=poll, least=paged)
            yield from _later(transcript, poll, paged)
    yield from _after_burst(transcript)


def _later(transcript: Transcript, first: Poll, paged: int) -> Iterator[Count]:
    """
    The pages after the first one, which count as many, where listing takes nothing for read.

    It does not where the first page counted all events beside what the poll before it had listed.
    """
    pages = _counted(transcript, _SCENE, "page-")
    for start, before in _counted(transcript, _SCENE, "start"):
        if start.items and pages and pages[0][1] >= before + paged:
            yield from (Count(poll=poll, least=pages[0][1]) for poll, _ in pages if poll.exchange != first.exchange)


def _after_burst(transcript: Transcript) -> Iterator[Count]:
    """
    The pages after a burst, where what comes live is not taken for read.

    It is not where the count rose by the burst, and stood still from page to page.
    """
    pages = _counted(transcript, _BURST, "burst-page-")
    for _, before in _counted(transcript, _BURST, "start"):
        if len(pages) > 1 and before < pages[0][1] <= pages[-1][1]:
            yield from (Count(poll=poll, least=_accepted(transcript, _BURST, "burst")) for poll, _ in pages)


def _accepted(transcript: Transcript, scene: str, part: str) -> int:
    return sum(p.scene == scene and p.part == part and p.accepted for p in transcript.publishes)


def _counted(transcript: Transcript, scene: str, part: str) -> list[tuple[Poll, int]]:
    """The pages that were answered, with their numbers of the unread."""
    found = (poll for poll in polls(transcript, part, scene=scene) if poll.exchange.status == 200)
    numbers = [(poll, poll.document.get("unread")) for poll in found if isinstance(poll.document, dict)]
    return [(poll, n) for poll, n in numbers if isinstance(n, int) and not isinstance(n, bool)]


@rule(
    "polling.unread-counts-all",
    level=Level.MUST,
    spec=_FORMAT,
    over=counts,
    scenes=_SCENE,
    needs=_NEEDS | {Capability.SECOND_USER},
    hint="unread is the length of the page",
)
def unread_counts_all(count: Count) -> Iterator[Finding]:
    """
    Unread counts all unread notifications, not only those of the page.

    Judged by what was published since the poll before, while no stream was open that could have shown it; and where a
    service takes nothing for read by showing it, on later pages and after a burst as well.
    """
    unread = count.poll.document.get("unread")
    if not isinstance(unread, int) or isinstance(unread, bool) or unread < count.least:
        yield Finding(expected=f"unread: {count.least} or more", actual=f"unread: {unread!r}", at=count.poll.exchange)


def remembered(transcript: Transcript) -> Iterator[tuple[e.Published, Poll]]:
    """What was delivered live, and the poll just after it, where there was one just before it as well."""
    asked = [x for x in transcript.exchanges if x.scene == _OVERFLOW and x.status == 200]
    before = any(x.part == "before" for x in asked)
    for published in transcript.publishes:
        if published.scene == _OVERFLOW and published.part == "seen" and published.accepted and before:
            heard = (ev for s in transcript.streams_in(_OVERFLOW, "before") for ev in s.mentions(published))
            live = any(event.type == NOTIFICATION for event in heard)
            for exchange in asked:
                if live and exchange.part == "seen":
                    yield published, Poll(exchange=exchange, document=page(exchange, transcript.terms))


@rule(
    "polling.remembers",
    level=Level.MUST,
    spec=_FORMAT,
    over=remembered,
    scenes=_OVERFLOW,
    needs=_NEEDS,
    hint="answers are cached for a moment, or live events are sent but not stored",
)
def lists_what_was_live(subject: tuple[e.Published, Poll]) -> Iterator[Finding]:
    """
    What was delivered live is in the next poll.

    A client that falls back to polling would show a list without what it has just shown.
    """
    published, poll = subject
    if not any(names(published, item) for item in poll.items):
        yield Finding(
            expected=f"the item {published.marker or published.event_id} in the next poll",
            actual=f"{len(poll.items)} items without it",
            at=poll.exchange,
        )


RULES = (unread_counts_all, lists_what_was_live)
