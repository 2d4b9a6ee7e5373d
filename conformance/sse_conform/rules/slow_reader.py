"""Rules on a reader that falls asleep: it holds up nobody, and is never told half the story."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from sse_conform import entries as e
from sse_conform.evidence import SECOND, Delivery, deliveries, first_snapshot
from sse_conform.rule import Finding, rule
from sse_conform.spec import Capability, Level, plan
from sse_conform.terms import Terms
from sse_conform.transcript import Stream, Transcript

_SCENE = "delivery.burst"
_NEEDS = frozenset({Capability.TRIGGERS, Capability.MARKERS})


def beside_the_sleeper(transcript: Transcript) -> Iterator[Delivery]:
    """The large events to the tab that reads on."""
    return (
        d for d in deliveries(transcript, _SCENE) if d.stream.attempt.part == "reader" and d.published.part == "large"
    )


@rule(
    "delivery.slow-reader",
    level=Level.MUST,
    spec=plan("Backend Design"),
    over=beside_the_sleeper,
    scenes=_SCENE,
    needs=_NEEDS,
    timed=True,
    hint="one loop awaits the write to each stream in turn",
)
def delays_nobody(delivery: Delivery, terms: Terms) -> Iterator[Finding]:
    """
    A reader that stalls delays no other.

    One phone in a tunnel must not hold up everybody's notifications.
    """
    expected, acked = f"within {terms.latency:g} s", delivery.published.acked
    if not delivery.copies:
        yield Finding(expected=f"the event {expected}", actual="it never came", at=delivery.published)
        return
    first = delivery.copies[0]
    excess = first.t - acked - round(terms.latency * SECOND)
    if excess > 0:
        late = f"after {(first.t - acked) / SECOND:.3f} s"
        yield Finding(expected=expected, actual=late, at=first, since=acked, until=first.t, excess=excess)


@dataclass(frozen=True, kw_only=True, slots=True)
class Sleeper:
    """The stream that stalled, and which of the large events and the last one it got, in order of publishing."""

    stream: Stream
    got: tuple[bool, ...]


def sleepers(transcript: Transcript) -> Iterator[Sleeper]:
    """The stream that stalled, where it had begun well and something large was accepted."""
    parts = {"large", "after-waking"}
    sent = [p for p in transcript.publishes if p.scene == _SCENE and p.part in parts and p.accepted]
    stalled = {d.conn for d in transcript.disturbances if d.kind is e.Disturbance.PAUSE}
    for stream in transcript.streams_in(_SCENE, "sleeper"):
        if stream.conn in stalled and sent and first_snapshot(stream):
            yield Sleeper(stream=stream, got=tuple(bool(stream.mentions(p)) for p in sent))


@rule(
    "delivery.no-silent-skip",
    level=Level.MUST,
    spec=plan("Goals"),
    over=sleepers,
    scenes=_SCENE,
    needs=_NEEDS,
    hint="a full queue drops events instead of closing the stream",
)
def skips_nothing_in_silence(sleeper: Sleeper) -> Iterator[Finding]:
    """
    What a slow reader gets has no holes; where events are dropped, the stream is closed.

    A closed stream brings the client back to a snapshot; a hole in an open one is never noticed.
    """
    got = sleeper.got
    if not all(got) and any(later and not earlier for earlier, later in pairwise(got)):
        missing = got.index(False)
        yield Finding(
            expected="all events, or a closed stream",
            actual=f"event {missing + 1} of {len(got)} is missing, later ones came",
            at=sleeper.stream,
        )
    elif not all(got) and sleeper.stream.closed_by_suite:
        yield Finding(
            expected="all events, or a closed stream",
            actual=f"{got.count(False)} of {len(got)} never came, and the stream stayed open",
            at=sleeper.stream,
        )


RULES = (delays_nobody, skips_nothing_in_silence)
