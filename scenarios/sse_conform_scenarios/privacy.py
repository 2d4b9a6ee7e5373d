"""Events that carry what must never leave the server."""

from sse_conform.scenario import Stage, Variant, scenario
from sse_conform.spec import Capability


@scenario("privacy.planted", users=("alice",), attempts=2, needs={Capability.SENSITIVE, Capability.TRIGGERS})
async def planted(stage: Stage) -> None:
    """Sensitive values are planted at every depth of an event that a user hears, lists and polls."""
    stream = await stage.subscribe("alice", part="live")
    await stream.until_snapshot()
    for _ in range(2):
        await stream.until(await stage.publish("alice", part="planted", variant=Variant.SENSITIVE))
    if stage.has(Capability.POLLING):
        await stage.poll("alice", part="polled")
    if stage.has(Capability.METRICS):
        await stage.scrape(part="scraped")
    await stream.close()
    again = await stage.subscribe("alice", part="again")
    await again.until_snapshot()
    await again.close()


SCENARIOS = (planted,)
