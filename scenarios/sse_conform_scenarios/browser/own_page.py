"""The target's own page: it is told of much, loses its network, its push and its session, and is left."""

import asyncio

from sse_conform.browsing import Device, Outage, OwnPage
from sse_conform.entries import TokenKind
from sse_conform.own_page_evidence import (
    BACK,
    BEFORE,
    CREATED,
    FULL,
    HIDDEN,
    LEAVING,
    LEFT,
    MISSED,
    PINGED,
    POLLED,
    PUSHED,
    SEEN,
    SESSION_OVER,
    TOLD,
    TURNING,
)
from sse_conform.scenario import Nature, Stage, scenario
from sse_conform.spec import Capability
from sse_conform_scenarios.browser.periods import STOPPED_PERIODS, period

_NEEDS = frozenset({Capability.BROWSER, Capability.UI, Capability.TRIGGERS})
#: So many events beyond what a page keeps.
BEYOND = 4
#: Created so often: once may be luck.
ROUNDS = 2
#: A ping would change something within so many seconds.
SETTLE_SECONDS = 0.5
#: A page is out of sight for so long before something happens.
HIDDEN_SECONDS = 0.2
#: Push is refused for so many reconnection times, first by 503 and then by 429.
REFUSED_PERIODS = (2.0, 2.0)
#: For so many reconnection times, and seconds, a page that was left is watched.
LEFT_PERIODS, LEFT_SECONDS = 2.0, 2.0
#: A page that comes back gets so much longer than the reconnection time, as a share of it and in seconds.
RETURN_SHARE, RETURN_SECONDS = 0.5, 3.0


def _return(page: OwnPage) -> float:
    """How long a page that lost its network is waited for, in seconds."""
    return page.retry * (1 + RETURN_SHARE) + RETURN_SECONDS


async def _use(stage: Stage, user: str, part: str) -> tuple[Device, OwnPage]:
    device = await stage.device(user, token=TokenKind.MISSING)
    return device, await device.use(part)


@scenario(
    "page.creation",
    users=("alice", "bob"),
    attempts=2,
    needs=_NEEDS | {Capability.SECOND_USER},
    nature=Nature.TIMED,
)
async def creation(stage: Stage) -> None:
    """Bob creates events for Alice in the page of the service; hers is open in another browser."""
    _, reader = await _use(stage, "alice", "reader")
    _, desk = await _use(stage, "bob", "desk")
    await asyncio.gather(reader.log_in(), desk.log_in())
    for _ in range(ROUNDS):
        created = await stage.publish("alice", part=CREATED, via=desk)
        await reader.until_shown(created, seconds=stage.terms.latency + RETURN_SECONDS)
    await reader.look(CREATED)


@scenario(
    "page.list",
    users=("alice",),
    attempts=4,
    usually=2,
    needs=_NEEDS,
    waits=lambda terms: terms.silence + SETTLE_SECONDS + period(terms) + HIDDEN_SECONDS,
)
async def full_list(stage: Stage) -> None:
    """A page hears of more than it keeps, and a ping, loses its network, comes back, and is out of sight for a time."""
    terms = stage.terms
    device, page = await _use(stage, "alice", "list")
    await page.log_in()
    told = [await stage.publish("alice", part=TOLD) for _ in range(terms.kept_items + BEYOND)]
    await page.until_shown(told[-1], seconds=terms.fallback)
    await page.look(FULL)
    await page.until_heard("ping", seconds=terms.silence)
    await stage.pass_time(SETTLE_SECONDS, "what a ping might change")
    await page.look(PINGED)
    await device.fail(Outage.RESET)
    missed = [await stage.publish("alice", part=MISSED) for _ in range(2)]
    await page.until_back(seconds=_return(page))
    await page.until_shown(*missed, seconds=terms.latency)
    await page.look(BACK)
    await page.hide()
    await stage.pass_time(HIDDEN_SECONDS, "what a page may do out of sight")
    unseen = await stage.publish("alice", part=HIDDEN)
    await page.unhide()
    await page.until_shown(unseen, seconds=_return(page))
    await page.look(SEEN)


@scenario(
    "page.fallback",
    users=("alice",),
    attempts=4,
    usually=2,
    needs=_NEEDS | {Capability.POLLING},
    waits=lambda terms: (sum(REFUSED_PERIODS) + 4) * period(terms),
)
async def fallback(stage: Stage) -> None:
    """Push is refused on the way, by 503 and then by 429, and allowed again; events happen all the time."""
    terms = stage.terms
    device, page = await _use(stage, "alice", "fallback")
    await page.log_in()
    events = [await stage.publish("alice", part=BEFORE)]
    await page.until_shown(*events, seconds=terms.latency + RETURN_SECONDS)
    for outage, periods in zip((Outage.NO_PUSH, Outage.LIMITED), REFUSED_PERIODS, strict=True):
        await device.fail(outage)
        events.append(await stage.publish("alice", part=POLLED))
        await page.until_polled(events[-1], seconds=terms.fallback)
        await stage.pass_time(periods * page.retry, "attempts that a refused page may make")
    await page.look(POLLED)
    await device.mend()
    events.append(await stage.publish("alice", part=TURNING))
    await page.until_back(seconds=terms.fallback)
    events.append(await stage.publish("alice", part=PUSHED))
    await page.until_shown(*events, seconds=terms.latency + RETURN_SECONDS)
    await page.look(BACK)


@scenario(
    "page.session",
    users=("alice",),
    attempts=4,
    usually=3,
    needs={Capability.BROWSER, Capability.UI},
    waits=lambda terms: (1 + STOPPED_PERIODS + LEFT_PERIODS) * period(terms) + LEFT_SECONDS,
)
async def session(stage: Stage) -> None:
    """A token expires while a page is open; then Alice logs in again, and leaves."""
    device, page = await _use(stage, "alice", "session")
    await page.log_in()
    if device.expire():
        await device.fail(Outage.RESET)
        await page.until_prompted(seconds=_return(page))
        await page.look(SESSION_OVER)
        await stage.pass_time(STOPPED_PERIODS * page.retry, "attempts that must not come")
        stage.note(SESSION_OVER)
        await page.log_in()
    stage.note(LEAVING)
    how = "logged out"
    if not await page.log_out():
        how = "left for another page"
        await page.leave()
    stage.note(LEFT, value=how)
    await stage.pass_time(LEFT_PERIODS * page.retry + LEFT_SECONDS, "a stream that nobody reads any more")
    await page.look(LEFT)


SCENARIOS = (creation, full_list, fallback, session)
