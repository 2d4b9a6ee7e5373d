"""Rules on pages that are refused: an EventSource that is told 401 or 429 gives up, and a storm is spared."""

from collections.abc import Iterator

from sse_conform.browser_session import AT_LOAD, CONNECTED, OFFLINE, Refusal, expiries, limited, whole
from sse_conform.rule import Finding, rule
from sse_conform.spec import Capability, Level, plan, whatwg
from sse_conform.transcript import Transcript

_TABS, _OFFLINE, _BURST = "browser.tabs", "browser.offline", "rate_limit.burst"
_MODEL = whatwg("9.2.3 Processing model", "sse-processing-model")
_FAILURE = plan("Failure / Retry")


def expired(transcript: Transcript) -> Iterator[Refusal]:
    """Pages whose token expired: while connected, while offline, and before the page was loaded."""
    return whole(expiries(transcript, _TABS, _OFFLINE), (CONNECTED, OFFLINE, AT_LOAD))


def _goes_on(subject: Refusal) -> Iterator[Finding]:
    """That the page was refused more than once, or would go on."""
    state = "closed" if subject.closed else "not closed"
    if subject.further or not subject.closed:
        yield Finding(
            expected="one refused attempt, then an EventSource that is closed",
            actual=f"{subject.further} more after {subject.refused.status} {subject.refused.media_type}, {state}",
            at=subject.refused,
        )


@rule(
    "client.stops-at-401-native",
    level=Level.MUST,
    spec=(plan("Testing"), _FAILURE, _MODEL),
    over=expired,
    scenes=(_TABS, _OFFLINE),
    needs={Capability.BROWSER, Capability.TRIGGERS},
    hint="the refusal is told in a stream with status 200, from which every EventSource comes back",
)
def page_stops_when_refused(subject: Refusal) -> Iterator[Finding]:
    """
    A page whose token has expired is refused once, and its EventSource gives up.

    While it is connected, while it is offline, and before it is loaded: for three reconnection times no further
    request comes, seen by the proxy. It is the plan's third test.
    """
    yield from _goes_on(subject)


def too_many(transcript: Transcript) -> Iterator[Refusal]:
    """A page that comes when the limit is reached."""
    return limited(transcript, _BURST)


@rule(
    "client.backs-off-native",
    level=Level.MUST,
    spec=(plan("Security"), _FAILURE, _MODEL),
    over=too_many,
    scenes=_BURST,
    needs={Capability.BROWSER, Capability.RATE_LIMIT},
    hint="the refusal is told in a stream with status 200: every page over the limit comes back, and again",
)
def page_stops_at_the_limit(subject: Refusal) -> Iterator[Finding]:
    """
    A page that comes beyond the limit is refused once, and its EventSource gives up.

    Else the limit, which is to spare the service, makes every page of a crowded office ask again and again.
    """
    yield from _goes_on(subject)


RULES = (page_stops_when_refused, page_stops_at_the_limit)
