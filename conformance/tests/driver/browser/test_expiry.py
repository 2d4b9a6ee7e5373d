"""Pages whose token the target takes for expired, from one moment on, however the token travels."""

import asyncio

import pytest

from sse_conform.browser_entries import Sight
from sse_conform.browser_evidence import pages
from sse_conform.browsing import Outage
from sse_conform.entries import Noted, TokenKind
from sse_conform.profile import Carrier

from ...tiny_target import carried_by


@pytest.mark.parametrize("carrier", Carrier)
async def test_a_page_that_comes_back_with_an_expired_token_is_refused_and_stops(theatre, carrier):
    async def acts(stage):
        """The token expires while a page is connected, and the network fails for a moment."""
        device = await stage.device("alice")
        tab = await device.open("reader")
        assert await tab.until_snapshot()
        assert device.expire()
        await device.fail(Outage.RESET)
        assert await tab.until_stopped(seconds=10)

    transcript = await theatre.play(acts, auth=carried_by(theatre.target.profile(), carrier))
    (page,) = pages(transcript)
    kinds = [(stream.status, stream.attempt.token.valid) for stream in page.streams]
    assert kinds == [(200, True), (401, False)]


async def test_a_token_stays_expired_when_the_network_works_again(theatre):
    async def acts(stage):
        """The token expires while the browser is offline; a second page is opened later."""
        device = await stage.device("alice")
        tab = await device.open("reader")
        await tab.until_snapshot()
        await device.fail(Outage.OFFLINE)
        assert await tab.until_lost(seconds=10)
        assert device.expire()
        await device.mend()
        late = await device.open("late")
        stopped = await asyncio.gather(tab.until_stopped(seconds=10), late.until_stopped(seconds=10))
        assert stopped == [True, True]

    transcript = await theatre.play(acts)
    reader, late = pages(transcript)
    assert [stream.status for stream in reader.streams] == [200, 401]
    assert [stream.status for stream in late.streams] == [401]
    assert late.opened.token is TokenKind.EXPIRED


async def test_a_page_that_was_only_visited_connects_when_it_is_told_to(theatre):
    async def acts(stage):
        """Alice visits, and connects later."""
        tab = await (await stage.device("alice")).visit("reader")
        published = await stage.publish("alice")
        await tab.connect()
        assert await tab.until(published)

    transcript = await theatre.play(acts)
    (page,), (published,) = pages(transcript), transcript.publishes
    assert page.streams[0].t > published.t


async def test_a_page_knows_whether_it_was_let_in_and_may_come_anew(theatre):
    async def acts(stage):
        """Alice is let in, closes the stream, and comes anew when her token has expired."""
        device = await stage.device("alice")
        tab = await device.visit("reader")
        await tab.connect()
        assert await tab.until_let_in(seconds=10)
        await tab.abandon()
        assert device.expire()
        await tab.connect()
        assert not await tab.until_let_in(seconds=10)
        assert tab.stopped

    (page,) = pages(await theatre.play(acts))
    assert [stream.status for stream in page.streams] == [200, 401]


async def test_a_frozen_page_is_told_when_it_goes_on(theatre):
    async def acts(stage):
        """A page is frozen while something happens."""
        tab = await (await stage.device("alice")).open("reader")
        await tab.until_snapshot()
        await tab.freeze()
        missed = await stage.publish("alice")
        await stage.pass_time(0.5, "the page to stand still")
        stage.note("thaw")
        await tab.thaw()
        assert await tab.until(missed)

    recorded = await theatre.play(acts)
    (page,), (thaw,), (missed,) = pages(recorded), recorded.of(Noted), recorded.publishes
    assert page.told_of(missed).t > thaw.t
    assert len(page.streams) == 1
    assert Sight.ERROR not in {seen.sight for seen in page.sights}
