"""The target's own page, used by its login and its form, and looked at while its network and its session fail."""

import pytest

from sse_conform.browser_entries import Deed
from sse_conform.browsing import Outage
from sse_conform.entries import EndKind, PageOpened, PageSaw, PageShowed, Relayed, SceneOutcome, TokenKind
from sse_conform.transcript_file import _encode as encode
from sse_conform.user_interface import Step

from ...tiny_page import UI, serve_page, varied

SECONDS = 10


@pytest.fixture(autouse=True)
def served(theatre):
    serve_page(theatre.target)


async def reader(stage):
    """Alice's device, and the page on which she is logged in."""
    device = await stage.device("alice", token=TokenKind.MISSING)
    page = await device.use("reader")
    await page.log_in()
    return device, page


async def test_a_person_logs_in_and_the_stream_that_the_page_opens_is_recorded_as_hers(theatre):
    async def acts(stage):
        """Alice logs in and is told of something."""
        _, page = await reader(stage)
        assert await page.until_shown(await stage.publish("alice"), seconds=SECONDS)
        await page.look("told")

    recorded = await theatre.play(acts, ui=UI)
    (opened,) = recorded.of(PageOpened)
    (stream,) = [stream for stream in recorded.streams if stream.attempt.page]
    (published,) = recorded.publishes
    *_, last = recorded.of(PageShowed)
    assert opened.own
    assert (stream.attempt.page, stream.attempt.token) == (opened.page, TokenKind.GENUINE)
    assert stream.attempt.user == opened.user == published.to
    assert [published.marker in text for text in last.notifications] == [True]
    assert (last.part, last.prompt) == ("told", False)
    assert theatre.pictures[last.picture].startswith(b"\x89PNG")


async def test_nothing_leaves_the_browser_but_the_requests_of_the_page(theatre):
    async def acts(stage):
        """Alice logs in by a form, of which a browser may like to tell its maker."""
        _, page = await reader(stage)
        await stage.pass_time(0.5, "what a browser does unasked")
        await page.look("logged in")

    refused = [relayed for relayed in (await theatre.play(acts, ui=UI)).of(Relayed) if relayed.deed is Deed.CUT]
    assert refused == []


async def test_what_the_page_shows_is_told_whenever_it_changes(theatre):
    async def acts(stage):
        """Alice logs in and is told twice."""
        _, page = await reader(stage)
        for _ in range(2):
            assert await page.until_shown(await stage.publish("alice"), seconds=SECONDS)

    shown = (await theatre.play(acts, ui=UI)).of(PageShowed)
    assert [(each.prompt, len(each.notifications)) for each in shown if each.notifications or not each.prompt] == [
        (False, 0), (False, 1), (False, 2),
    ]  # fmt: skip


async def test_an_event_is_created_by_the_form_of_the_page(theatre):
    async def acts(stage):
        """Alice and Bob have the page open, and Bob creates something for Alice."""
        _, page = await reader(stage)
        device = await stage.device("bob", token=TokenKind.MISSING)
        desk = await device.use("desk")
        await desk.log_in()
        assert await page.until_shown(await stage.publish("alice", via=desk), seconds=SECONDS)

    (published,) = (await theatre.play(acts, ui=UI, users=("alice", "bob"))).publishes
    assert (published.accepted, published.status, published.everyone) == (True, 201, False)
    assert published.t < published.acked


async def test_without_a_form_an_event_is_created_by_the_trigger(theatre):
    async def acts(stage):
        """Alice logs in and is told of something."""
        _, page = await reader(stage)
        assert await page.until_shown(await stage.publish("alice", via=page), seconds=SECONDS)

    (published,) = (await theatre.play(acts, ui=varied(create=()))).publishes
    assert published.accepted


async def test_a_token_that_expired_is_refused_by_the_target_itself(theatre):
    async def acts(stage):
        """Alice's token expires while her connection is lost."""
        device, page = await reader(stage)
        assert device.expire()
        await device.fail(Outage.RESET)
        assert await page.until_prompted(seconds=SECONDS)

    recorded = await theatre.play(acts, ui=UI)
    before, after = [stream for stream in recorded.streams if stream.attempt.page]
    assert (before.status, before.attempt.token) == (200, TokenKind.GENUINE)
    assert (after.status, after.attempt.token) == (401, TokenKind.EXPIRED)


async def test_a_page_is_put_out_of_sight_as_its_scripts_can_tell(theatre):
    async def acts(stage):
        """Alice turns to something else for a moment."""
        _, page = await reader(stage)
        await page.hide()
        await page.unhide()

    recorded = await theatre.play(acts, ui=UI)
    # A browser that closes the page says once more that it changed.
    said = [seen.data for seen in recorded.of(PageSaw) if seen.data.startswith("sight:")][:2]
    assert said == ["sight: hidden true false", "sight: visible false true"]


async def test_push_alone_can_be_refused(theatre):
    async def acts(stage):
        """Alice's page may poll, and may not have its stream."""
        device, page = await reader(stage)
        await device.fail(Outage.NO_PUSH)
        assert not await page.until_back(seconds=0.5)
        await device.mend()
        assert await page.until_back(seconds=SECONDS)

    recorded = await theatre.play(acts, ui=UI)
    before, after = [stream for stream in recorded.streams if stream.attempt.page]
    deeds = [(each.deed, each.detail) for each in recorded.of(Relayed) if each.deed in {Deed.PUSH, Deed.POLL}]
    assert before.end.kind is EndKind.CLOSED
    assert after.opened
    assert deeds[:3] == [(Deed.PUSH, "GET /stream"), (Deed.PUSH, "GET /stream"), (Deed.POLL, "GET /items")]
    assert len(theatre.target.seen("GET /stream")) == 2 + 2, "those of the preflight, and the two that went through"


async def test_the_credential_of_a_page_stays_out_of_the_record(theatre):
    async def acts(stage):
        """Alice logs in."""
        await reader(stage)

    recorded = await theatre.play(acts, ui=UI)
    (seen,) = [request for request in theatre.target.seen("GET /stream") if "cookie" in request.headers]
    signature = seen.token.rpartition(".")[2]
    assert len(signature) > 20
    assert not [entry for entry in recorded.entries if signature.encode() in encode(entry)]


@pytest.mark.parametrize(
    ("selector", "said"),
    [
        ("#nobody", "matches nothing visible on http://127.0.0.1"),
        ("[[", "cannot be used"),
        ("#unread", "matches nothing visible"),
    ],
)
async def test_a_selector_that_matches_nothing_is_named(theatre, selector, said):
    async def acts(stage):
        """Alice cannot log in."""
        await reader(stage)

    steps = (*UI.login[:2], Step(click=selector))
    ended = (await theatre.play(acts, ui=varied(login=steps))).outcomes["browser.scene"]
    assert ended.outcome is SceneOutcome.BROKEN
    assert f'ui.login[2].click = "{selector}" {said}' in ended.detail


async def test_whoever_logs_out_closes_the_stream(theatre):
    async def acts(stage):
        """Alice logs out."""
        _, page = await reader(stage)
        assert await page.log_out()
        assert await page.until_prompted(seconds=SECONDS)

    recorded = await theatre.play(acts, ui=UI)
    (stream,) = [stream for stream in recorded.streams if stream.attempt.page]
    assert stream.end.detail == "The browser closed the connection."
