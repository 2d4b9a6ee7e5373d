"""What is kept of a browser in whose scene a rule failed: its trace, without the credentials that it sent."""

import io
import zipfile

from sse_conform import scene_packs
from sse_conform.browser_entries import Sight
from sse_conform.entries import PageOpened, PageSaw, TokenKind
from sse_conform.profile import BrowserChoice, Engine
from sse_conform.rules import BY_ID
from sse_conform.verdict import Outcome

from ...tiny_page import UI, serve_page
from ...tiny_target import Reply, play_on
from .conftest import NUMBERS


async def test_a_breach_leaves_the_trace_of_its_devices_without_credentials(theatre):
    stream = theatre.target.routes["GET /stream"]

    async def deaf(request, writer):
        """Browsers are admitted, and their pages told nothing."""
        if "Mozilla" in request.headers.get("user-agent", ""):
            return Reply(
                200, body=b"event: snapshot\ndata: {}\n\n", headers={"Content-Type": "text/event-stream; charset=x"}
            )
        return await stream(request, writer)

    theatre.target.routes["GET /stream"] = deaf
    rules = (BY_ID["framing.browser-dispatches"],)
    scene = scene_packs.load()["browser.creation"]
    browser = BrowserChoice(engine=Engine.CHROMIUM)
    result = await play_on(theatre.target, scene, rules=rules, browser=browser, numbers=NUMBERS)
    assert [verdict.outcome for verdict in result.report.verdicts] == [Outcome.FAIL]
    devices = {entry.device for entry in result.transcript.of(PageOpened)}
    assert set(result.traces) == {f"traces/browser.creation-device-{number}.zip" for number in devices}
    tokens = {seen.token.rpartition(".")[2].encode() for seen in theatre.target.seen("GET /stream") if seen.token}
    files = [
        zipped.read(name)
        for octets in result.traces.values()
        for zipped in [zipfile.ZipFile(io.BytesIO(octets))]
        for name in zipped.namelist()
    ]
    assert any(b"/stream" in file for file in files)
    assert not [token for token in tokens for file in files if token in file]


async def test_what_the_own_page_writes_to_its_console_is_in_the_record(theatre):
    serve_page(theatre.target)

    async def acts(stage):
        """Alice logs in, and something goes wrong in the page."""
        page = await (await stage.device("alice", token=TokenKind.MISSING)).use("reader")
        await page.log_in()
        await page.page.evaluate("console.warn('out of paper'); setTimeout(() => { throw new Error('on fire') })")
        await page.look("warned")

    recorded = await theatre.play(acts, ui=UI)
    (opened,) = recorded.of(PageOpened)
    said = [seen.data for seen in recorded.of(PageSaw) if seen.sight is Sight.CONSOLE and seen.page == opened.page]
    assert "out of paper" in said
    assert any("on fire" in line for line in said)
