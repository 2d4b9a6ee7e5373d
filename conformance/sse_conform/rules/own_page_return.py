"""Rules on the target's own page that was cut off or out of sight: it comes back, in time, and shows what it missed."""

from collections.abc import Iterator
from dataclasses import dataclass

from sse_conform import entries as e
from sse_conform.evidence import SECOND, first_snapshot
from sse_conform.own_page_evidence import (
    BACK,
    HIDDEN,
    MISSED,
    SEEN,
    Return,
    markers,
    own_pages,
    published_for,
    retry_of,
    returns,
)
from sse_conform.rule import Finding, rule
from sse_conform.spec import Capability, Level, plan, practice, whatwg
from sse_conform.terms import Terms
from sse_conform.transcript import Transcript

_LIST = "page.list"
_NEEDS = frozenset({Capability.BROWSER, Capability.UI, Capability.TRIGGERS, Capability.MARKERS})
#: The time a page waits may differ from the retry time by this share, and by so many seconds on top: timers are late.
_SPREAD, _LATE_SECONDS = 0.5, 1.0


def lost_streams(transcript: Transcript) -> Iterator[Return]:
    """The page after its stream was cut, unless the target refused it one."""
    return (each for each in returns(transcript, _LIST) if not each.refused)


@rule(
    "client.reconnects-ui",
    level=Level.MUST,
    spec=(plan("Testing"), plan("Failure / Retry")),
    over=lost_streams,
    scenes=_LIST,
    needs=_NEEDS,
    hint="the page closes its EventSource at every error, which ends the reconnecting of the browser",
)
def page_comes_back(subject: Return) -> Iterator[Finding]:
    """
    A page whose connection was lost comes back by itself and shows what it missed.

    The plan's second test with the service's own page: the network is cut at the socket, events happen meanwhile, and
    nobody touches the page.
    """
    if subject.after is None:
        at = subject.back or subject.before
        yield Finding(expected="a new request for the stream", actual="none came", at=at)
    elif subject.back is not None:
        shown = markers(subject.back)
        for missed in subject.events:
            if missed.part == MISSED and missed.marker not in shown and subject.after.mentions(missed):
                expected = f"publish {missed.number}, which its new stream told it of"
                yield Finding(expected=expected, actual="it is not shown", at=subject.back)


def shown_again(transcript: Transcript) -> Iterator[Return]:
    """Pages that came back and were looked at."""
    return (each for each in returns(transcript, _LIST) if each.after and each.back)


@rule(
    "client.reconnects-ui-once",
    level=Level.MUST,
    spec=(plan("Testing"), plan("Data Format")),
    over=shown_again,
    scenes=_LIST,
    needs=_NEEDS,
    hint="what a snapshot lists is added to what was there, whether it is there already or not",
)
def shows_nothing_twice(subject: Return) -> Iterator[Finding]:
    """
    A page that came back shows each notification once.

    A snapshot repeats much of what the page knows already, and what was missed may come by replay besides.
    """
    assert subject.back is not None
    shown = markers(subject.back)
    twice = [each.number for each in subject.events if shown[each.marker] > 1]
    if twice:
        yield Finding(
            expected="each notification once",
            actual=f"{len(twice)} are shown more than once, the first is publish {twice[0]}",
            at=subject.back,
        )


def promptly_asked(transcript: Transcript) -> Iterator[Return]:
    """Pages whose stream was cut while all else worked."""
    return returns(transcript, _LIST)


@rule(
    "client.honours-retry-ui",
    level=Level.MUST,
    spec=(plan("Failure / Retry"), whatwg("9.2.3 Processing model")),
    over=promptly_asked,
    scenes=_LIST,
    needs=_NEEDS,
    timed=True,
    hint="the page opens a new connection itself, at once, instead of leaving that to the browser",
)
def page_waits_as_told(subject: Return, terms: Terms) -> Iterator[Finding]:
    """
    A page whose connection was lost waits as long as the server's retry says.

    Judged by the proxy, from the cut to the next request. Where nobody names a time, anything from an instant to the
    time in which a page falls back will do.
    """
    retry = retry_of(subject.before)
    soonest = 0.0 if retry is None else retry * (1 - _SPREAD)
    latest = terms.fallback if retry is None else retry * (1 + _SPREAD) + _LATE_SECONDS
    came = subject.asked.t if subject.asked else subject.until
    waited = (came - subject.cut.t) / SECOND
    late = waited > latest
    if late or (subject.asked and waited < soonest):
        said = f"after {waited:.3f} s" if subject.asked else f"none in {waited:.3f} s"
        yield Finding(
            expected=f"a request for the stream between {soonest:g} and {latest:g} s after the cut",
            actual=said,
            at=subject.before,
            since=subject.cut.t,
            until=came,
            excess=came - subject.cut.t - round(latest * SECOND) if late else 0,
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Unseen:
    """What happened while a page was out of sight, and what it showed when it had been in sight again for a while."""

    published: e.Published
    seen: e.PageShowed


def unseen(transcript: Transcript) -> Iterator[Unseen]:
    """Pages that had a stream before they went out of sight, and were refused none when they came back."""
    for page in own_pages(transcript, _LIST):
        back, seen = page.look(BACK), page.look(SEEN)
        if back is None or seen is None:
            continue
        open_then = [each for each in page.streams if each.t < back.t and (each.end is None or each.end.t > back.t)]
        later = [each for each in page.streams if each.t > back.t]
        refused = later and not any(first_snapshot(each) for each in later)
        if any(first_snapshot(each) for each in open_then) and not refused:
            for published in published_for(transcript, page, HIDDEN):
                yield Unseen(published=published, seen=seen)


@rule(
    "client.hidden-catches-up",
    level=Level.SHOULD,
    spec=(plan("Goals"), practice("a page that closes its connection out of sight has to open it again")),
    over=unseen,
    scenes=_LIST,
    needs=_NEEDS,
    timed=True,
    hint="the page closes its stream at visibilitychange, and opens none when it is visible again",
)
def catches_up_when_seen_again(subject: Unseen) -> Iterator[Finding]:
    """
    A page that was out of sight shows what happened meanwhile soon after it is seen again.

    To close the stream of a tab in the background spares the server a connection; to forget to open it again leaves a
    page that looks alive and is told nothing any more.
    """
    published, seen = subject.published, subject.seen
    if published.marker not in markers(seen):
        expected = f"publish {published.number}, which was accepted while it was out of sight"
        yield Finding(
            expected=expected, actual="it is not shown", at=seen, since=published.t, until=seen.t, excess=SECOND
        )


RULES = (page_comes_back, shows_nothing_twice, page_waits_as_told, catches_up_when_seen_again)
