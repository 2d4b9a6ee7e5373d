"""Rules on metrics: the three of the plan are there, the gauge tells the truth, and nobody is named."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from sse_conform import entries as e
from sse_conform.evidence import SECOND
from sse_conform.prometheus_text import value_of
from sse_conform.rule import Finding, rule
from sse_conform.spec import Capability, Level, plan, practice
from sse_conform.terms import Terms
from sse_conform.transcript import Stream, Transcript

_PLAN = plan("Metrics")
_SCENE = "metrics.gauge"
_NEEDS = frozenset({Capability.METRICS})
#: A scrape and an open or a close within this many seconds of each other may be seen in either order.
SETTLING_SECONDS = 0.3


@dataclass(frozen=True, kw_only=True, slots=True)
class Scrape:
    """
    One look at the metrics, beside the number of our own streams that were certainly open then, and the number of those
    of other scenes that possibly were; ``clear`` where the latter were so certainly. ``greeted`` are open ones that had
    been told something.
    """

    exchange: e.Exchanged
    greeted: int
    certainly: int
    others: int
    clear: bool

    @property
    def text(self) -> str:
        """The body."""
        return self.exchange.body.decode("utf-8", "replace")


def scrapes(transcript: Transcript, *parts: str) -> Iterator[Scrape]:
    """The looks at the metrics of the scene, or those of some of its parts."""
    margin = round(SETTLING_SECONDS * SECOND)
    spans = [(stream, span) for stream in transcript.streams if (span := _span(stream))]
    unsure = _unsure(transcript)
    for exchange in transcript.exchanges:
        if exchange.scene == _SCENE and (not parts or exchange.part in parts):
            greeted = sum(
                s.events[0].t < exchange.t and exchange.answered < s.watched_until for s in _greeted(transcript)
            )
            sure = [
                stream
                for stream, (a, b) in spans
                if a + margin < exchange.t and exchange.answered < b - margin and stream.conn not in unsure
            ]
            others = sum(stream.attempt.scene != _SCENE for stream in sure)
            maybe = sum(
                a - margin < exchange.answered and exchange.t < b + margin and stream.attempt.scene != _SCENE
                for stream, (a, b) in spans
            )
            yield Scrape(exchange=exchange, greeted=greeted, certainly=len(sure), others=maybe, clear=others == maybe)


def _unsure(transcript: Transcript) -> set[int]:
    """
    The connections of streams that may be counted or not.

    Each instance may have metrics of its own, and a stream whose reader slept may have ended before it noticed.
    """
    slept = {each.conn for each in transcript.of(e.Disturbed) if each.kind is e.Disturbance.PAUSE}
    return slept | {stream.conn for stream in transcript.streams if stream.attempt.instance}


def _greeted(transcript: Transcript) -> Iterator[Stream]:
    unsure = _unsure(transcript)
    return (s for s in transcript.streams if s.opened and s.events and s.conn not in unsure)


def _span(stream: Stream) -> tuple[int, int] | None:
    return (stream.t, stream.watched_until) if stream.opened and stream.attempt.method == "GET" else None


@rule(
    "metrics.exposed",
    level=Level.MUST,
    spec=_PLAN,
    over=scrapes,
    scenes=_SCENE,
    needs=_NEEDS,
    hint="the profile's [metrics] names them otherwise, or one is missing",
)
def all_three_are_there(scrape: Scrape, terms: Terms) -> Iterator[Finding]:
    """
    Open connections, stream duration and events sent are exposed.

    The plan's three; an average is a sum and a count.
    """
    if scrape.exchange.status != 200:
        yield Finding(expected="200", actual=scrape.exchange.error or str(scrape.exchange.status), at=scrape.exchange)
        return
    opened, duration, sent = terms.metric_names
    text = scrape.text
    averaged = value_of(text, duration) is not None or value_of(text, f"{duration}_count") is not None
    missing = [name for name in (opened, sent) if value_of(text, name) is None] + ([] if averaged else [duration])
    if missing:
        yield Finding(
            expected=", ".join(terms.metric_names), actual=f"without {', '.join(missing)}", at=scrape.exchange
        )


def risen(transcript: Transcript) -> Iterator[Scrape]:
    """
    The last look while streams of the scene were open, which the scene repeats until the gauge shows them, and all
    later ones: what it showed once it must go on to show until it is closed.
    """
    looks = tuple(scrapes(transcript, "meanwhile"))[-1:]
    for first in looks:
        known = [s for s in _greeted(transcript) if s.events[0].t < first.exchange.t]
        for look in (*looks, *scrapes(transcript, "quiet", "afterwards")):
            still = sum(look.exchange.answered < stream.watched_until for stream in known)
            if still:
                yield replace(look, greeted=still)


@rule(
    "metrics.gauge-rises",
    level=Level.MUST,
    spec=_PLAN,
    over=risen,
    scenes=_SCENE,
    needs=_NEEDS,
    hint="connections are counted per worker, or not at all",
)
def gauge_counts_open_streams(scrape: Scrape, terms: Terms) -> Iterator[Finding]:
    """
    The gauge counts every open stream.

    Judged one-sided: others may have streams open as well.
    """
    seen = value_of(scrape.text, terms.metric_names[0])
    if seen is not None and seen < scrape.greeted:
        yield Finding(expected=f"at least {scrape.greeted} open", actual=f"{seen:g}", at=scrape.exchange)


def _users(transcript: Transcript) -> tuple[str, ...]:
    """By what the service may know the users of the run: their names, and the id of one of them."""
    ids = {noted.value for noted in transcript.of(e.Noted) if noted.scene == _SCENE and noted.name == "user-id"}
    return tuple(sorted(ids | {s.attempt.user for s in transcript.streams if s.attempt.user}))


@dataclass(frozen=True, kw_only=True, slots=True)
class Fall:
    """The look before, which tells what is not ours, and the looks after our streams of the scene were lost."""

    before: Scrape
    after: tuple[Scrape, ...]


def falls(transcript: Transcript) -> Iterator[Fall]:
    """The fall of the gauge, where it was looked at before and after."""
    before, after = tuple(scrapes(transcript, "before")), tuple(scrapes(transcript, "afterwards"))
    if before and after:
        yield Fall(before=before[0], after=after)


def foreign_streams(before: Scrape, name: str) -> float | None:
    """How many streams the gauge shows that are not of the run; None where the look does not have it."""
    shown = value_of(before.text, name)
    return None if shown is None else max(0.0, shown - before.certainly)


def excess(scrape: Scrape, name: str, foreign: float) -> float:
    """How much more the gauge shows than streams that were possibly open."""
    return (value_of(scrape.text, name) or 0.0) - scrape.others - foreign


@rule(
    "metrics.gauge-falls",
    level=Level.MUST,
    spec=_PLAN,
    over=falls,
    scenes=_SCENE,
    needs=_NEEDS,
    hint="the disconnect is listened for on the wrong object, or only a clean end is counted",
)
def gauge_falls(fall: Fall, terms: Terms) -> Iterator[Finding]:
    """
    The gauge falls when streams are lost, by FIN and by RST, within three heartbeats.

    A gauge that only rises hides the leak that it is there to show.
    """
    name = terms.metric_names[0]
    foreign = foreign_streams(fall.before, name)
    if foreign is None:
        return
    last = fall.after[-1]
    # A look at which other scenes came or went may be explained in too many ways; the last one counts in any case.
    looks = [scrape for scrape in fall.after if scrape.clear or scrape is last]
    if min(excess(scrape, name, foreign) for scrape in looks) > 0:
        yield Finding(
            expected=f"at most {last.others + foreign:g} open",
            actual=f"{value_of(last.text, name):g}",
            at=last.exchange,
        )


@rule(
    "metrics.no-user-ids",
    level=Level.MUST,
    spec=(_PLAN, practice("a label for each user leaks ids and multiplies series")),
    over=lambda transcript: ((scrape, _users(transcript)) for scrape in scrapes(transcript, "meanwhile")),
    scenes=_SCENE,
    needs=_NEEDS,
    hint="the user is a label",
)
def names_nobody(subject: tuple[Scrape, tuple[str, ...]]) -> Iterator[Finding]:
    """
    No label names a user.

    Whoever reads the metrics would know who is online; and each user makes new series for ever.
    """
    scrape, users = subject
    named = [user for user in users if f'"{user}"' in scrape.text]
    if named:
        yield Finding(expected="no user in a label", actual=", ".join(sorted(named)[:3]), at=scrape.exchange)


RULES = (all_three_are_there, gauge_counts_open_streams, gauge_falls, names_nobody)
