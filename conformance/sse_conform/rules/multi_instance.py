"""Rules on a service of several instances."""

from collections.abc import Iterator
from dataclasses import dataclass

from sse_conform import entries as e
from sse_conform.evidence import SECOND, Delivery, deliveries, first_snapshot, lists
from sse_conform.rule import Finding, rule
from sse_conform.spec import Capability, Level, plan
from sse_conform.terms import Terms
from sse_conform.transcript import Stream, Transcript

_SCENE, _BROKER = "multi_instance.far", "multi_instance.broker"
_NEEDS = {Capability.MULTI_INSTANCE, Capability.BROKER, Capability.TRIGGERS}


def across(transcript: Transcript) -> Iterator[Delivery]:
    """What was published on one instance, and the stream on the other that it was due on."""
    return deliveries(transcript, _SCENE)


@rule(
    "multi_instance.delivers",
    level=Level.MUST,
    spec=plan("Future Upgrade"),
    over=across,
    scenes=_SCENE,
    needs={Capability.MULTI_INSTANCE, Capability.TRIGGERS},
    timed=True,
    hint="the map of streams is in the memory of each instance, and no broker stands between them",
)
def reaches_the_other_instance(delivery: Delivery, terms: Terms) -> Iterator[Finding]:
    """
    What is published on one instance is delivered on the other within the latency budget, once.

    Behind a load balancer chance decides who is connected where; without a broker half of the events reach nobody.
    """
    published, copies = delivery.published, delivery.copies
    allowed = round(terms.latency * SECOND)
    came = copies[0].t if copies else delivery.stream.watched_until
    if came - published.acked > allowed:
        late = f"after {(came - published.acked) / SECOND:.3f} s" if copies else "never"
        yield Finding(
            expected=f"the event on the other instance within {terms.latency:g} s",
            actual=f"it came {late}",
            at=published,
            since=published.acked,
            until=came,
            excess=came - published.acked - allowed,
        )
    elif len(copies) > 1:
        yield Finding(expected="the event once", actual=f"it came {len(copies)} times", at=copies[1])


@dataclass(frozen=True, kw_only=True, slots=True)
class Crossing:
    """Something published around an outage of the broker, and the streams of its user on the other instance."""

    published: e.Published
    streams: tuple[Stream, ...]

    @property
    def told(self) -> bool:
        """Whether one of them told of it, live or in its snapshot."""
        greetings = [(stream, first_snapshot(stream)) for stream in self.streams]
        listed = any(greeting is not None and lists(greeting, self.published) for _, greeting in greetings)
        return listed or any(stream.mentions(self.published) for stream in self.streams)

    def heard_within(self, budget: int) -> bool:
        """Whether one of them told of it live within so many ns."""
        due = self.published.acked + budget
        return any(event.t <= due for stream in self.streams for event in stream.mentions(self.published))

    @property
    def sent_away(self) -> bool:
        """Whether the target has since ended the stream that was open, so that its client comes back."""
        return any(
            stream.end and not stream.cut_short and stream.end.t > self.published.acked for stream in self.streams
        )


def crossings(transcript: Transcript, part: str) -> Iterator[Crossing]:
    """
    What was published in one part, where the broker did stop and start.

    Only where events were heard across in time before is there anything to be lost.
    """
    done = {entry.order for entry in transcript.of(e.Commanded) if entry.scene == _BROKER and not entry.error}
    streams = tuple(stream for stream in transcript.streams_in(_BROKER) if stream.opened)
    around = [Crossing(published=p, streams=streams) for p in transcript.publishes if p.scene == _BROKER]
    budget = round(transcript.terms.latency * SECOND)
    crossed = any(crossing.heard_within(budget) for crossing in around if crossing.published.part == "before")
    if crossed and {e.Order.BROKER_STOP, e.Order.BROKER_START} <= done:
        yield from (crossing for crossing in around if crossing.published.part == part)


@rule(
    "multi_instance.broker-down",
    level=Level.MUST,
    spec=plan("Future Upgrade"),
    over=lambda transcript: crossings(transcript, "down"),
    scenes=_BROKER,
    needs=_NEEDS,
    hint="an error of the broker is logged and forgotten",
)
def is_not_silent_without_its_broker(crossing: Crossing) -> Iterator[Finding]:
    """
    Without its broker the service is degraded, never silently successful.

    It may refuse, it may tell later, and it may send clients away, who then read the snapshot. What it accepts and
    keeps from a stream that stays open, its reader never learns.
    """
    if crossing.published.accepted and not crossing.told and not crossing.sent_away:
        yield Finding(
            expected="a refusal, the event, or the end of the stream that lacks it",
            actual=f"{crossing.published.status}, and nothing on the other instance",
            at=crossing.published,
        )


def recoveries(transcript: Transcript) -> Iterator[tuple[Crossing, ...]]:
    """All that was published once the broker was back, together: the first of it may come too early."""
    if after := tuple(crossings(transcript, "after")):
        yield after


@rule(
    "multi_instance.broker-restart",
    level=Level.MUST,
    spec=plan("Future Upgrade"),
    over=recoveries,
    scenes=_BROKER,
    needs=_NEEDS,
    hint="the subscription ends with the connection to the broker, and nobody makes another",
)
def survives_a_restart_of_its_broker(after: tuple[Crossing, ...]) -> Iterator[Finding]:
    """
    When its broker is back, events are heard across instances as before.

    A broker is restarted more often than what hangs on it, and a service that then stays deaf looks healthy.
    """
    if not any(crossing.told for crossing in after):
        accepted = sum(crossing.published.accepted for crossing in after)
        yield Finding(
            expected="an event on the other instance, once the broker was back",
            actual=f"none of {len(after)}, of which {accepted} were accepted",
            at=after[-1].published,
        )


RULES = (reaches_the_other_instance, is_not_silent_without_its_broker, survives_a_restart_of_its_broker)
