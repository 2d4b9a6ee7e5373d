"""Requests that differ from an EventSource's in one thing: method, missing headers, compression."""

from sse_conform.scenario import Stage, Subscription, scenario
from sse_conform.spec import Capability

#: An answer to another method ends within so many seconds, or it hangs.
PROMPT_SECONDS = 2.0

METHODS = ("HEAD", "POST")
#: By name of the part: headers that replace, headers that are left out. Middleware stumbles over each of them.
ODD = {
    "no-accept": ((), ("accept",)),
    "no-user-agent": ((), ("user-agent",)),
    "odd-accept-encoding": ((("accept-encoding", "*;q=0.1, nonsense;q=9"),), ()),
}


async def _see_out(stream: Subscription) -> None:
    if stream.status == 200:
        await stream.until_snapshot()
    else:
        await stream.until_ended(seconds=PROMPT_SECONDS)
    await stream.close()


@scenario("stream.methods", users=("alice",), attempts=len(METHODS))
async def methods(stage: Stage) -> None:
    """Other methods than GET are tried on the stream route."""
    for method in METHODS:
        stream = await stage.subscribe("alice", part=method.lower(), method=method)
        await stream.until_ended(seconds=PROMPT_SECONDS)
        await stream.close()


@scenario("stream.odd-requests", users=("alice",), attempts=len(ODD) + 1)
async def odd_requests(stage: Stage) -> None:
    """Streams are opened without headers that a browser always sends, or with odd ones."""
    for part, (headers, without) in ODD.items():
        await _see_out(await stage.subscribe("alice", part=part, headers=headers, without=without))
    await _see_out(await stage.subscribe("alice", part="lower-case-scheme", scheme="bearer"))


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
