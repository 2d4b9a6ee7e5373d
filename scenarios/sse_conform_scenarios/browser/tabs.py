"""Six tabs of one browser, as many as HTTP/1.1 leaves streams for; what people do with tabs; and the session's end."""

import asyncio

from sse_conform.browser_session import AT_LOAD, CONNECTED, EVERYWHERE, FROZEN, LEFT, RELOADED
from sse_conform.browsing import Device, Outage, Tab
from sse_conform.scenario import Stage, scenario
from sse_conform.spec import Capability
from sse_conform_scenarios.browser.periods import NOTICE_SECONDS, STOPPED_PERIODS, period

#: A request of a page is answered within so many seconds, unless all connections of its browser are taken.
ANSWER_SECONDS = 0.5
#: By what becomes of them.
TABS = (CONNECTED, "idle", "closed", RELOADED, LEFT, FROZEN)


@scenario(
    "browser.tabs",
    users=("alice",),
    # One for each tab, the reload, the return, the refused tab and the refused page.
    attempts=len(TABS) + 4,
    needs={Capability.BROWSER, Capability.TRIGGERS},
    waits=lambda terms: (1 + STOPPED_PERIODS) * period(terms),
)
async def tabs(stage: Stage) -> None:
    """Six tabs are told of an event; one is reloaded, one left and returned to, one frozen; then the token expires."""
    device = await stage.device("alice")
    opening = (device.open(part, kept=part == LEFT) for part in TABS)
    opened = dict(zip(TABS, await asyncio.gather(*opening), strict=True))
    await asyncio.gather(*(tab.until_snapshot() for tab in opened.values()))
    told = await stage.publish("alice", part=EVERYWHERE)
    await asyncio.gather(*(tab.until(told) for tab in opened.values()))
    await _ask_beside(stage, opened["idle"], opened["closed"])
    await opened["idle"].close()
    await asyncio.gather(_reload(stage, opened[RELOADED]), _leave(stage, opened[LEFT]))
    await _freeze(stage, opened[FROZEN])
    await asyncio.gather(*(opened[part].close() for part in (RELOADED, LEFT, FROZEN)))
    await _expire(stage, device, opened[CONNECTED])
    await device.close()


async def _ask_beside(stage: Stage, tab: Tab, other: Tab) -> None:
    """A page asks beside all these streams; where no connection is left for that, another tab is closed."""
    if not stage.has(Capability.REST):
        await other.close()
        return
    asked = asyncio.ensure_future(stage.rest("alice", part="beside", via=tab))
    await asyncio.wait([asked], timeout=ANSWER_SECONDS)
    await other.close()
    await asked


async def _reload(stage: Stage, tab: Tab) -> None:
    await tab.reload()
    missed = await stage.publish("alice", part=RELOADED)
    await tab.until_snapshot()
    await tab.until(missed)


async def _leave(stage: Stage, tab: Tab) -> None:
    await tab.leave()
    missed = await stage.publish("alice", part=LEFT)
    await tab.back()
    await tab.until(missed)


async def _freeze(stage: Stage, tab: Tab) -> None:
    await tab.freeze()
    missed = await stage.publish("alice", part=FROZEN)
    await tab.thaw()
    await tab.until(missed)


async def _expire(stage: Stage, device: Device, tab: Tab) -> None:
    """The token expires while one tab is connected; another one is opened then."""
    if not device.expire():
        return
    await device.fail(Outage.RESET)
    await tab.until_lost(seconds=NOTICE_SECONDS)
    late = await device.open(AT_LOAD)
    await asyncio.gather(
        tab.until_stopped(seconds=period(stage.terms) + NOTICE_SECONDS), late.until_stopped(seconds=NOTICE_SECONDS)
    )
    await stage.pass_time(STOPPED_PERIODS * period(stage.terms), "attempts that must not come")


SCENARIOS = (tabs,)
