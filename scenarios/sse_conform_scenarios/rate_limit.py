"""The limit of connection attempts: it exists, it is fair, it ends."""

import asyncio
import math
from collections.abc import Awaitable, Callable

from sse_conform.entries import TokenKind
from sse_conform.listening import Subscription
from sse_conform.scenario import Nature, Stage, scenario
from sse_conform.spec import Capability
from sse_conform.terms import Terms

#: A server that admits so many attempts at once has no limit worth the name (three times the limit).
FACTOR = 3
#: After the first refusal so many attempts name other addresses as theirs, which nobody has (RFC 5737).
SPOOFED = 3
#: So many are made at once, lest a slow answer stretch the burst beyond its window; with the held stream they stay
#: within what one user may commonly hold open.
AT_ONCE = 3
#: Added to the window before the limit must have ended, in seconds: clocks differ a little.
AFTER_WINDOW = 0.5


Gathered = Callable[[list[Subscription]], Awaitable[None]]


def _at_most(terms: Terms) -> int:
    """One stream that is held, guesses, the burst in groups, then guesses again: a target that limits these alone."""
    return 1 + _guesses(terms) + _in_groups(FACTOR * terms.rate_limit) + _in_groups(terms.rate_limit)


def _usually(terms: Terms) -> int:
    """
    One stream that is held, the burst in groups, what comes beyond it, and the return after the window.

    The limit shows in the group that exceeds it; the held stream and the guesses count.
    """
    return 1 + _in_groups(terms.rate_limit) + SPOOFED + terms.has(Capability.TRUSTED_PROXY) + 1


def _guesses(terms: Terms) -> int:
    """So many attempts of the burst are refused, in whole groups: half of the limit, and no more."""
    return terms.rate_limit // 2 // AT_ONCE * AT_ONCE


def _in_groups(attempts: int) -> int:
    return math.ceil(attempts / AT_ONCE) * AT_ONCE


def _recovery(terms: Terms) -> float:
    return terms.rate_window + AFTER_WINDOW


def _as_if_from(address: str) -> list[tuple[str, str]]:
    """What a proxy adds to tell whom it speaks for."""
    return [("x-forwarded-for", address), ("forwarded", f"for={address}"), ("x-real-ip", address)]


@scenario(
    "rate_limit.burst",
    users=("alice",),
    attempts=_at_most,
    usually=_usually,
    needs={Capability.RATE_LIMIT},
    nature=Nature.LIMITER,
    waits=_recovery,
)
async def burst(stage: Stage) -> None:
    """
    Attempts are made without a pause until the limit shows, while a stream stays open; then a window passes.

    The first of them are refused: whether they count shows in how many of the others are admitted.
    """
    held = await stage.subscribe("alice", part="held", urgent=True)
    await held.until_snapshot()
    if stage.has(Capability.TRIGGERS):
        await held.until(await stage.publish("alice", part="told"))
    if stage.has(Capability.REST):
        await stage.rest("alice", part="unlimited")

    async def gathered(tabs: list[Subscription]) -> None:
        """So many tabs of one user are open at no other time: each is to have its snapshot, and an event."""
        await asyncio.gather(*(tab.until_snapshot() for tab in tabs))
        if stage.has(Capability.TRIGGERS):
            published = await stage.publish("alice", part="crowd")
            await asyncio.gather(*(tab.until(published) for tab in (held, *tabs)))

    await _until_limited(stage, "guess", TokenKind.GARBAGE, _guesses(stage.terms))
    most = FACTOR * stage.terms.rate_limit
    refused = await _until_limited(stage, "burst", TokenKind.GENUINE, most, gathered)
    if refused:
        await _spoof(stage)
        if stage.has(Capability.REST):
            await stage.rest("alice", part="limited")
        await stage.pass_time(_recovery(stage.terms), "the rate window to pass")
        recovered = await stage.subscribe("alice", part="recovered", urgent=True)
        await recovered.until_snapshot()
        await recovered.close()
        if stage.has(Capability.TRIGGERS) and not held.ended:
            await held.until(await stage.publish("alice", part="held-alive"))
    else:
        await _until_limited(stage, "guess", TokenKind.GARBAGE, stage.terms.rate_limit)
    await held.close()


async def _spoof(stage: Stage) -> None:
    """Attempts that name other addresses; where all are admitted, one that names none shows that the limit holds."""
    admitted = 0
    for number in range(SPOOFED):
        headers = _as_if_from(f"203.0.113.{number + 1}")
        spoofed = await stage.subscribe("alice", part="spoofed", headers=headers, urgent=True)
        admitted += spoofed.status != 429
        await spoofed.close()
    if admitted == SPOOFED:
        await (await stage.subscribe("alice", part="beyond", urgent=True)).close()


async def _until_limited(
    stage: Stage, part: str, token: TokenKind, most: int, gathered: Gathered | None = None
) -> list[Subscription]:
    """
    Attempts in groups until one is refused by 429, or nobody answers any more; those that were.

    What ``gathered`` does is done with the first group while it is open.
    """
    for number in range(0, most, AT_ONCE):
        attempts = await asyncio.gather(
            *(stage.subscribe("alice", part=part, token=token, urgent=True) for _ in range(AT_ONCE))
        )
        refused = [attempt for attempt in attempts if attempt.status == 429]
        if gathered and not number and not refused:
            await gathered(attempts)
        await asyncio.gather(*(attempt.close() for attempt in attempts if attempt not in refused))
        if refused or not any(attempt.status for attempt in attempts):
            await asyncio.gather(*(attempt.until_ended(seconds=1.0) for attempt in refused))
            return refused
    return []


SCENARIOS = (burst,)
