"""A stream on which something happened, and then nothing."""

from sse_conform.scenario import Stage, scenario
from sse_conform.spec import Capability
from sse_conform.terms import Terms


def _watched(terms: Terms) -> float:
    return 2 * terms.silence


@scenario("heartbeat.after-events", users=("alice",), attempts=1, needs={Capability.TRIGGERS}, waits=_watched)
async def after_events(stage: Stage) -> None:
    """A stream carries events, and then nothing happens for two heartbeats."""
    stream = await stage.subscribe("alice", part="busy")
    if stream.status == 200 and await stream.until_snapshot():
        for _ in range(2):
            await stream.until(await stage.publish("alice", part="busy"))
        await stage.watch(stream, _watched(stage.terms), "heartbeats after events")
    await stream.close()


SCENARIOS = (after_events,)
