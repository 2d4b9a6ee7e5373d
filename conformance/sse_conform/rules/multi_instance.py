"""Rules on a service of several instances."""

from collections.abc import Iterator

from sse_conform.evidence import SECOND, Delivery, deliveries
from sse_conform.rule import Finding, rule
from sse_conform.spec import Capability, Level, plan
from sse_conform.terms import Terms
from sse_conform.transcript import Transcript

_SCENE = "multi_instance.far"


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


RULES = (reaches_the_other_instance,)
