"""Which scenes play at the same time, and which wait for others."""

import asyncio
import itertools

import pytest

from sse_conform.entries import SceneOutcome
from sse_conform.run_events import SceneFinished
from sse_conform.scenario import Nature
from sse_conform.spec import Capability
from sse_conform.troupe import line_of

from .short_scenes import limited, overlap, scene
from .tiny_target import play_on, tiny_target


@pytest.fixture
async def target():
    async with tiny_target() as running:
        yield running


async def test_a_timed_scene_acts_alone_while_others_may_let_time_pass(target):
    timed_began = asyncio.Event()

    async def idle(stage):
        """Somebody lets time pass."""
        stream = await stage.subscribe("alice")
        async with asyncio.timeout(10):
            watching = asyncio.ensure_future(stage.watch(stream, 60.0, "heartbeats"))
            await timed_began.wait()
            await stream.close()
            await watching

    async def timed(stage):
        """Somebody measures."""
        timed_began.set()
        await asyncio.sleep(0.02)

    scenes = (
        scene("idle", idle),
        scene("timed", timed, nature=Nature.TIMED),
        scene("timed.too", timed, nature=Nature.TIMED),
        scene("loud", nature=Nature.LOUD),
        scene("plain"),
    )
    transcript = (await play_on(target, *scenes)).transcript
    assert overlap(transcript, "idle", "timed")
    for one, other in itertools.product(["timed", "timed.too"], ["timed", "timed.too", "loud", "plain"]):
        assert one == other or not overlap(transcript, one, other)


def test_scenes_in_a_browser_and_loud_ones_wait_least():
    scenes = [
        scene("short"), scene("loud", nature=Nature.LOUD), scene("page", needs={Capability.BROWSER}), scene("shorter")
    ]  # fmt: skip
    assert line_of(scenes) == ["page", "loud", "short", "shorter"]


def limiter_scene(begins=None):
    async def play(stage):
        """Many come at once."""
        if begins is not None:
            begins.set()
        for _ in range(3):
            await (await stage.subscribe("alice", urgent=True)).close()

    return scene("limiter", play, attempts=3, nature=Nature.LIMITER)


async def test_from_one_address_the_limiters_scene_comes_after_every_other_attempt(target):
    limiter_began = asyncio.Event()

    async def slow(stage):
        """Alice comes back late and stays."""
        await (await stage.subscribe("alice")).close()
        await asyncio.sleep(0.05)
        await stage.subscribe("alice")
        await limiter_began.wait()

    scenes = limiter_scene(limiter_began), scene("slow", slow, attempts=2), scene("one")
    transcript = (await play_on(target, *scenes, numbers=limited(20))).transcript
    others = [stream.t for stream in transcript.streams if stream.attempt.scene != "limiter"]
    assert max(others) < min(stream.t for stream in transcript.streams_in("limiter"))
    assert overlap(transcript, "limiter", "slow")  # it waits for attempts alone


async def test_with_several_addresses_the_limiters_scene_has_the_last_for_itself(target):
    over = asyncio.Event()

    async def patient(stage):
        """Alice waits for the limiter's scene before she makes her attempts, more than she declared."""
        await over.wait()
        for _ in range(4):
            await (await stage.subscribe("alice")).close()

    def listener(event):
        if isinstance(event, SceneFinished) and event.scene == "limiter":
            over.set()

    addresses = ("127.0.0.1", "127.0.0.2", "127.0.0.3")
    scenes = scene("patient", patient, attempts=2), limiter_scene()
    run = play_on(target, *scenes, listener=listener, source_addresses=addresses, numbers=limited(20))
    transcript = (await asyncio.wait_for(run, 10)).transcript
    assert {stream.attempt.address for stream in transcript.streams_in("limiter")} == {"127.0.0.3"}
    others = {stream.attempt.address for stream in transcript.streams if stream.attempt.scene != "limiter"}
    assert others == {"127.0.0.1", "127.0.0.2"}
    assert {request.peer for request in target.seen("GET /stream")} == set(addresses)


async def test_the_limiters_scene_may_need_the_accounts_of_a_timed_one(target):
    scenes = scene("timed", nature=Nature.TIMED), limiter_scene()
    addresses = ("127.0.0.1", "127.0.0.2")
    run = play_on(target, *scenes, users=target.given("alice"), source_addresses=addresses, numbers=limited(20))
    outcomes = (await asyncio.wait_for(run, 10)).transcript.outcomes
    assert {outcomes[each.id].outcome for each in scenes} == {SceneOutcome.COMPLETED}


async def test_scenes_reserve_their_attempts_and_never_exceed_the_limit(target):
    async def three(stage):
        """Alice comes three times."""
        for _ in range(3):
            await (await stage.subscribe("alice")).close()

    scenes = [scene(f"scene.{number}", three, attempts=3) for number in range(3)]
    transcript = (await play_on(target, *scenes, numbers=limited(6, window=0.3))).transcript
    instants = sorted(stream.t for stream in transcript.streams)
    assert len(instants) == 11
    for since in instants:
        assert sum(since <= t < since + 0.3e9 for t in instants) <= 4
