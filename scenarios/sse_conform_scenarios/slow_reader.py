"""A reader that sleeps while many large events are sent, beside one that reads."""

from sse_conform.scenario import Nature, Stage, scenario
from sse_conform.spec import Capability

#: Kernels swallow 2 to 4 MB before a server notices anything: so much text an event, so many events.
LARGE = "x" * 65536
EVENTS = 80
#: What our own kernel may swallow for the reader that sleeps, in bytes.
RECEIVE_BUFFER = 16384


@scenario(
    "delivery.slow-reader",
    users=("alice",),
    attempts=3,
    needs={Capability.TRIGGERS, Capability.MARKERS},
    nature=Nature.LOUD,
)
async def slow_reader(stage: Stage) -> None:
    """One tab stops reading, large events are sent, the other tab reads on; then the first wakes up."""
    sleeper = await stage.subscribe("alice", part="sleeper", receive_buffer=RECEIVE_BUFFER)
    reader = await stage.subscribe("alice", part="reader")
    await sleeper.until_snapshot()
    await reader.until_snapshot()
    sleeper.stall()
    for _ in range(EVENTS):
        if not await reader.until(await stage.publish("alice", part="large", text=LARGE)):
            break  # the verdict stands; to wait for each of the others would take minutes
    sleeper.resume()
    last = await stage.publish("alice", part="after-waking")
    await reader.until(last)
    received = -1
    while sleeper.received > received:
        received = sleeper.received
        if await sleeper.until(last):
            break
    await sleeper.close()
    await reader.close()


SCENARIOS = (slow_reader,)
