"""Connections that are lost in each of the ways they are lost, and what the client learns when it comes back."""

import asyncio
from collections.abc import Iterable
from itertools import islice

from sse_conform import corpus
from sse_conform.entries import Published
from sse_conform.listening import Subscription
from sse_conform.scenario import Stage, scenario
from sse_conform.spec import Capability
from sse_conform_scenarios.kinds import kinds_in_turn

#: Events that arrive before each outage, and events that are missed during it: together more than a snapshot lists.
TOLD = 4
MISSED = 2
#: The most events that are published around one connect, one after another's acknowledgement.
RACERS = 50
#: Events to resume among: after the second, one of each kind is left.
SPAN = 5


async def _lose(stream: Subscription, how: str) -> None:
    if how == "fin":
        await stream.close()
    elif how == "rst":
        await stream.reset()
    else:
        stream.stall()


@scenario("reconnect.drops", users=("alice",), attempts=4, quick=True, needs={Capability.TRIGGERS})
async def drops(stage: Stage) -> None:
    """A subscriber loses its connection by FIN, by RST and in silence, misses events, and comes back amid others."""
    stream = await _come(stage, "first")
    lost: list[Subscription] = []
    ways = ("fin", "rst", "silence")
    kinds = kinds_in_turn(stage, MISSED * len(ways))
    for how in ways:
        await stream.until(*[await stage.publish("alice", part=f"before-{how}") for _ in range(TOLD)])
        await _lose(stream, how)
        lost.append(stream)
        missed = [await stage.publish("alice", kind=kind, part=f"missed-{how}") for kind in islice(kinds, MISSED)]
        # A replay may fill a gap between snapshot and stream: the others come as clients that keep no id.
        last = stream.last_event_id if how == "fin" else ""
        stream = await _come(stage, f"after-{how}", missed, last_event_id=last or None)
    for each in lost:
        each.resume()
        await each.close()
    await stage.outlast(stream)
    await stream.close()


async def _come(
    stage: Stage, part: str, missed: Iterable[Published] = (), *, last_event_id: str | None = None
) -> Subscription:
    """Connect while events are published without a pause, and wait for all of them and for those that were missed."""
    begun, connected = asyncio.Event(), asyncio.Event()
    around = asyncio.create_task(_publish_around(stage, begun, connected, part=f"around-{part}"))
    await begun.wait()
    stream = await stage.subscribe("alice", part=part, last_event_id=last_event_id)
    await stream.until_snapshot()
    connected.set()
    await stream.until(*missed, *await around)
    return stream


async def _publish_around(
    stage: Stage, begun: asyncio.Event, connected: asyncio.Event, *, part: str
) -> list[Published]:
    """Publish once, then until the snapshot is in, and then once more: the last one is the barrier."""
    published: list[Published] = []
    while not connected.is_set() and len(published) < RACERS:
        try:
            published.append(await stage.publish("alice", part=part))
        finally:
            begun.set()
    published.append(await stage.publish("alice", part=f"{part}-barrier"))
    return published


@scenario(
    "reconnect.replay",
    users=("alice", "bob"),
    attempts=5,
    needs={Capability.REPLAY, Capability.TRIGGERS, Capability.SECOND_USER},
)
async def replay(stage: Stage) -> None:
    """A client resumes after the last of several events, after the second one, and after another user's event."""
    stream = await stage.subscribe("alice", part="first")
    await stream.until_snapshot()
    ids: list[str] = []
    for kind in kinds_in_turn(stage, SPAN):
        await stream.until(await stage.publish("alice", kind=kind, part="span"))
        ids.append(stream.last_event_id)
    other = await stage.subscribe("bob", part="other")
    await other.until_snapshot()
    await other.until(await stage.publish("bob", part="foreign"))
    foreign = other.last_event_id
    for kind in stage.kinds:
        await other.until(await stage.publish("bob", kind=kind, part="foreign"))
    await stream.close()
    await other.close()
    # First from the newest: a barrier, once published, is newer.
    for part, last in (("resume-last", ids[-1]), ("resume-middle", ids[1]), ("resume-foreign", foreign)):
        again = await stage.subscribe("alice", part=part, last_event_id=last)
        await again.until_snapshot()
        await again.until(await stage.publish("alice", part=f"barrier-{part}"))
        await again.close()


#: The ids that are no numbers may come as one; a number must come alone to be taken for one.
NO_NUMBERS = tuple(malformed for malformed in corpus.last_event_ids() if not malformed.value.isdecimal())
NUMBERS = tuple(malformed for malformed in corpus.last_event_ids() if malformed not in NO_NUMBERS)


@scenario(
    "reconnect.malformed-ids",
    users=("alice",),
    attempts=1 + len(corpus.last_event_ids()),
    usually=1 + len(NUMBERS),
    needs={Capability.TRIGGERS},
)
async def malformed_ids(stage: Stage) -> None:
    """A client comes with ids that the server never gave, in one; where that fails, each of them is tried alone."""
    together = " ".join(malformed.value for malformed in NO_NUMBERS)
    greeted = await _greeted(stage, "all-at-once", together)
    for malformed in NUMBERS if greeted else (*NO_NUMBERS, *NUMBERS):
        await _greeted(stage, malformed.name, malformed.value)


async def _greeted(stage: Stage, part: str, last_event_id: str) -> bool:
    """Whether a client that comes with this id is told the present state, and then what happens."""
    stream = await stage.subscribe("alice", part=part, last_event_id=last_event_id)
    greeted = (
        stream.status == 200
        and await stream.until_snapshot()
        and await stream.until(await stage.publish("alice", part=f"barrier-{part}"))
    )
    await stream.close()
    return greeted


SCENARIOS = (drops, replay, malformed_ids)
