"""What events say: texts that look like frames, and values that must never leave the server."""

from sse_conform import corpus
from sse_conform.scenario import Stage, Variant, scenario
from sse_conform.spec import Capability

#: Events that carry sensitive values.
PLANTED = 2


@scenario("framing.hostile-text", users=("alice",), attempts=3, usually=2, quick=True, needs={Capability.TRIGGERS})
async def hostile_text(stage: Stage) -> None:
    """Texts that look like frames or stress the encoding are published, then sensitive values; all is read back."""
    stream = await stage.subscribe("alice", part="live")
    await stream.until_snapshot()
    if stage.has(Capability.MARKERS):
        published = [await stage.publish("alice", part=text.name, text=text.value) for text in corpus.texts()]
        await stream.until(*published)
        whole = await stream.until(await stage.publish("alice", part="barrier"))
        if stage.has(Capability.POLLING):
            short = sum(not text.times for text in corpus.texts())
            await stage.poll("alice", part="read-back", query=f"limit={short + 1}")
        if not whole:  # a stream that a text broke shows no other event
            await stream.close()
            stream = await stage.subscribe("alice", part="live")
            await stream.until_snapshot()
    if stage.has(Capability.SENSITIVE):
        for _ in range(PLANTED):
            await stream.until(await stage.publish("alice", part="planted", variant=Variant.SENSITIVE))
        if stage.has(Capability.POLLING):
            await stage.poll("alice", part="polled")
        if stage.has(Capability.METRICS):
            await stage.scrape(part="scraped")
    if stage.has(Capability.MARKERS):  # last, so that the snapshot lists it: more than a poll's record would keep
        long = max(corpus.texts(), key=lambda text: len(text.value))
        await stream.until(await stage.publish("alice", part=f"{long.name}-listed", text=long.value))
    await stream.close()
    again = await stage.subscribe("alice", part="read-back")
    await again.until_snapshot()
    await again.close()


SCENARIOS = (hostile_text,)
