"""Requests that differ from an EventSource's in one thing: method, missing headers, compression."""

from sse_conform import corpus
from sse_conform.scenario import Stage, Subscription, scenario
from sse_conform.spec import Capability

#: An answer to another method ends within so many seconds, or it hangs.
PROMPT_SECONDS = 2.0


async def _see_out(stream: Subscription) -> None:
    if stream.status == 200:
        await stream.until_snapshot()
    else:
        await stream.until_ended(seconds=PROMPT_SECONDS)
    await stream.close()


@scenario("stream.methods", users=("alice",), attempts=len(corpus.methods()))
async def methods(stage: Stage) -> None:
    """Other methods than GET are tried on the stream route."""
    for entry in corpus.methods():
        stream = await stage.subscribe("alice", part=entry.name, method=entry.method)
        await stream.until_ended(seconds=PROMPT_SECONDS)
        await stream.close()


@scenario("stream.odd-requests", users=("alice",), attempts=len(corpus.odd_requests()))
async def odd_requests(stage: Stage) -> None:
    """Streams are opened without headers that a browser always sends, or with odd ones."""
    for odd in corpus.odd_requests():
        stream = await stage.subscribe(
            "alice", part=odd.name, headers=odd.headers.items(), without=odd.without, scheme=odd.scheme
        )
        await _see_out(stream)


@scenario("stream.compressed", users=("alice",), attempts=1, needs={Capability.TRIGGERS})
async def compressed(stage: Stage) -> None:
    """A client that accepts gzip waits for events, each alone."""
    stream = await stage.subscribe("alice", part="gzip", headers=[("accept-encoding", "gzip, deflate")])
    if stream.status == 200:
        await stream.until_snapshot()
        for _ in range(2):
            await stream.until(await stage.publish("alice", part="compressed"))
    await stream.close()


SCENARIOS = (methods, odd_requests, compressed)
