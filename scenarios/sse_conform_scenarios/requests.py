"""Requests that differ from an EventSource's in one thing: method, missing headers, compression."""

from sse_conform import corpus
from sse_conform.listening import Subscription
from sse_conform.scenario import Stage, scenario
from sse_conform.spec import Capability
from sse_conform.terms import Terms
from sse_conform_scenarios import spare

#: An answer to another method ends within so many seconds, or it hangs.
PROMPT_SECONDS = 2.0
#: How the authentication scheme is spelt elsewhere.
USUAL_SCHEME = "Bearer"


async def _see_out(stream: Subscription) -> bool:
    """Wait for the snapshot, or for the end of a refusal, and leave; whether the snapshot came."""
    if stream.status == 200:
        greeted = await stream.until_snapshot()
    else:
        greeted = False
        await stream.until_ended(seconds=PROMPT_SECONDS)
    await stream.close()
    return greeted


def _methods(terms: Terms) -> list[corpus.Method]:
    """All methods; without those that the limit's scene tries, where it does."""
    return [entry for entry in corpus.methods() if not entry.spare or not spare.elsewhere(terms)]


@scenario("stream.methods", users=("alice",), attempts=lambda terms: len(_methods(terms)))
async def methods(stage: Stage) -> None:
    """Other methods than GET are tried on the stream route."""
    for entry in _methods(stage.terms):
        stream = await stage.subscribe("alice", part=entry.name, method=entry.method)
        await stream.until_ended(seconds=PROMPT_SECONDS)
        await stream.close()


@scenario(
    "stream.odd-requests",
    users=("alice",),
    attempts=1 + len(corpus.odd_requests()),
    usually=1,
)
async def odd_requests(stage: Stage) -> None:
    """A stream is opened by a request that is odd in several ways; where that fails, each of them is tried alone."""
    odds = corpus.odd_requests()
    headers = {name: value for odd in odds for name, value in odd.headers.items()}
    without = {name for odd in odds for name in odd.without}
    scheme = next((odd.scheme for odd in odds if odd.scheme != USUAL_SCHEME), USUAL_SCHEME)
    together = await stage.subscribe(
        "alice", part="all-at-once", headers=headers.items(), without=without, scheme=scheme
    )
    if await _see_out(together):
        return
    for odd in odds:
        stream = await stage.subscribe(
            "alice", part=odd.name, headers=odd.headers.items(), without=odd.without, scheme=odd.scheme
        )
        await _see_out(stream)


def _accepted(terms: Terms) -> tuple[str, str]:
    """The part and what it accepts: as browsers ask, or, in a quick run, what can be undone here in any case."""
    return ("gzip", "gzip, deflate") if terms.quick else ("browser", "gzip, deflate, br, zstd")


@scenario("stream.compressed", users=("alice",), attempts=1, quick=True, needs={Capability.TRIGGERS})
async def compressed(stage: Stage) -> None:
    """A client that accepts compression waits for events, each alone."""
    part, accepted = _accepted(stage.terms)
    stream = await stage.subscribe("alice", part=part, headers=[("accept-encoding", accepted)])
    if stream.status == 200:
        await stream.until_snapshot()
        for _ in range(2):
            await stream.until(await stage.publish("alice", part="compressed"))
    await stream.close()


@scenario("stream.http2", users=("alice",), attempts=1, quick=True, needs={Capability.TLS})
async def http2(stage: Stage) -> None:
    """A stream is opened by a client that offers HTTP/2, as browsers do."""
    await _see_out(await stage.subscribe("alice", part="http2", http2=True))


SCENARIOS = (methods, odd_requests, compressed, http2)
