"""Two instances of one service."""

from sse_conform.entries import Order
from sse_conform.scenario import Nature, Stage, scenario
from sse_conform.spec import Capability
from sse_conform_scenarios.kinds import kinds_in_turn

#: Events that are published on one instance, each heard on the other before the next.
EVENTS = 6
#: Events that are published without a broker, and afterwards at the most, one after another.
DOWN = 3
ROUNDS = 3


@scenario(
    "multi_instance.far",
    users=("alice",),
    attempts=1,
    needs={Capability.MULTI_INSTANCE, Capability.TRIGGERS},
)
async def far(stage: Stage) -> None:
    """A user is connected to one instance, and events are published on the other."""
    stream = await stage.subscribe("alice", part="far", elsewhere=True)
    if await stream.until_snapshot():
        for kind in kinds_in_turn(stage, EVENTS):
            if not await stream.until(await stage.publish("alice", kind=kind, part="near")):
                break  # the verdict stands
    await stream.close()


@scenario(
    "multi_instance.broker",
    users=("alice",),
    attempts=2,
    needs={Capability.BROKER, Capability.MULTI_INSTANCE, Capability.TRIGGERS},
    nature=Nature.OUTAGE,
    waits=lambda terms: terms.latency,
)
async def broker(stage: Stage) -> None:
    """The broker between two instances is stopped and started again, while events are published on one of them."""
    stream = await stage.subscribe("alice", part="far", elsewhere=True)
    await stream.until_snapshot()
    await stream.until(await stage.publish("alice", part="before"))
    await stage.command(Order.BROKER_STOP)
    try:
        down = [await stage.publish("alice", part="down") for _ in range(DOWN)]
    finally:
        await stage.command(Order.BROKER_START)
    # Whoever has lost the broker may notice late, or send its clients away to read the snapshot.
    await stage.watch(stream, stage.terms.latency, "the instances to find the broker again")
    if stream.ended:
        stream = await stage.subscribe("alice", part="again", elsewhere=True)
        await stream.until_snapshot()
    for _ in range(ROUNDS):
        after = await stage.publish("alice", part="after")
        if stream.ended or (after.accepted and await stream.until(after)):
            break
    await stream.until(*down)
    await stream.close()


SCENARIOS = (far, broker)
