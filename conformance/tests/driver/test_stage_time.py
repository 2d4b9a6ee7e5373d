"""How scenes let time pass, and what the budget lets them do."""

import asyncio

import pytest

from sse_conform import entries as e
from sse_conform.promises import Numbers
from sse_conform.scenario import Nature

from ..tiny_target import STREAM_HEAD, Reply, tiny_target


@pytest.fixture
async def target():
    async with tiny_target() as running:
        yield running


def streams(transcript):
    return transcript.streams_in("a.scene")


async def test_a_watched_stream_that_stays_open_is_watched_to_the_end(on_stage):
    heard = []

    async def play(stage):
        stream = await stage.subscribe("alice")
        assert await stage.watch(stream, 0.05, "a heartbeat")

    transcript = await on_stage(play, listener=heard.append)
    (waited,) = transcript.of(e.Waited)
    assert (waited.scene, waited.what) == ("a.scene", "a heartbeat")
    assert (waited.until - waited.t) / 1e9 >= 0.05
    assert [(each.what, each.seconds) for each in heard if type(each).__name__ == "Waiting"] == [("a heartbeat", 0.05)]


async def test_a_watched_stream_that_ends_is_watched_no_longer(target, on_stage):
    async def brief(request, writer):
        writer.write(STREAM_HEAD)
        writer.close()

    async def play(stage):
        target.routes["GET /stream"] = brief
        assert not await stage.watch(await stage.subscribe("alice"), 60.0, "heartbeats")

    (waited,) = (await on_stage(play)).of(e.Waited)
    assert (waited.until - waited.t) / 1e9 < 30


async def test_a_stream_outlasts_the_attempts_that_are_still_to_come(on_stage):
    async def play(stage):
        stream = await stage.subscribe("alice")
        outlasting = asyncio.ensure_future(stage.outlast(stream))
        await stage.subscribe("bob")
        assert not outlasting.done()
        await stage.subscribe("bob")  # the last attempt that the scene may make
        await outlasting
        assert not stream.ended

    assert (await on_stage(play, attempts=3)).of(e.Waited) == ()


async def test_a_stream_that_ends_outlasts_nothing(target, on_stage):
    async def brief(request, writer):
        writer.write(STREAM_HEAD)
        writer.close()

    async def play(stage):
        target.routes["GET /stream"] = brief
        await stage.outlast(await stage.subscribe("alice"))

    await on_stage(play)


async def test_time_that_passes_on_purpose_is_recorded(on_stage):
    async def play(stage):
        await stage.pass_time(0.01, "the token to expire")

    (waited,) = (await on_stage(play)).of(e.Waited)
    assert waited.until - waited.t >= 10_000_000


async def test_a_note_marks_an_instant_and_a_stream(on_stage):
    async def play(stage):
        stream = await stage.subscribe("alice")
        stage.note("barrier", stream, "here")
        stage.note("alone")

    transcript = await on_stage(play)
    marked, alone = transcript.of(e.Noted)
    assert (marked.name, marked.conn, marked.value) == ("barrier", streams(transcript)[0].conn, "here")
    assert (alone.name, alone.conn, alone.value) == ("alone", 0, "")


async def test_an_urgent_attempt_waits_for_no_place_and_its_429_is_no_accident(target, on_stage):
    async def play(stage):
        for _ in range(3):
            await (await stage.subscribe("alice", urgent=True)).close()
        target.takes_over("GET /stream", Reply(429))
        assert (await stage.subscribe("alice", urgent=True)).status == 429

    numbers = Numbers(heartbeat=2.0, latency=0.5, rate_limit=4, rate_window=60.0)
    assert len(streams(await on_stage(play, nature=Nature.LIMITER, numbers=numbers))) == 4


async def test_attempts_beyond_what_the_scene_declared_wait_for_places_of_their_own(on_stage):
    async def play(stage):
        for _ in range(3):
            await (await stage.subscribe("alice")).close()

    numbers = Numbers(heartbeat=2.0, latency=0.5, rate_limit=3, rate_window=0.2)
    attempts = streams(await on_stage(play, attempts=1, numbers=numbers))
    assert attempts[1].t - attempts[0].t >= 0.2e9
    assert attempts[2].t - attempts[1].t >= 0.2e9
