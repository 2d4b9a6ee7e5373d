"""The target is stopped and started again: how it takes its leave, and what it still knows afterwards."""

import asyncio

from sse_conform.browsing import Tab
from sse_conform.entries import Order, Published
from sse_conform.scenario import Nature, Stage, scenario
from sse_conform.spec import Capability
from sse_conform.terms import Terms

#: Events that are accepted just before the stop. What comes while it is under way fills the list that a snapshot shows.
JUST_BEFORE = 3
#: Between two events that are published while the target stops, in seconds: its last moments are short.
BETWEEN = 0.05
#: The streams are watched for so long beyond the grace, in seconds, that lateness is seen as lateness.
BEYOND = 1.5
#: What a service takes to stop and to be back, at a guess, in seconds.
OUTAGE_SECONDS = 2.0


def _attempts(terms: Terms) -> int:
    """Where there is polling it tells what the target still knows. A page opens a stream and comes back."""
    return (1 if terms.has(Capability.POLLING) else 2) + _of_a_page(terms)


def _most(terms: Terms) -> int:
    return 2 + _of_a_page(terms)


def _of_a_page(terms: Terms) -> int:
    return 2 if terms.has(Capability.BROWSER) else 0


@scenario(
    "shutdown.restart",
    users=("alice",),
    attempts=_most,
    usually=_attempts,
    needs={Capability.RESTART, Capability.TRIGGERS},
    nature=Nature.OUTAGE,
    waits=lambda _terms: OUTAGE_SECONDS,
)
async def restart(stage: Stage) -> None:
    """
    The target is stopped while a stream is open and events are accepted, started again, and asked for them.

    Where there is a browser a page is open all the time.
    """
    published = [await stage.publish("alice", part="kept")]
    page = await (await stage.device("alice")).open("page") if stage.has(Capability.BROWSER) else None
    if page:
        await page.until_snapshot()
    stream = await stage.subscribe("alice", part="open")
    await stream.until_snapshot()
    published += [await stage.publish("alice", part="before") for _ in range(JUST_BEFORE)]
    await stream.until(*published)
    stopping = asyncio.create_task(stage.command(Order.STOP))
    try:
        published += await _publish_on(stage, stopping, most=stage.terms.snapshot_items - len(published))
    finally:
        await stopping
    try:
        await stage.watch(stream, stage.terms.grace + BEYOND, "the stream to end")
        await stream.close()
    finally:
        await stage.command(Order.START)  # also where the run is interrupted: it found a target that was running
    await asyncio.gather(_ask(stage, [each for each in published if each.accepted]), _return(stage, page))


async def _return(stage: Stage, page: Tab | None) -> None:
    """Something happens once the target is back, and a page has time to come back to it."""
    if page:
        await page.until_back(await stage.publish("alice", part="returned"))


async def _publish_on(stage: Stage, stopping: "asyncio.Task[None]", *, most: int) -> list[Published]:
    """Publish while the target stops, until it refuses."""
    published: list[Published] = []
    while len(published) < most and not stopping.done():
        published.append(await stage.publish("alice", part="meanwhile"))
        if not published[-1].accepted:
            break
        await stage.pass_time(BETWEEN, "the target to stop")
    return published


async def _ask(stage: Stage, accepted: list[Published]) -> None:
    """Ask by polling, and where that does not tell of everything, by a stream, on which it may come late."""
    if stage.has(Capability.POLLING):
        told = (await stage.poll("alice", part="after")).text
        if all((each.marker or each.event_id) in told for each in accepted):
            return
    stream = await stage.subscribe("alice", part="after")
    if await stream.until_snapshot():
        await stream.until(*accepted)
    await stream.close()


SCENARIOS = (restart,)
