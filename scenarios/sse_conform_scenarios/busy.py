"""Streams on which something happened, and then nothing, and then something again."""

import asyncio

from sse_conform.listening import Subscription
from sse_conform.scenario import Stage, scenario
from sse_conform.spec import Capability
from sse_conform.terms import Terms


def _watched(terms: Terms) -> float:
    return 2 * terms.silence


@scenario("heartbeat.after-events", users=("alice",), attempts=2, needs={Capability.TRIGGERS}, waits=_watched)
async def after_events(stage: Stage) -> None:
    """
    Two tabs carry events, then nothing happens for two heartbeats, and then one does.

    One of them accepts gzip and resumes: both may be served by code of their own.
    """
    plain = await stage.subscribe("alice", part="busy")
    await plain.until_snapshot()
    await _hear(stage, [plain], part="busy")
    resumed = await stage.subscribe(
        "alice", part="busy-gzip", headers=[("accept-encoding", "gzip")], last_event_id=plain.last_event_id or None
    )
    await resumed.until_snapshot()
    tabs = [plain, resumed]
    await _hear(stage, tabs, part="busy")
    await asyncio.gather(*(stage.watch(tab, _watched(stage.terms), "heartbeats after events") for tab in tabs))
    await _hear(stage, tabs, part="after-silence")
    for tab in tabs:
        await tab.close()


async def _hear(stage: Stage, tabs: list[Subscription], *, part: str) -> None:
    published = await stage.publish("alice", part=part)
    await asyncio.gather(*(tab.until(published) for tab in tabs))


SCENARIOS = (after_events,)
