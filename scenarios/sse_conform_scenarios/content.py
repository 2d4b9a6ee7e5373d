"""What events say: texts that look like frames, and values that must never leave the server."""

from urllib.parse import quote

from sse_conform import corpus
from sse_conform.listening import Subscription
from sse_conform.scenario import Stage, Variant, scenario
from sse_conform.spec import Capability
from sse_conform_scenarios.kinds import kinds_in_turn
from sse_conform_scenarios.polling import cursor_after

#: Events that carry sensitive values.
PLANTED = 2
#: What is replayed comes out of a store, and may have been escaped for pages, or lost what it cannot hold.
REPLAYED = {"markup", "emoji"}


@scenario("framing.hostile-text", users=("alice",), attempts=3, usually=2, quick=True, needs={Capability.TRIGGERS})
async def hostile_text(stage: Stage) -> None:
    """Texts that look like frames or stress the encoding are published, then sensitive values; all is read back."""
    stream = await stage.subscribe("alice", part="live")
    await stream.until_snapshot()
    if stage.has(Capability.MARKERS):
        stream = await _say_texts(stage, stream)
    last = stream.last_event_id
    if stage.has(Capability.SENSITIVE):
        await _plant(stage, stream)
    if stage.has(Capability.MARKERS):
        for text in corpus.texts():
            if text.name in REPLAYED:
                await stream.until(await stage.publish("alice", part=f"{text.name}-replayed", text=text.value))
        # Last, so that the snapshot lists it: more than a poll's record would keep.
        long = max(corpus.texts(), key=lambda text: len(text.value))
        await stream.until(await stage.publish("alice", part=f"{long.name}-listed", text=long.value))
    await stream.close()
    # Where events are replayed, those that carried values are as well.
    again = await stage.subscribe("alice", part="read-back", last_event_id=last or None)
    await again.until_snapshot()
    if stage.has(Capability.REPLAY):
        await again.until(await stage.publish("alice", part="barrier"))
    await again.close()


async def _say_texts(stage: Stage, stream: Subscription) -> Subscription:
    """Publish every text and read all back; a stream that a text broke tells no more and gives way to another."""
    # Not every kind of event is put together by the same code: each is to carry what breaks the plainest of it.
    said = list(zip(kinds_in_turn(stage, len(corpus.texts())), corpus.texts(), strict=True))
    published = [await stage.publish("alice", kind=kind, part=text.name, text=text.value) for kind, text in said]
    await stream.until(*published)
    whole = await stream.until(await stage.publish("alice", part="barrier"))
    if stage.has(Capability.POLLING):
        short = sum(not text.times for text in corpus.texts())
        await stage.poll("alice", part="read-back", query=f"limit={short + 1}")
    if not whole:
        await stream.close()
        stream = await stage.subscribe("alice", part="live")
        await stream.until_snapshot()
    return stream


async def _plant(stage: Stage, stream: Subscription) -> None:
    """Publish sensitive values and look where they may show: in polls with and without a cursor, and in the metrics."""
    polls = stage.has(Capability.POLLING)
    cursor = cursor_after((await stage.poll("alice", part="before-planted")).document) if polls else ""
    for _ in range(PLANTED):
        await stream.until(await stage.publish("alice", part="planted", variant=Variant.SENSITIVE))
    if polls:
        await stage.poll("alice", part="polled")
        await stage.poll("alice", part="polled-after", query=f"after={quote(cursor)}")
    if stage.has(Capability.METRICS):
        await stage.scrape(part="scraped")


SCENARIOS = (hostile_text,)
