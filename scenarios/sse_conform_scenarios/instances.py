"""Two instances of one service."""

from sse_conform.scenario import Stage, scenario
from sse_conform.spec import Capability
from sse_conform_scenarios.kinds import kinds_in_turn

#: Events that are published on one instance, each heard on the other before the next.
EVENTS = 6


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


SCENARIOS = (far,)
