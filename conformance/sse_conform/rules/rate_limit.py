"""Rules on the limit of connection attempts: it exists, it is not too tight, it harms nobody else, it ends."""

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from email.utils import parsedate_to_datetime

from sse_conform import entries as e
from sse_conform.evidence import SECOND
from sse_conform.rule import Finding, rule
from sse_conform.spec import Capability, Level, plan, rfc
from sse_conform.terms import Terms
from sse_conform.transcript import Stream, Transcript

_PLAN = plan("Security")
_SCENE = "rate_limit.burst"
_NEEDS = frozenset({Capability.RATE_LIMIT})
#: At least this share of the limit must be admitted: counters round, and a window may have begun before us.
FEWEST_SHARE = 0.8
_SECONDS = re.compile("[0-9]{1,9}")


@dataclass(frozen=True, kw_only=True, slots=True)
class Burst:
    """
    The attempts of one source address in the window before the first refusal, and what came after it.

    ``admitted`` counts all that were not refused with 429 in that window, those of other scenes too. ``weighed`` is
    what a limiter may make of them that remembers the window before as well.
    """

    admitted: int
    weighed: float
    attempted: int
    seconds: float
    refusals: tuple[Stream, ...]
    last: Stream


def until(transcript: Transcript, last: Stream) -> list[Stream]:
    """The attempts from the address of ``last`` in the window that ends with it."""
    since = last.t - round(transcript.terms.rate_window * SECOND)
    return [s for s in transcript.streams if s.attempt.address == last.attempt.address and since < s.t <= last.t]


def bursts(transcript: Transcript) -> Iterator[Burst]:
    """The burst of the run, where it was made, and fast enough to exceed every kind of limit."""
    attempts = [s for s in transcript.streams_in(_SCENE, "held", "burst") if s.head]
    if len(attempts) < 2:
        return
    last = attempts[-1]
    window = round(transcript.terms.rate_window * SECOND)
    address = last.attempt.address
    counted = [s for s in until(transcript, last) if s.head]
    refusals = tuple(s for s in transcript.streams_in(_SCENE, "burst", "beyond") if s.status == 429)
    admitted = [s.t for s in transcript.streams if s.attempt.address == address and s.admitted]
    first = refusals[0].t if refusals else last.t
    if not refusals and len(counted) <= 2 * transcript.terms.rate_limit:
        return  # too slow a burst: a fixed window may admit as many
    yield Burst(
        admitted=sum(s.admitted for s in counted),
        weighed=_weighed([first - t for t in admitted if t <= first], window),
        attempted=len(counted),
        seconds=(last.t - attempts[0].t) / SECOND,
        refusals=refusals,
        last=last,
    )


def _weighed(ages: list[int], window: int) -> float:
    """
    The most that a sliding window counter may make of attempts of these ages (ns).

    It counts in fixed windows: this one's attempts in full, those of the one before by the share of it that the last
    ``window`` covers. When its windows begin nobody outside knows, so each beginning that makes a difference is tried.
    """
    begun = {age for age in ages if age <= window} | {age - window for age in ages if window < age <= 2 * window}

    def estimate(since: int) -> float:
        before = sum(since < age <= since + window for age in ages)
        return sum(age <= since for age in ages) + before * (1 - since / window)

    return max(map(estimate, begun), default=0.0)


def _refusals(transcript: Transcript) -> Iterator[Stream]:
    return (stream for burst in bursts(transcript) for stream in burst.refusals)


@rule(
    "rate_limit.exists",
    level=Level.MUST,
    spec=_PLAN,
    over=bursts,
    scenes=_SCENE,
    needs=_NEEDS,
    hint="the limiter is not applied to the stream route, or counts something else than attempts",
)
def limits_attempts(burst: Burst, terms: Terms) -> Iterator[Finding]:
    """
    A burst of attempts from one address is limited.

    Fixed windows may admit twice the limit around their border, buckets refill: more than that is no limit.
    """
    refill = terms.rate_limit * burst.seconds / terms.rate_window
    most = 2 * terms.rate_limit + refill
    if not burst.refusals:
        yield Finding(expected="429", actual=f"none in {burst.attempted} attempts in a window", at=burst.last)
    elif burst.admitted > most:
        yield Finding(expected=f"at most {most:.0f} admitted", actual=f"{burst.admitted} admitted", at=burst.last)


def limited_bursts(transcript: Transcript) -> Iterator[Burst]:
    """The burst of the run, where the limit showed."""
    return (burst for burst in bursts(transcript) if burst.refusals)


@rule(
    "rate_limit.not-too-tight",
    level=Level.MUST,
    spec=_PLAN,
    over=limited_bursts,
    scenes=_SCENE,
    needs=_NEEDS,
    hint="another limit, or one shared by all routes or users",
)
def admits_enough(burst: Burst, terms: Terms) -> Iterator[Finding]:
    """
    About as many attempts as promised are admitted before the first refusal.

    A few tabs that reconnect after an outage use a tight limit up, and EventSource takes 429 as final. Attempts of the
    window before count by the share by which a sliding window counter counts them.
    """
    fewest = int(terms.rate_limit * FEWEST_SHARE)
    if max(burst.admitted, burst.weighed) < fewest:
        yield Finding(expected=f"at least {fewest} admitted", actual=f"{burst.admitted} admitted", at=burst.refusals[0])


@rule(
    "rate_limit.plain-refusal",
    level=Level.MUST,
    spec=(_PLAN, rfc(6585, "4")),
    over=_refusals,
    scenes=_SCENE,
    needs=_NEEDS,
    hint="the refusal is written by the stream handler after its head",
)
def refusal_is_no_stream(stream: Stream) -> Iterator[Finding]:
    """
    A 429 is no event stream.

    Its body is for people and programs that look at the status, not for EventSource.
    """
    if stream.media_type == "text/event-stream":
        yield Finding(expected="another media type", actual="429 with text/event-stream", at=stream)


@rule(
    "rate_limit.retry-after",
    level=Level.SHOULD,
    spec=(rfc(6585, "4"), rfc(9110, "10.2.3")),
    over=_refusals,
    scenes=_SCENE,
    needs=_NEEDS,
    hint="send Retry-After with the whole seconds that are left of the window",
)
def refusal_says_when(stream: Stream, terms: Terms) -> Iterator[Finding]:
    """
    A 429 says when to come back: Retry-After, in seconds or by a date, within twice the window.

    Polite clients wait so long; without it they guess, and with one in milliseconds they stay away.
    """
    most = math.ceil(2 * terms.rate_window)
    said = stream.headers("retry-after")
    if not said:
        yield Finding(expected="Retry-After", actual="none", at=stream)
    elif not (_is_date(said[0]) or (_SECONDS.fullmatch(said[0]) and int(said[0]) <= most)):
        actual = f"Retry-After: {said[0]}"
        yield Finding(expected=f"a date, or at most {most} whole seconds", actual=actual, at=stream)


def _is_date(value: str) -> bool:
    """Whether it is a date as HTTP has it (RFC 9110, 5.6.7)."""
    try:
        parsedate_to_datetime(value)
    except ValueError:
        return False
    return True


#: What is published while the limit does not show yet, and what afterwards.
_TOLD_BEFORE = {"told", "crowd"}
_TOLD_LATER = {"held-limited", "held-alive"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Held:
    """
    The stream that was open when the limit showed, and what was published for it later and never came.

    A stream that told nothing before says nothing about the limit.
    """

    stream: Stream
    burst: Burst
    untold: tuple[e.Published, ...]


def _held(transcript: Transcript) -> Iterator[Held]:
    published = [p for p in transcript.publishes if p.scene == _SCENE and p.accepted]
    for burst in limited_bursts(transcript):
        for stream in transcript.streams_in(_SCENE, "held"):
            if stream.opened:
                told = {p.number for p in published if stream.mentions(p)}
                before = told.intersection(p.number for p in published if p.part in _TOLD_BEFORE)
                untold = tuple(p for p in published if p.part in _TOLD_LATER and p.number not in told)
                yield Held(stream=stream, burst=burst, untold=untold if before else ())


@rule(
    "rate_limit.spares-open-streams",
    level=Level.MUST,
    spec=_PLAN,
    over=_held,
    scenes=_SCENE,
    needs=_NEEDS,
    hint="the limiter closes what the address has open",
)
def open_stream_survives(held: Held, terms: Terms) -> Iterator[Finding]:
    """
    A stream that is open stays open when the limit trips, and goes on telling.

    The limit is one of attempts, not of streams. A stream that ends long after a refusal ended for another reason.
    """
    stream, burst = held.stream, held.burst
    if stream.end is None or stream.cut_short:
        for published in held.untold:
            yield Finding(expected="events on the open stream", actual="none since the limit showed", at=published)
        return
    ended, soon = stream.end.t, round(terms.latency * SECOND)
    if any(refusal.t <= ended <= refusal.answered + soon for refusal in burst.refusals):
        yield Finding(
            expected="the open stream stays", actual=f"{stream.end.kind.value}: {stream.end.detail}", at=stream
        )


def _rest_while_limited(transcript: Transcript) -> Iterator[e.Exchanged | e.Published]:
    """What was asked while the limit held, and had been answered well before; publishing, too."""
    asked = [x for x in transcript.exchanges if x.scene == _SCENE]
    published = [p for p in transcript.publishes if p.scene == _SCENE]
    if any(limited_bursts(transcript)):
        if any(x.part == "unlimited" and _is_well(x) for x in asked):
            yield from (x for x in asked if x.part == "limited")
        if any(p.part in _TOLD_BEFORE and p.accepted for p in published):
            yield from (p for p in published if p.part == "held-limited")


def _is_well(asked: e.Exchanged | e.Published) -> bool:
    return asked.accepted if isinstance(asked, e.Published) else 200 <= asked.status < 300


@rule(
    "rate_limit.spares-rest",
    level=Level.MUST,
    spec=_PLAN,
    over=_rest_while_limited,
    scenes=_SCENE,
    needs=_NEEDS | {Capability.REST},
    hint="one limiter for all routes",
)
def rest_goes_on(asked: e.Exchanged | e.Published) -> Iterator[Finding]:
    """
    REST and polling go on while the stream route is limited, and so do the requests that cause events.

    Polling is the fallback of a client whose stream is refused.
    """
    if not _is_well(asked):
        yield Finding(expected="2xx", actual=asked.error or str(asked.status), at=asked)


def _recovered(transcript: Transcript) -> Iterator[Stream]:
    if any(limited_bursts(transcript)):
        yield from (stream for stream in transcript.streams_in(_SCENE, "recovered") if stream.head)


@rule(
    "rate_limit.ends",
    level=Level.MUST,
    spec=_PLAN,
    over=_recovered,
    scenes=_SCENE,
    needs=_NEEDS,
    hint="refused attempts prolong the ban, others use up the limit, or the counter never expires",
)
def limit_ends(stream: Stream, terms: Terms) -> Iterator[Finding]:
    """
    After one window without attempts the address is admitted again.

    A limit that never ends is a ban.
    """
    if not stream.opened:
        yield Finding(expected=f"200 after {terms.rate_window:g} s", actual=str(stream.status), at=stream)


RULES = (
    limits_attempts,
    admits_enough,
    refusal_is_no_stream,
    refusal_says_when,
    open_stream_survives,
    rest_goes_on,
    limit_ends,
)
