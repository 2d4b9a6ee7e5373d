"""Many events at once, then many large ones beside tabs that sleep."""

import asyncio

from sse_conform.entries import Published
from sse_conform.listening import Subscription
from sse_conform.scenario import Nature, Stage, scenario
from sse_conform.spec import Capability
from sse_conform.terms import Terms
from sse_conform_scenarios.polling import cursor_after, follow

#: A burst keeps so many publishes under way: more would measure our own queue.
AT_ONCE = 8
#: Kernels swallow 2 to 4 MB before a server notices anything: so much text an event, so many events.
LARGE = "x" * 65536
EVENTS = 80
#: So many of them may come late, one by one, before the others are left out.
MOST_LATE = 5


#: What happened at once is read back in so many pages or more, of some events each: some of them end between events of
#: the same instant.
PAGES = 25
LEAST = 4


#: What our own kernel may swallow for the reader that sleeps, in bytes.
RECEIVE_BUFFER = 16384


def _usually(terms: Terms) -> int:
    return 2 + terms.has(Capability.MARKERS)


@scenario(
    "delivery.burst",
    users=("alice",),
    attempts=5,
    usually=_usually,
    needs={Capability.TRIGGERS},
    nature=Nature.LOUD,
)
async def burst(stage: Stage) -> None:
    """
    Many events are published at once, to a user with two tabs; then large ones are sent while tabs sleep.

    Of these one wakes up again, and one leaves asleep.
    """
    sleeper, reader = await _open(stage, "sleeper"), await _open(stage, "reader")
    cursor = await _poll_first(stage, reader) if stage.has(Capability.POLLING) else ""
    places = asyncio.Semaphore(AT_ONCE)

    async def publish() -> Published:
        async with places:
            return await stage.publish("alice", part="burst")

    published = await asyncio.gather(*(publish() for _ in range(stage.terms.burst)))
    await asyncio.gather(*(tab.until(*published) for tab in (sleeper, reader)))
    barrier = await stage.publish("alice", part="barrier")
    whole = await asyncio.gather(*(tab.until(barrier) for tab in (sleeper, reader)))
    if cursor and all(whole):  # what was delivered live is in the next poll
        limit = max(LEAST, stage.terms.burst // PAGES)
        await follow(stage, cursor, part="burst-page", limits=[limit], due=stage.terms.burst)
    if stage.has(Capability.MARKERS):
        # What the burst broke proves nothing about a reader that sleeps.
        if not whole[0]:
            await sleeper.close()
            sleeper = await _open(stage, "sleeper")
        if not whole[1]:
            await reader.close()
            reader = await _open(stage, "reader")
        leaver = await _open(stage, "leaver")
        await _sleep_through(stage, sleeper, reader, leaver)
    await sleeper.close()
    await reader.close()


async def _poll_first(stage: Stage, reader: Subscription) -> str:
    await reader.until(await stage.publish("alice", part="start"))
    return cursor_after((await stage.poll("alice", part="start")).document)


async def _open(stage: Stage, part: str) -> Subscription:
    receive_buffer = None if part == "reader" else RECEIVE_BUFFER
    tab = await stage.subscribe("alice", part=part, receive_buffer=receive_buffer)
    await tab.until_snapshot()
    return tab


async def _sleep_through(stage: Stage, sleeper: Subscription, reader: Subscription, leaver: Subscription) -> None:
    """Two tabs stop reading, large events are sent, the third reads on; then one wakes up, and the other is gone."""
    sleeper.stall()
    leaver.stall()
    loop, late = asyncio.get_running_loop(), 0
    for _ in range(EVENTS):
        begun = loop.time()
        came = await reader.until(await stage.publish("alice", part="large", text=LARGE))
        late += loop.time() - begun > stage.terms.latency
        if not came or late == MOST_LATE:
            break  # the verdict stands; to wait for each of the others would take minutes
    sleeper.resume()
    last = await stage.publish("alice", part="after-waking")
    await reader.until(last)
    received = -1
    while sleeper.received > received:
        received = sleeper.received
        if await sleeper.until(last):
            break
    await leaver.reset()
    await reader.until(await stage.publish("alice", part="after-leaving"))


SCENARIOS = (burst,)
