"""A browser that loses a page by a fault of its own: the scene ends at once, and is played again."""

import contextlib

from playwright.async_api import Error

from sse_conform.browser_entries import PageSaw, Sight
from sse_conform.entries import Repeated, SceneOutcome
from sse_conform.exit_code import ExitCode
from sse_conform.profile import BrowserChoice
from sse_conform.scenario import scenario
from sse_conform.spec import Capability
from sse_conform.verdict import Outcome

from ...short_scenes import rule_for
from ...tiny_target import play_on
from .conftest import NUMBERS


async def _crash(tab):
    """As if the process of its pages had met a bug of the browser."""
    with contextlib.suppress(Error):
        await tab.page.goto("chrome://crash")


async def test_a_scene_whose_page_crashes_once_is_played_again_and_judged_by_that(theatre):
    takes = []

    @scenario("browser.scene", users=("alice",), attempts=4, needs={Capability.BROWSER})
    async def acts(stage):
        """Of two tabs of a device one crashes, in the first take, and something is awaited in the other."""
        takes.append(stage)
        device = await stage.device("alice")
        tab, other = await device.open("reader"), await device.open("other")
        assert await other.until_snapshot()
        if len(takes) == 1:
            await _crash(tab)
            await other.until_lost(seconds=60)
            raise AssertionError("nobody waits for a page that is gone")

    rules = (rule_for("browser.scene"),)
    result = await play_on(theatre.target, acts, rules=rules, browser=BrowserChoice(), numbers=NUMBERS)
    (again,) = result.transcript.of(Repeated)
    assert "the scene browser.scene was broken: the browser crashed in page" in again.reason
    assert [verdict.outcome for verdict in result.report.verdicts] == [Outcome.PASS]
    assert result.report.exit_code is ExitCode.CONFORMS
    assert result.report.trouble == ""


async def test_what_a_scene_wants_of_a_page_that_is_gone_is_no_bug_of_the_scene(theatre):
    async def acts(stage):
        """A page crashes and is to load once more."""
        tab = await (await stage.device("alice")).open("reader")
        await tab.until_snapshot()
        await _crash(tab)
        await tab.reload()
        await tab.request({"method": "GET", "url": "/"})

    transcript = await theatre.play(acts)
    assert Sight.CRASHED in {seen.sight for seen in transcript.of(PageSaw)}
    assert transcript.outcomes["browser.scene"].outcome is SceneOutcome.BROKEN


async def test_a_browser_that_is_gone_as_a_whole_has_crashed_in_each_of_its_pages(theatre):
    async def acts(stage):
        """The whole browser ends while two devices have a page open."""
        tabs = [await (await stage.device("alice")).open(part) for part in ("reader", "other")]
        assert await tabs[0].until_snapshot()
        browser = tabs[0].page.context.browser
        with contextlib.suppress(Error):
            await (await browser.new_browser_cdp_session()).send("Browser.crash")
        await tabs[1].until_lost(seconds=60)

    transcript = await theatre.play(acts)
    crashed = {seen.page for seen in transcript.of(PageSaw) if seen.sight is Sight.CRASHED}
    assert len(crashed) == 2
    assert transcript.outcomes["browser.scene"].outcome is SceneOutcome.BROKEN
