"""Pages without a window: scripts cannot tell, and where there can be none pages are shown in windows."""

from contextlib import nullcontext

from sse_conform.browser_entries import Sight
from sse_conform.browser_evidence import pages
from sse_conform.driver import browser_process, windowless
from sse_conform.entries import SceneOutcome, TokenKind

SEEN = "[document.visibilityState, document.hasFocus(), navigator.onLine, innerWidth, innerHeight]"


async def test_scripts_see_the_same_with_and_without_a_window(theatre):
    told = []

    async def acts(stage):
        """A tab has a window, another one has none."""
        device = await stage.device("alice")
        for tab in (await device.open("window", kept=True), await device.open("none")):
            assert await tab.until_snapshot()
            told.append(await tab.page.evaluate(SEEN))

    await theatre.play(acts)
    assert told == [["visible", True, True, 800, 600]] * 2


async def test_a_page_that_is_to_be_kept_is_returned_to_as_it_was_left(theatre):
    async def acts(stage):
        """Alice leaves the page and returns to it."""
        tab = await (await stage.device("alice")).open("reader", kept=True)
        await tab.until_snapshot()
        await tab.leave()
        missed = await stage.publish("alice")
        await tab.back()
        assert await tab.until(missed)

    transcript = await theatre.play(acts)
    (page,) = pages(transcript)
    assert [seen.data for seen in page.sights if seen.sight is Sight.SHOWN][-1] == "restored"


async def test_what_a_browser_writes_to_the_console_as_a_page_is_loaded_is_in_the_record(theatre):
    async def acts(stage):
        """A page is refused at once."""
        tab = await (await stage.device("alice", token=TokenKind.GARBAGE)).open("reader")
        await tab.until_stopped(seconds=10)
        await tab.page.evaluate("0")

    transcript = await theatre.play(acts)
    (page,) = pages(transcript)
    assert any("401" in seen.data for seen in page.sights if seen.sight is Sight.CONSOLE)


async def test_a_browser_that_cannot_do_without_shows_its_pages_in_windows(theatre, monkeypatch):
    monkeypatch.setattr(browser_process, "attached", nullcontext)
    monkeypatch.setattr(windowless, "_SECONDS", 0.5)

    async def acts(stage):
        """Alice is told of an event in two tabs."""
        device = await stage.device("alice")
        for part in ("one", "other"):
            tab = await device.open(part)
            assert await tab.until_snapshot()
            assert await tab.until(await stage.publish("alice"))

    transcript = await theatre.play(acts)
    assert transcript.outcomes["browser.scene"].outcome is SceneOutcome.COMPLETED
