"""Rules on what the metrics count: between two looks an attempt was refused, or a ping was sent, and little else."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise

from sse_conform.evidence import NOTIFICATION, PING, SECOND
from sse_conform.prometheus_text import value_of
from sse_conform.rule import Finding, rule
from sse_conform.rules.metrics import Scrape, excess, foreign_streams, scrapes
from sse_conform.spec import Capability, Level, plan
from sse_conform.terms import Terms
from sse_conform.transcript import Transcript

_PLAN = plan("Metrics")
_SCENE = "metrics.gauge"
_NEEDS = frozenset({Capability.METRICS, Capability.TRIGGERS})
#: A duration may be taken from the head or from the snapshot on, and up to when the end was noticed.
LEAST_SHARE = 0.5
#: What is beyond so many times what streams can have lasted is in another unit.
MOST_TIMES = 10
#: How a service may refuse a token; what kind of refusal is right, rules of their own say.
_REFUSALS = frozenset({400, 401, 403})


@dataclass(frozen=True, kw_only=True, slots=True)
class Between:
    """
    Two looks at the metrics, one after the other, and what happened between them.

    ``events`` may have been sent meanwhile that are no pings, ``opened`` streams may have been opened, and ``closed``
    ones have ended. ``pings`` came for certain in between, ``beside`` those that came about then. It is ``clear`` where
    no other scene published anything.
    """

    first: Scrape
    then: Scrape
    events: int
    opened: int
    closed: int
    pings: int
    beside: int
    refused: int
    clear: bool

    def growth(self, name: str) -> float:
        """By how much a metric grew; 0 where a look does not have it."""
        before, after = value_of(self.first.text, name), value_of(self.then.text, name)
        return 0.0 if before is None or after is None else after - before

    def exceeds(self, name: str, allowed: int) -> bool:
        """Whether a metric grew by more than what happened explains."""
        return self.growth(name) > allowed


def betweens(transcript: Transcript) -> tuple[Between, ...]:
    """
    What lies between the quiet looks of the scene.

    None where the first of them is not fresh: it must show that an event was sent before it. Metrics that are cached,
    or those of another worker, do not.
    """
    start, quiet = next(scrapes(transcript, "before"), None), tuple(scrapes(transcript, "quiet"))
    if start is None or not quiet:
        return ()
    heard = [(event.t, event.type) for stream in transcript.streams for event in stream.events]
    sent = transcript.terms.metric_names[2]
    before, fresh = value_of(start.text, sent), value_of(quiet[0].text, sent)
    since = (start.exchange.answered, quiet[0].exchange.t)
    told = sum(since[0] < t < since[1] and kind == NOTIFICATION for t, kind in heard)
    if not told or before is None or fresh is None or fresh <= before:
        return ()
    owed = max(0, told - round(fresh - before))
    return tuple(_between(transcript, heard, first, then, owed) for first, then in pairwise(quiet))


def _between(transcript: Transcript, heard: list[tuple[int, str]], first: Scrape, then: Scrape, owed: int) -> Between:
    """``owed`` events came before, but were not yet shown."""
    since, until = first.exchange.t, then.exchange.answered
    attempts = [s for s in transcript.streams if since < s.t < until]
    told = sum(since < t < until and kind != PING for t, kind in heard)
    # What other scenes publish may also be sent to streams that were closed just before.
    asked = [p.scene for p in transcript.publishes if p.scene != _SCENE and p.t < until and p.acked > since]
    untold = sum(s.attempt.scene == scene for scene in asked for s in transcript.streams)
    return Between(
        first=first,
        then=then,
        events=told + untold + owed,
        opened=sum(s.status not in _REFUSALS for s in attempts),
        closed=sum(s.admitted and s.end is not None and since < s.end.t < until for s in transcript.streams),
        beside=sum(since < t < until and kind == PING for t, kind in heard),
        pings=sum(first.exchange.answered < t < then.exchange.t and kind == PING for t, kind in heard),
        refused=sum(s.status in _REFUSALS for s in attempts),
        clear=not asked,
    )


def _clearest(around: tuple[Between, ...]) -> Iterator[tuple[Between, ...]]:
    """The clear ones together, or all where none is: what others published explains more than it caused."""
    clear = tuple(each for each in around if each.clear)
    return iter([clear or around] if around else [])


def refusals(transcript: Transcript) -> Iterator[tuple[Between, ...]]:
    """The looks around refused attempts, all together: somebody else's event may have been sent during one of them."""
    return _clearest(tuple(each for each in betweens(transcript) if each.refused))


def _undisturbed(around: tuple[Between, ...], disturbances: Callable[[Between], int]) -> tuple[Between, ...]:
    """Those that nothing disturbed, where there are two: what grew in one of them may be somebody else's doing."""
    rest = tuple(each for each in around if not disturbances(each))
    return rest if len(rest) > 1 else around


@rule(
    "metrics.counts-no-refusals",
    level=Level.MUST,
    spec=_PLAN,
    over=refusals,
    scenes=_SCENE,
    needs=_NEEDS,
    hint="the counter stands in a middleware, before the token is looked at",
)
def refusals_do_not_count(around: tuple[Between, ...], terms: Terms) -> Iterator[Finding]:
    """
    A refused attempt counts neither as an open connection nor as an event sent.

    Else a scanner with bad tokens looks like a rush of users, and average durations sink to nothing.
    """
    gauge, _, sent = terms.metric_names
    still = _undisturbed(around, lambda each: each.closed)
    if all(each.exceeds(gauge, each.opened) for each in still):
        yield _grown(still[-1], gauge, still[-1].opened, f"{still[-1].refused} attempts were refused")
    still = _undisturbed(around, lambda each: each.beside)
    if all(each.exceeds(sent, each.events + each.beside) for each in still):
        allowed = still[-1].events + still[-1].beside
        yield _grown(still[-1], sent, allowed, f"{still[-1].refused} attempts were refused")


def silences(transcript: Transcript) -> Iterator[tuple[Between, ...]]:
    """The looks around pings, all together; without those around refusals too, for which another rule is there."""
    pinged = tuple(each for each in betweens(transcript) if each.pings)
    return _clearest(tuple(each for each in pinged if not each.refused) or pinged)


@rule(
    "metrics.counts-no-pings",
    level=Level.MUST,
    spec=_PLAN,
    over=silences,
    scenes=_SCENE,
    needs=_NEEDS,
    hint="the counter stands in the writer of frames, which writes the heartbeats too",
)
def pings_do_not_count(around: tuple[Between, ...], terms: Terms) -> Iterator[Finding]:
    """
    A ping does not count as an event sent.

    Else throughput shows the number of open streams, and never whether anything is delivered.
    """
    sent, last = terms.metric_names[2], around[-1]
    if all(each.exceeds(sent, each.events) for each in around):
        yield _grown(last, sent, last.events, f"{last.pings} pings came")


@dataclass(frozen=True, kw_only=True, slots=True)
class Whole:
    """
    The looks at the beginning, just before streams were left, and at the end.

    Beside them the events that were told meanwhile, the lives (s) of these streams, and how long (s) all of them
    together lasted if none was noticed to be gone before the last look.
    """

    first: Scrape
    beforehand: Scrape
    last: Scrape
    told: int
    lives: tuple[float, ...]
    longest: float

    @staticmethod
    def growth(first: Scrape, last: Scrape, name: str) -> float | None:
        """By how much a metric grew; None where either look does not have it."""
        before, after = value_of(first.text, name), value_of(last.text, name)
        return None if before is None or after is None else after - before


def wholes(transcript: Transcript) -> Iterator[Whole]:
    """The whole of the scene, where streams of it were left, and the gauge had fallen by them at the last look."""
    looks = [tuple(scrapes(transcript, *parts)) for parts in (("before",), ("meanwhile", "quiet"), ("afterwards",))]
    if not all(looks):
        return
    first, beforehand, last = looks[0][0], looks[1][-1], looks[2][-1]
    since, until, gauge = first.exchange.answered, last.exchange.t, transcript.terms.metric_names[0]
    own = [s for s in transcript.streams_in(_SCENE) if s.opened and s.events and s.watched_until < until]
    left = [s for s in own if s.closed_by_suite and beforehand.exchange.answered < s.watched_until]
    foreign = foreign_streams(first, gauge)
    if own and foreign is not None and value_of(last.text, gauge) is not None and excess(last, gauge, foreign) <= 0:
        told = sum(ev.type == NOTIFICATION and since < ev.t < until for s in own for ev in s.events)
        lives = tuple((stream.watched_until - stream.events[0].t) / SECOND for stream in left)
        longest = sum(last.exchange.answered - stream.t for stream in left) / SECOND
        yield Whole(first=first, beforehand=beforehand, last=last, told=told, lives=lives, longest=longest)


@rule(
    "metrics.counts-events",
    level=Level.MUST,
    spec=_PLAN,
    over=lambda transcript: (whole for whole in wholes(transcript) if whole.told),
    scenes=_SCENE,
    needs=_NEEDS,
    hint="the counter is exposed and nobody counts it up",
)
def events_count(whole: Whole, terms: Terms) -> Iterator[Finding]:
    """
    Events that are sent count.

    A counter that stands still says of a service that works that nothing happens.
    """
    growth = whole.growth(whole.first, whole.last, terms.metric_names[2])
    if growth is not None and growth <= 0:
        expected = f"{terms.metric_names[2]} to grow: {whole.told} events came"
        yield Finding(expected=expected, actual=f"by {growth:g}", at=whole.last.exchange)


@rule(
    "metrics.counts-durations",
    level=Level.MUST,
    spec=_PLAN,
    over=lambda transcript: (whole for whole in wholes(transcript) if whole.lives),
    scenes=_SCENE,
    needs=frozenset({Capability.METRICS}),
    hint="it is observed where the handler ends by itself and not where the client goes, taken too late, or in ms",
)
def durations_count(whole: Whole, terms: Terms) -> Iterator[Finding]:
    """
    The duration of streams that clients leave counts.

    Nearly all streams end so: an average without them is that of the odd ones. Judged where it is a sum and a count.
    """
    name, streams, lived = terms.metric_names[1], len(whole.lives), sum(whole.lives)
    # Just before they were left, for streams of other scenes may have ended since the first look.
    count, seconds = (whole.growth(whole.beforehand, whole.last, f"{name}_{what}") for what in ("count", "sum"))
    if count is not None and count < streams:
        actual = f"by {count:g}"
        yield Finding(expected=f"{name}_count to grow by {streams}", actual=actual, at=whole.last.exchange)
    elif seconds is not None and name.endswith("_seconds") and seconds < lived * LEAST_SHARE:
        expected = f"{name}_sum to grow by {lived:.1f}"
        yield Finding(expected=expected, actual=f"by {seconds:g}", at=whole.last.exchange)
    # Where more streams ended than those that were left, somebody else's may have lasted for hours.
    elif (
        seconds is not None and name.endswith("_seconds") and count == streams and seconds > MOST_TIMES * whole.longest
    ):
        expected = f"{name}_sum to grow by {whole.longest:.1f} at most"
        yield Finding(expected=expected, actual=f"by {seconds:g}", at=whole.last.exchange)


def _grown(between: Between, name: str, allowed: int, meanwhile: str) -> Finding:
    return Finding(
        expected=f"{name} to grow by {allowed} at most",
        actual=f"by {between.growth(name):g}, while {meanwhile}",
        at=between.then.exchange,
    )


RULES = (refusals_do_not_count, pings_do_not_count, events_count, durations_count)
