"""What a connection is told first."""

from sse_conform.scenario import Stage, scenario
from sse_conform.spec import Capability
from sse_conform.terms import Terms
from sse_conform_scenarios.kinds import kinds_in_turn
from sse_conform_scenarios.polling import cursor_after, follow

#: More than a snapshot may list, so that newest, count and length can be told apart.
BEYOND_LIST = 4


def _filed(terms: Terms) -> float:
    return terms.latency


@scenario("snapshot.overflow", users=("alice",), attempts=3, quick=True, needs={Capability.TRIGGERS}, waits=_filed)
async def overflow(stage: Stage) -> None:
    """A user leaves after an event, misses more than a snapshot lists, comes back, polls, and comes once more."""
    before = await stage.subscribe("alice", part="before")
    await before.until_snapshot()
    fresh = cursor_after((await stage.poll("alice", part="before")).document) if stage.has(Capability.POLLING) else ""
    await before.until(await stage.publish("alice", part="seen"))
    seen = await stage.poll("alice", part="seen") if stage.has(Capability.POLLING) else None
    await before.close()
    for kind in kinds_in_turn(stage, stage.terms.snapshot_items + BEYOND_LIST):
        await stage.publish("alice", kind=kind, part="missed")
    # An acknowledgement may precede the filing by as much as it may precede the delivery.
    await stage.pass_time(stage.terms.latency, "the acknowledged events to be filed")
    after = await stage.subscribe("alice", part="after", last_event_id=before.last_event_id or None)
    await after.until_snapshot()
    live = await stage.publish("alice", part="live")
    await after.until(live)
    await after.close()
    if seen is not None:
        most = stage.terms.snapshot_items
        cursor, due = cursor_after(seen.document), most + BEYOND_LIST
        await follow(stage, cursor, part="missed", limits=[most], due=due)
        await follow(stage, cursor, part="unlimited", limits=[None], due=due)
        if fresh:  # what an empty list names as its end is where all that follows begins
            await follow(stage, fresh, part="from-before", limits=[most], due=1 + due)
    again = await stage.subscribe("alice", part="again")
    await again.until_snapshot()
    await again.close()


SCENARIOS = (overflow,)
