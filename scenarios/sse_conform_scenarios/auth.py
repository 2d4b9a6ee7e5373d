"""Tokens that a service must refuse, each one mutation away from a token that works."""

import asyncio
from urllib.parse import urlencode

from sse_conform import corpus
from sse_conform.entries import TokenKind
from sse_conform.listening import Subscription
from sse_conform.scenario import Stage, scenario
from sse_conform.spec import Capability
from sse_conform.spelling import Spelling
from sse_conform.terms import Terms
from sse_conform_scenarios import spare
from sse_conform_scenarios.spare import Knock

#: A refusal ends by itself; what is still open after this many seconds is closed.
REFUSAL_SECONDS = 1.0
#: A stream is watched beyond the time within which a logout must end it, in seconds.
BEYOND = 0.2

#: Every kind but the controls and the one whose end is waited for elsewhere.
PRESENTED = tuple(
    token.name for token in corpus.tokens() if not token.name.valid and token.name is not TokenKind.NEAR_EXPIRY
)
#: So many requests without a token come beside a stream: twice as many as a small service has workers.
WORKERS = 16
#: Of these, the kinds that are made elsewhere where attempts are scarce; REST sees them all the same.
SPARE = frozenset(token.name for token in corpus.tokens() if token.spare)


async def _see_out(stream: Subscription) -> None:
    if stream.status != 200:
        await stream.until_ended(seconds=REFUSAL_SECONDS)
    await stream.close()


def _presented(terms: Terms) -> tuple[TokenKind, ...]:
    return tuple(kind for kind in PRESENTED if kind.common or not terms.quick)


def _knocks(terms: Terms) -> tuple[Knock, ...]:
    """Every kind by the ordinary door; by the others, where nobody else tries them."""
    ordinary = (Knock(token=kind) for kind in _presented(terms) if kind not in SPARE)
    return (*ordinary, *(() if spare.elsewhere(terms) else (*spare.tokens(terms), *spare.control(terms))))


@scenario("auth.refusals", users=("alice",), attempts=lambda terms: len(_knocks(terms)) + 3, quick=True)
async def refusals(stage: Stage) -> None:
    """
    Every kind of token that is not valid, in a quick run the common ones, is tried between two valid ones.

    REST sees each of them first: who remembers what it has seen takes it on the stream. None at all is tried at the
    path with a slash at its end, too: routers differ in what they take for one path. The cookie is often read by other
    code than the header is: where either is taken and attempts are not scarce, tokens come in the other one, too.
    """
    control = (
        TokenKind.RESIGNED
        if stage.has(Capability.SIGNING_KEY) and stage.makes(TokenKind.RESIGNED)
        else TokenKind.GENUINE
    )
    before = await stage.subscribe("alice", part="control-before", token=control)
    # Whoever keeps an identity with a thread or a worker may have left hers in any of them.
    await asyncio.gather(*(_ask_rest(stage, "missing", TokenKind.MISSING) for _ in range(WORKERS)))
    if before.status == 200 and stage.has(Capability.TRIGGERS):
        await before.until_snapshot()
        await before.until(await stage.publish("alice", part="bait"))
    await _see_out(before)
    await _ask_rest(stage, "control", control)
    await asyncio.gather(*(_ask_rest(stage, kind.value, kind) for kind in _presented(stage.terms) if stage.makes(kind)))

    async def refused(knock: Knock) -> None:
        await _see_out(await knock.at(stage, part=knock.token.value))

    await asyncio.gather(*(refused(knock) for knock in _knocks(stage.terms) if stage.makes(knock.token)))
    await _see_out(
        await stage.subscribe("alice", part="other-door", token=TokenKind.MISSING, spelling=Spelling.SLASH_AFTER)
    )
    await _see_out(await stage.subscribe("alice", part="control-after", token=control))


async def _ask_rest(stage: Stage, part: str, token: TokenKind) -> None:
    if stage.has(Capability.POLLING):
        await stage.poll("alice", part=f"rest-{part}", token=token)
    elif stage.has(Capability.REST):
        await stage.rest("alice", part=f"rest-{part}", token=token)


def _asked(terms: Terms) -> int:
    """One attempt for each way to name another user, and a control where that user cannot poll."""
    return 2 + terms.has(Capability.HEADER_AND_COOKIE) + (not terms.has(Capability.POLLING))


@scenario(
    "auth.override",
    users=("alice", "bob"),
    attempts=_asked,
    quick=True,
    needs={Capability.SECOND_USER, Capability.TARGETED},
)
async def override(stage: Stage) -> None:
    """Alice asks for Bob's stream: names him in query, header and path, and sends his cookie beside her token."""
    await stage.publish("bob", part="bait")
    await stage.publish("alice", part="own")
    bob = stage.user("bob")
    query = urlencode({"userId": bob.id, "user_id": bob.id, "username": bob.username})
    named = await stage.subscribe("alice", part="override", query=query, headers=[("x-user-id", bob.id)])
    asked = [named, await stage.subscribe("alice", part="path", path_of="bob")]
    if stage.has(Capability.HEADER_AND_COOKIE):
        asked.append(await stage.subscribe("alice", part="both", beside="bob"))
    opened = [stream for stream in asked if stream.status == 200]
    for stream in opened:
        await stream.until_snapshot()
    await stage.publish("bob", part="bait")
    own = await stage.publish("alice", part="own")
    for stream in opened:
        await stream.until(own)
    for stream in asked:
        await _see_out(stream)
    if stage.has(Capability.POLLING):
        await stage.poll("bob", part="control")
    else:
        control = await stage.subscribe("bob", part="control")
        await control.until_snapshot()
        await control.close()


def _watched(terms: Terms) -> float:
    return terms.silence + BEYOND


@scenario("auth.logout", users=("alice",), attempts=3, needs={Capability.LOGOUT}, waits=_watched)
async def logout(stage: Stage) -> None:
    """
    A user logs out while two streams are open, and then a client comes back with the old token, and polls.

    Of two instances the other one has the second stream, and of two places for a token that has the other one.
    """
    far, crosswise = stage.has(Capability.MULTI_INSTANCE), stage.has(Capability.HEADER_AND_COOKIE)
    first = await stage.subscribe("alice", part="before")
    second = await stage.subscribe("alice", part="before-too", elsewhere=far, crosswise=crosswise)
    streams = (first, second)
    if first.status == 200 and await first.until_snapshot():
        await second.until_snapshot()
        await _poll(stage, "poll-before")
        await stage.log_out("alice")
        what = "the streams to end after the logout"
        await asyncio.gather(*(stage.watch(stream, _watched(stage.terms), what) for stream in streams))
        await _see_out(await stage.subscribe("alice", part="after"))
        await _poll(stage, "poll-after")
    for stream in streams:
        await stream.close()


async def _poll(stage: Stage, part: str) -> None:
    if stage.has(Capability.POLLING):
        await stage.poll("alice", part=part)


SCENARIOS = (refusals, override, logout)
