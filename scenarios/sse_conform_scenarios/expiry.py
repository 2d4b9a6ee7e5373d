"""Tokens near their end: what happens to a stream when its token expires."""

import asyncio

from sse_conform.entries import TokenKind
from sse_conform.scenario import Stage, scenario
from sse_conform.spec import Capability
from sse_conform.terms import Terms

#: The longest that a token that is about to expire is still valid, in seconds.
NEAR_SECONDS = 4.0
#: Clocks and the whole seconds that tokens name differ by so much, in seconds.
CLOCKS = 1.5
#: A refusal ends by itself; what is still open after this many seconds is closed.
REFUSAL_SECONDS = 1.0


def _end(terms: Terms) -> float:
    """Until when a stream must have ended: expiry, leeway, one heartbeat, and half a second for the way."""
    return NEAR_SECONDS + terms.leeway + max(terms.silence + 0.5, CLOCKS)


@scenario("auth.expiry", users=("alice",), attempts=3, quick=True, needs={Capability.SIGNING_KEY}, waits=_end)
async def expiry(stage: Stage) -> None:
    """
    Streams are opened with a token that is about to expire, watched past its end, and one is opened again with it.

    One of them is a resume: it may be served by code of its own, which forgets the end.
    """
    stream = await stage.subscribe("alice", part="near-expiry", token=TokenKind.NEAR_EXPIRY)
    if stream.status != 200:
        await stream.close()
        return
    clock = asyncio.get_running_loop().time
    past = clock() + NEAR_SECONDS + stage.terms.leeway + CLOCKS
    end = clock() + _end(stage.terms)
    if stage.has(Capability.TRIGGERS):
        await stream.until(await stage.publish("alice", part="before-expiry"))
    streams = [stream]
    if last := stream.last_event_id:
        streams.append(await stage.subscribe("alice", part="resumed", token=TokenKind.NEAR_EXPIRY, last_event_id=last))
    what = "the token to expire"
    still_open = await asyncio.gather(*(stage.watch(each, max(end - clock(), 0.0), what) for each in streams))
    if any(still_open) and stage.has(Capability.TRIGGERS):
        published = await stage.publish("alice", part="after-expiry")
        await asyncio.gather(*(each.until(published) for each in streams if not each.ended))
    for each in streams:
        await each.close()
    if past > clock():
        await stage.pass_time(past - clock(), "the leeway to pass")
    # As an EventSource comes back: with the id of what it heard last.
    again = await stage.subscribe(
        "alice", part="reconnect", token=TokenKind.NEAR_EXPIRY, last_event_id=stream.last_event_id or None
    )
    await again.until_ended(seconds=REFUSAL_SECONDS)
    await again.close()


SCENARIOS = (expiry,)
