"""A page whose network fails, in each of the ways in which networks fail, and what it learns when it is back."""

from sse_conform.browser_absences import OUTAGE
from sse_conform.browsing import Device, Outage, Tab
from sse_conform.entries import Published
from sse_conform.scenario import Stage, scenario
from sse_conform.spec import Capability
from sse_conform.terms import Terms
from sse_conform_scenarios.browser.periods import NOTICE_SECONDS, STOPPED_PERIODS, period

_NEEDS = frozenset({Capability.BROWSER, Capability.TRIGGERS})
#: How long a browser is offline, in reconnection times: shorter than one, through some vain attempts, and through many.
BRIEFLY, LONG = (0.2, 2.0), 8.0
#: Nobody can come back for so long, in reconnection times: the first attempt is in vain, the second one is not.
REFUSED = 1.5
#: A flapping link is up and down for so long each, in reconnection times, and so often.
FLAP, FLAPS = 0.3, 4
#: A page whose EventSource gave up makes a new one after so long, in reconnection times.
AGAIN = 0.5
#: A watchful page is patient for so much longer than a stream may be silent, in seconds: timers are late.
PATIENCE_SECONDS = 0.5


def _patience(terms: Terms) -> float:
    """How long a watchful page waits for the next event, in seconds."""
    return terms.silence + PATIENCE_SECONDS


class _Reader:
    """One tab of one person's browser, and what is published for her."""

    def __init__(self, stage: Stage, device: Device, tab: Tab) -> None:
        self.device = device
        self.tab = tab
        self._stage = stage

    async def tell(self, part: str) -> Published:
        """Publish one event for her."""
        return await self._stage.publish("alice", part=part)

    async def lose(self, outage: Outage, how: str) -> list[Published]:
        """Let the network fail, publish what she cannot hear, and wait until the page notices."""
        self._stage.note(OUTAGE, value=how)
        await self.device.fail(outage)
        missed = await self.tell(how)
        await self.tab.until_lost(seconds=NOTICE_SECONDS)
        return [missed]

    async def miss(self, how: str, periods: float) -> list[Published]:
        """Let so many reconnection times pass, and publish one more that she cannot hear."""
        await self._stage.pass_time(periods * self.tab.retry, "the network to be down")
        return [await self.tell(how)]

    async def be_offline(self, periods: float) -> None:
        """Be offline for so many reconnection times, and come back to what was missed."""
        how = f"offline-{periods:g}"
        missed = await self.lose(Outage.OFFLINE, how)
        missed += await self.miss(how, periods)
        await self.device.mend()
        await self.tab.until_back(*missed)


async def _reader(
    stage: Stage, part: str = "reader", *, patience: float | None = None, again: float | None = None
) -> _Reader:
    device = await stage.device("alice")
    reader = _Reader(stage, device, await device.open(part, patience=patience, again=again))
    await reader.tab.until_snapshot()
    await reader.tab.until(await reader.tell("before"))
    return reader


@scenario(
    "browser.offline",
    users=("alice",),
    attempts=1 + len(BRIEFLY) + 1,
    needs=_NEEDS,
    waits=lambda terms: (sum(BRIEFLY) + len(BRIEFLY) + 1 + STOPPED_PERIODS) * period(terms),
)
async def offline(stage: Stage) -> None:
    """A browser goes offline for a moment and for a while, and misses events; then its token expires meanwhile."""
    reader = await _reader(stage)
    for periods in BRIEFLY:
        await reader.be_offline(periods)
    await _expire(stage, reader)
    await reader.device.close()


@scenario(
    "browser.offline-long",
    users=("alice",),
    attempts=2,
    needs=_NEEDS,
    waits=lambda terms: (LONG + 1) * period(terms),
)
async def offline_long(stage: Stage) -> None:
    """A browser goes offline for long, and misses events; nobody else is there for her."""
    reader = await _reader(stage)
    await reader.be_offline(LONG)
    await reader.device.close()


async def _expire(stage: Stage, reader: _Reader) -> None:
    """The token expires while the browser is offline."""
    await reader.device.fail(Outage.OFFLINE)
    await reader.tab.until_lost(seconds=NOTICE_SECONDS)
    expired = reader.device.expire()
    await reader.device.mend()
    if expired:
        await reader.tab.until_stopped(seconds=reader.tab.retry + NOTICE_SECONDS)
        await stage.pass_time(STOPPED_PERIODS * period(stage.terms), "attempts that must not come")


@scenario(
    "browser.drops",
    users=("alice",),
    attempts=8,
    usually=7,
    needs=_NEEDS,
    waits=lambda terms: (2 + (REFUSED + 0.5) + 2 * FLAP * FLAPS + 2) * period(terms),
)
async def drops(stage: Stage) -> None:
    """A connection is reset, closed, refused and slow, flaps, and meets a gateway; events are missed each time."""
    reader = await _reader(stage, again=AGAIN * period(stage.terms))
    for outage in (Outage.RESET, Outage.CLOSE):
        await reader.tab.until_back(*await reader.lose(outage, outage.value))
    await _refused_then_slow(reader)
    await _flapping(stage, reader)
    missed = await reader.lose(Outage.GATEWAY, "gateway")
    await reader.tab.until_stopped(seconds=NOTICE_SECONDS + reader.tab.retry)
    await reader.device.mend()
    await reader.tab.until_back(*missed)
    await reader.device.close()


async def _refused_then_slow(reader: _Reader) -> None:
    missed = await reader.lose(Outage.REFUSED, "refused")
    missed += await reader.miss("refused", REFUSED)
    await reader.device.mend()
    await reader.device.fail(Outage.SLOW)
    await reader.tab.until_back(*missed)
    await reader.tab.until(await reader.tell("slow"))
    await reader.device.mend()


async def _flapping(stage: Stage, reader: _Reader) -> None:
    missed: list[Published] = []
    for _ in range(FLAPS):
        missed += await reader.lose(Outage.REFUSED, "flapping")
        missed += await reader.miss("flapping", FLAP)
        await reader.device.mend()
        await stage.pass_time(FLAP * reader.tab.retry, "the network to be up")
    await reader.tab.until_back(*missed)


@scenario(
    "browser.silence",
    users=("alice",),
    attempts=4,
    usually=2,
    needs=_NEEDS,
    waits=lambda terms: 2 * _patience(terms),
)
async def silence(stage: Stage) -> None:
    """A page that listens for heartbeats hears them; then its connection dies without a word, and it notices."""
    patience = _patience(stage.terms)
    reader = await _reader(stage, "watchful", patience=patience)
    await stage.pass_time(patience, "heartbeats that the page hears")
    stage.note(OUTAGE, value="silence")
    await reader.device.fail(Outage.SILENCE)
    missed = await reader.tell("silence")
    await reader.device.mend()
    await reader.tab.until_lost(seconds=patience + NOTICE_SECONDS)
    await reader.tab.until_back(missed)
    await reader.device.close()


SCENARIOS = (offline, offline_long, drops, silence)
