"""Rules on the target's own page whose push is refused: it polls, does not hammer, and is back without loss."""

import math
from collections.abc import Iterator
from dataclasses import dataclass

from sse_conform import entries as e
from sse_conform.browser_entries import Deed, Relayed
from sse_conform.evidence import SECOND, first_snapshot
from sse_conform.own_page_evidence import (
    BACK,
    BEFORE,
    POLLED,
    PUSHED,
    TURNING,
    USUAL_RETRY,
    OwnPage,
    markers,
    own_pages,
    published_for,
    retry_of,
)
from sse_conform.rule import Finding, rule
from sse_conform.spec import Capability, Level, plan, practice
from sse_conform.terms import Terms
from sse_conform.transcript import Stream, Transcript

_FALLBACK = "page.fallback"
_NEEDS = frozenset({Capability.BROWSER, Capability.UI, Capability.TRIGGERS, Capability.MARKERS, Capability.POLLING})
_GOALS = plan("Goals")


@dataclass(frozen=True, kw_only=True, slots=True)
class Refusal:
    """
    A page whose push was refused on the way: from the cut that the proxy saw until requests got through again.

    ``looks`` are those that the scene took of it, ``returned`` is the first stream after that with a snapshot, ``end``
    the end of what was seen.
    """

    page: OwnPage
    cut: Relayed
    before: Stream
    mended: int
    end: int
    returned: Stream | None
    events: tuple[e.Published, ...]

    def parts(self, *parts: str) -> Iterator[e.Published]:
        """What was published in these parts."""
        return (each for each in self.events if each.part in parts)

    @property
    def refused_then(self) -> bool:
        """Whether it asked when requests got through again, and the target gave it no stream."""
        return bool(self.page.asks(self.mended)) and self.returned is None


def refusals(transcript: Transcript) -> Iterator[Refusal]:
    """Each page whose stream was cut and refused, with something to poll for."""
    for page in own_pages(transcript, _FALLBACK):
        cut, before = next(page.cuts(), (None, None))
        mended = [deed.t for deed in page.deeds if deed.deed is Deed.OFF]
        if cut is None or before is None or not mended:
            continue
        end = max(entry.t for entry in (*page.deeds, *page.shows))
        later = (stream for stream in page.streams if stream.t > mended[-1] and first_snapshot(stream))
        yield Refusal(
            page=page,
            cut=cut,
            before=before,
            mended=mended[-1],
            end=end,
            returned=next(later, None),
            events=published_for(transcript, page, BEFORE, POLLED, TURNING, PUSHED),
        )


@rule(
    "client.falls-back",
    level=Level.MUST,
    spec=_GOALS,
    over=refusals,
    scenes=_FALLBACK,
    needs=_NEEDS,
    hint="the page only waits for its stream, and asks nothing else",
)
def polls_meanwhile(subject: Refusal, terms: Terms) -> Iterator[Finding]:
    """
    A page whose push is refused polls, and shows what happens.

    Proxies and firewalls that let no stream through are why the polling was kept.
    """
    for published in subject.parts(POLLED):
        shown = subject.page.first_shown(published)
        if shown is None or shown.t > subject.mended:
            polls = [deed.t for deed in subject.page.deeds if deed.deed is Deed.POLL]
            asked = sum(subject.cut.t < t < subject.mended for t in polls)
            yield Finding(
                expected=f"publish {published.number} shown within {terms.fallback:g} s, by polling",
                actual=f"it was not shown while push was refused; the page polled {asked} times",
                at=subject.page.look(POLLED) or published,
            )
            return


def returning(transcript: Transcript) -> Iterator[Refusal]:
    """Pages that could have had their stream again."""
    return (each for each in refusals(transcript) if not each.refused_then)


@rule(
    "client.falls-back-returns",
    level=Level.MUST,
    spec=_GOALS,
    over=returning,
    scenes=_FALLBACK,
    needs=_NEEDS,
    hint="once it polls the page never tries its stream again",
)
def returns_to_push(subject: Refusal, terms: Terms) -> Iterator[Finding]:
    """
    A page that had to poll returns to push when it can.

    Else one deploy turns every open tab into a poller until somebody reloads it.
    """
    if subject.returned is None:
        yield Finding(
            expected=f"a request for the stream within {terms.fallback:g} s after it would be admitted again",
            actual=f"none in {(subject.end - subject.mended) / SECOND:.1f} s",
            at=subject.page.look(BACK) or subject.before,
        )


def changed_over(transcript: Transcript) -> Iterator[Refusal]:
    """Pages that showed something by polling and then had their stream again."""
    for subject in refusals(transcript):
        shown = [subject.page.first_shown(published) for published in subject.parts(POLLED)]
        if subject.returned and any(each and each.t < subject.mended for each in shown):
            yield subject


@rule(
    "client.fallback-is-lossless",
    level=Level.MUST,
    spec=_GOALS,
    over=changed_over,
    scenes=_FALLBACK,
    needs=_NEEDS,
    hint="what comes by both ways is not told apart by its id, or what lies between the two is not read",
)
def change_loses_nothing(subject: Refusal) -> Iterator[Finding]:
    """
    Between push and polling nothing is lost, and nothing is shown twice.

    The same event may come by polling, by snapshot and by replay, and one that happens just at the change by none.
    """
    for look in (subject.page.look(POLLED), subject.page.look(BACK)):
        if look is None:
            continue
        shown = markers(look)
        for published in subject.events:
            if shown[published.marker] > 1:
                actual = f"publish {published.number} is shown {shown[published.marker]} times"
                yield Finding(expected="each notification once", actual=actual, at=look)
                return
        lost = [each for each in subject.events if look.part == BACK and each.marker not in shown]
        if lost:
            expected = f"publish {lost[0].number}, made {_WHEN[lost[0].part]}"
            yield Finding(expected=expected, actual="it is not shown", at=look)


_WHEN = {
    BEFORE: "before push was refused",
    POLLED: "while push was refused",
    TURNING: "just as push was admitted again",
    PUSHED: "when the stream was back",
}


@rule(
    "client.backs-off-ui",
    level=Level.MUST,
    spec=(
        plan("Failure / Retry"),
        practice("Clients back off when a server or a proxy refuses them, or they make its outage longer"),
    ),
    over=refusals,
    scenes=_FALLBACK,
    needs=_NEEDS,
    hint="a refused request is repeated at once",
)
def refused_page_backs_off(subject: Refusal) -> Iterator[Finding]:
    """
    A page that is refused with 503 or 429 backs off.

    It asks at most once in a reconnection time, and twice more: soon at first, then rarely.
    """
    period = retry_of(subject.before) or USUAL_RETRY
    seconds = (subject.mended - subject.cut.t) / SECOND
    most = 2 + math.ceil(seconds / period)
    asked = len(subject.page.asks(subject.cut.t, subject.mended))
    if asked > most:
        yield Finding(
            expected=f"at most {most} requests for the stream in {seconds:.1f} s, at a retry of {period:g} s",
            actual=f"{asked} requests",
            at=subject.page.look(POLLED) or subject.before,
        )


RULES = (refused_page_backs_off, polls_meanwhile, returns_to_push, change_loses_nothing)
