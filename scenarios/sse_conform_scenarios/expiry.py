"""Tokens near their end: what happens to a stream when its token expires."""

from sse_conform.entries import TokenKind
from sse_conform.scenario import Stage, scenario
from sse_conform.spec import Capability
from sse_conform.terms import Terms

#: The longest that a token that is about to expire is still valid, in seconds.
NEAR_SECONDS = 4.0


def _end(terms: Terms) -> float:
    """Until when a stream must have ended: expiry, leeway, one heartbeat, and half a second for the way."""
    return NEAR_SECONDS + terms.leeway + terms.silence + 0.5


@scenario("auth.expiry", users=("alice",), attempts=1, needs={Capability.SIGNING_KEY}, waits=_end)
async def expiry(stage: Stage) -> None:
    """A stream is opened with a token that is about to expire, watched past its end, and spoken to once more."""
    stream = await stage.subscribe("alice", part="near-expiry", token=TokenKind.NEAR_EXPIRY)
    if stream.status == 200:
        still_open = await stage.watch(stream, _end(stage.terms), "the token to expire")
        if still_open and stage.has(Capability.TRIGGERS):
            await stream.until(await stage.publish("alice", part="after-expiry"))
    await stream.close()


SCENARIOS = (expiry,)
