"""What pages of a real browser see, and what they put on the wire, is in the record."""

import pytest

from sse_conform.browser_entries import Sight
from sse_conform.browser_evidence import pages
from sse_conform.entries import SceneOutcome, TokenKind
from sse_conform.profile import Carrier

from ...tiny_target import Reply, carried_by


def outcome(transcript):
    ended = transcript.outcomes["browser.scene"]
    return ended.outcome, ended.detail


@pytest.mark.parametrize("carrier", Carrier)
async def test_a_page_opens_the_stream_with_the_credential_of_its_device(theatre, carrier):
    async def acts(stage):
        """Alice opens a tab and is told of an event."""
        tab = await (await stage.device("alice")).open("reader")
        assert await tab.until_snapshot()
        assert tab.connected
        assert await tab.until(await stage.publish("alice"))

    transcript = await theatre.play(acts, auth=carried_by(theatre.target.profile(), carrier))
    assert outcome(transcript) == (SceneOutcome.COMPLETED, "")
    (page,) = pages(transcript)
    assert [seen.type for seen in page.messages()] == ["snapshot", "notification"]
    (stream,) = page.streams
    assert (stream.status, stream.attempt.part, stream.attempt.user) == (200, "reader", page.opened.user)
    assert [event.data for event in stream.events] == [seen.data for seen in page.messages()]


async def test_what_a_page_saw_has_instants_between_what_was_sent_and_now(theatre):
    async def acts(stage):
        """Alice is told of an event."""
        tab = await (await stage.device("alice")).open("reader")
        await tab.until_snapshot()
        await tab.until(await stage.publish("alice"))

    transcript = await theatre.play(acts)
    (page,), (published,) = pages(transcript), transcript.publishes
    (told,) = page.messages("notification")
    # The page's clock is read in steps of a tenth of a millisecond.
    assert published.t - 10**6 <= told.t <= transcript.outcomes["browser.scene"].t


async def test_an_event_can_be_caused_by_a_page_of_the_target(theatre):
    async def acts(stage):
        """A page causes the event that another is told of."""
        tab = await (await stage.device("alice")).open("reader")
        await tab.until_snapshot()
        desk = await (await stage.device()).visit("desk")
        assert await tab.until(await stage.publish("alice", via=desk))

    transcript = await theatre.play(acts)
    assert outcome(transcript) == (SceneOutcome.COMPLETED, "")
    (request,) = theatre.target.seen("POST /events")
    assert "Mozilla" in request.headers["user-agent"]
    assert request.headers["referer"].startswith(theatre.target.url)
    (published,) = transcript.publishes
    assert (published.status, published.accepted) == (201, True)


async def test_a_page_that_is_refused_stops_and_the_refusal_is_in_the_record(theatre):
    async def acts(stage):
        """Nobody in particular opens a tab."""
        tab = await (await stage.device("alice", token=TokenKind.GARBAGE)).open("stranger")
        assert await tab.until_stopped(seconds=10)
        assert not await tab.until_snapshot()

    transcript = await theatre.play(acts)
    (page,) = pages(transcript)
    assert [stream.status for stream in page.streams] == [401]
    assert page.streams[0].attempt.token is TokenKind.GARBAGE
    assert [seen.ready_state for seen in page.sights if seen.sight is Sight.ERROR] == [2]


async def test_no_credential_is_in_what_was_recorded_of_a_browser(theatre):
    tokens = []

    async def acts(stage):
        """Alice opens a tab."""
        await (await (await stage.device("alice")).open("reader")).until_snapshot()

    transcript = await theatre.play(acts)
    tokens = [request.token for request in theatre.target.seen("GET /stream") if request.token]
    assert tokens
    assert not [token for token in tokens if token.rpartition(".")[2] in repr(transcript.entries)]


async def test_429_to_a_browser_within_its_limit_ends_the_scene_as_limited(theatre):
    stream = theatre.target.stream

    async def refusing(request, writer):
        browser = "Mozilla" in request.headers.get("user-agent", "")
        return Reply(429) if browser else await stream(request, writer)

    theatre.target.routes["GET /stream"] = refusing

    async def acts(stage):
        """Alice opens a tab."""
        await (await (await stage.device("alice")).open("reader")).until_stopped(seconds=10)

    assert outcome(await theatre.play(acts))[0] is SceneOutcome.LIMITED


async def test_without_a_browser_its_scenes_are_skipped_and_say_how_to_get_one(theatre):
    async def acts(stage):
        """Alice opens a tab."""
        await stage.device("alice")

    transcript = await theatre.play(acts, executable="no-such-browser")
    said = outcome(transcript)
    assert said[0] is SceneOutcome.SKIPPED
    assert "no-such-browser is no program" in said[1]
