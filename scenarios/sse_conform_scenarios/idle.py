"""A stream on which nothing happens but heartbeats, and then something does."""

from sse_conform.scenario import Stage, scenario
from sse_conform.spec import Capability
from sse_conform.terms import Terms

#: Watched beyond the required time, in seconds: a cut or a beat just after it still shows.
BEYOND = 0.2


def _watched(terms: Terms) -> float:
    return terms.idle + BEYOND


@scenario("idle.stream", users=("newcomer",), fresh=("newcomer",), attempts=1, quick=True, waits=_watched)
async def idle_stream(stage: Stage) -> None:
    """
    A new user opens a stream and nothing happens for longer than three heartbeats; then an event does.

    Where the run takes longer anyway, the silence does, too.
    """
    stream = await stage.subscribe("newcomer")
    if stream.status == 200 and await stream.until_snapshot():
        if await stage.watch(stream, _watched(stage.terms), "heartbeats on an idle stream"):
            await stage.outlast(stream)
        if stage.has(Capability.TRIGGERS) and not stream.ended:
            await stream.until(await stage.publish("newcomer", part="after-silence"))
    await stream.close()


SCENARIOS = (idle_stream,)
