"""The network of a device fails at the socket, its browser notices or not, and comes back."""

import pytest

from sse_conform.browser_entries import Deed, Sight
from sse_conform.browser_evidence import pages
from sse_conform.browsing import Outage
from sse_conform.entries import EndKind, Relayed


def deeds(transcript, deed):
    return [entry for entry in transcript.of(Relayed) if entry.deed is deed]


@pytest.mark.parametrize("outage", [Outage.RESET, Outage.CLOSE])
async def test_a_page_whose_connection_is_cut_comes_back_by_itself(theatre, outage):
    async def acts(stage):
        """Alice's connection is cut."""
        device = await stage.device("alice")
        tab = await device.open("reader")
        assert await tab.until_snapshot()
        await device.fail(outage)
        assert await tab.until_lost(seconds=5)
        assert await tab.until_snapshot()

    transcript = await theatre.play(acts)
    (page,) = pages(transcript)
    before, after = page.streams
    (cut,) = (entry for entry in deeds(transcript, Deed.CUT) if entry.conn)
    assert (cut.conn, cut.detail) == (before.conn, outage.value)
    assert before.end.kind is EndKind.CLOSED
    assert before.end.t <= cut.t < after.t
    assert [seen.sight for seen in page.sights if seen.sight in {Sight.OPEN, Sight.ERROR}] == [
        Sight.OPEN, Sight.ERROR, Sight.OPEN,
    ]  # fmt: skip


async def test_an_offline_browser_knows_it_and_nothing_reaches_the_target(theatre):
    async def acts(stage):
        """Alice is offline for longer than a reconnection takes."""
        device = await stage.device("alice")
        tab = await device.open("reader")
        await tab.until_snapshot()
        await device.fail(Outage.OFFLINE)
        assert await tab.until_lost(seconds=5)
        missed = await stage.publish("alice")
        await stage.pass_time(1.5 * tab.retry, "the browser to try")
        assert not tab.connected
        await device.mend()
        assert await tab.until_snapshot()
        assert await tab.until(missed)

    transcript = await theatre.play(acts)
    (page,) = pages(transcript)
    kinds = [seen.sight for seen in page.sights]
    assert kinds.index(Sight.OFFLINE) < kinds.index(Sight.ONLINE)
    assert len(page.streams) == 2


async def test_a_silent_network_goes_unnoticed_save_by_a_page_that_listens_for_the_silence(theatre):
    async def acts(stage):
        """Alice has a trusting tab and a watchful one when her network falls silent."""
        device = await stage.device("alice")
        trusting, watchful = await device.open("trusting"), await device.open("watchful", patience=1.0)
        await trusting.until_snapshot()
        await watchful.until_snapshot()
        await device.fail(Outage.SILENCE)
        assert await watchful.until_lost(seconds=5)
        await device.mend()
        assert await watchful.until_snapshot()
        assert trusting.connected

    transcript = await theatre.play(acts)
    trusting, watchful = pages(transcript)
    assert len(trusting.streams) == 1
    assert len(watchful.streams) >= 2
    assert Sight.ABANDONED in [seen.sight for seen in watchful.sights]


async def test_a_gateway_that_answers_for_the_target_makes_no_attempt_on_it(theatre):
    async def acts(stage):
        """A gateway answers 502 while the target is being replaced."""
        device = await stage.device("alice")
        tab = await device.open("reader")
        await tab.until_snapshot()
        await device.fail(Outage.GATEWAY)
        assert await tab.until_stopped(seconds=10)

    transcript = await theatre.play(acts)
    (page,) = pages(transcript)
    assert len(page.streams) == 1
    assert [entry.detail for entry in deeds(transcript, Deed.ANSWERED)] == ["502"]


async def test_a_page_comes_back_by_reload_and_by_the_back_button(theatre):
    async def acts(stage):
        """Alice reloads, goes elsewhere and returns."""
        tab = await (await stage.device("alice")).open("reader")
        await tab.until_snapshot()
        await tab.reload()
        assert await tab.until(await stage.publish("alice"))
        await tab.leave()
        await tab.back()
        assert await tab.until(await stage.publish("alice"))

    transcript = await theatre.play(acts)
    (page,) = pages(transcript)
    sources = {seen.source for seen in page.sights if seen.sight is Sight.OPEN}
    assert {1, 2} <= sources
    assert page.streams[0].end is not None
