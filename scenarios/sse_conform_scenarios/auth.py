"""Tokens that a service must refuse, each one mutation away from a token that works."""

import asyncio
from urllib.parse import urlencode

from sse_conform import corpus
from sse_conform.entries import TokenKind
from sse_conform.scenario import Stage, Subscription, scenario
from sse_conform.spec import Capability

#: A refusal ends by itself; what is still open after this many seconds is closed.
REFUSAL_SECONDS = 1.0

#: Every kind but the controls and the one whose end is waited for elsewhere.
PRESENTED = tuple(
    token.name for token in corpus.tokens() if not token.name.valid and token.name is not TokenKind.NEAR_EXPIRY
)


async def _see_out(stream: Subscription) -> None:
    if stream.status != 200:
        await stream.until_ended(seconds=REFUSAL_SECONDS)
    await stream.close()


@scenario("auth.refusals", users=("alice",), attempts=len(PRESENTED) + 2)
async def refusals(stage: Stage) -> None:
    """
    Every kind of token that is not valid is tried between two attempts with a valid one.

    REST sees each of them first: who remembers what it has seen takes it on the stream.
    """
    control = (
        TokenKind.RESIGNED
        if stage.has(Capability.SIGNING_KEY) and stage.makes(TokenKind.RESIGNED)
        else TokenKind.GENUINE
    )
    before = await stage.subscribe("alice", part="control-before", token=control)
    if before.status == 200 and stage.has(Capability.TRIGGERS):
        await before.until_snapshot()
        await before.until(await stage.publish("alice", part="bait"))
    await _see_out(before)
    await _ask_rest(stage, "control", control)

    async def refused(kind: TokenKind) -> None:
        await _ask_rest(stage, kind.value, kind)
        await _see_out(await stage.subscribe("alice", part=kind.value, token=kind))

    await asyncio.gather(*(refused(kind) for kind in PRESENTED if stage.makes(kind)))
    await _see_out(await stage.subscribe("alice", part="control-after", token=control))


async def _ask_rest(stage: Stage, part: str, token: TokenKind) -> None:
    if stage.has(Capability.POLLING):
        await stage.poll("alice", part=f"rest-{part}", token=token)
    elif stage.has(Capability.REST):
        await stage.rest("alice", part=f"rest-{part}", token=token)


@scenario("auth.override", users=("alice", "bob"), attempts=2, needs={Capability.SECOND_USER, Capability.TARGETED})
async def override(stage: Stage) -> None:
    """Alice asks for Bob's stream by naming him in the query."""
    await stage.publish("bob", part="bait")
    bob = stage.user("bob")
    stream = await stage.subscribe(
        "alice", part="override", query=urlencode({"userId": bob.id, "user_id": bob.id, "username": bob.username})
    )
    await stream.until_snapshot()
    barrier = await stage.publish("bob", part="bait")
    own = await stage.publish("alice", part="barrier")
    await stream.until(own)
    stage.note("barrier", stream, value=barrier.marker)
    await stream.close()
    control = await stage.subscribe("bob", part="control")
    await control.until_snapshot()
    await control.close()


SCENARIOS = (refusals, override)
