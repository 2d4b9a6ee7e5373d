"""Rules on the target's own page whose network was cut: it comes back, in time, and shows what it missed."""

from collections.abc import Iterator

from sse_conform.evidence import SECOND
from sse_conform.own_page_evidence import MISSED, Return, markers, retry_of, returns
from sse_conform.rule import Finding, rule
from sse_conform.spec import Capability, Level, plan, whatwg
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


RULES = (page_comes_back, shows_nothing_twice, page_waits_as_told)
