"""Given accounts in a run: which scenes share them, wait for them, or cannot have them."""

import asyncio

import pytest

from sse_conform import entries as e
from sse_conform.scenario import Nature

from .short_scenes import limited, outcome, overlap, scene
from .tiny_target import Reply, play_on, tiny_target


@pytest.fixture
async def target():
    async with tiny_target() as running:
        yield running


async def test_a_given_account_plays_in_one_scene_at_a_time(target):
    async def play(stage):
        """Somebody takes a while."""
        await asyncio.sleep(0.02)
        await stage.subscribe("alice")

    names = [f"scene.{number}" for number in range(4)]
    scenes = [scene(name, play) for name in names]
    transcript = (await play_on(target, *scenes, users=target.given("alice", "bob"))).transcript
    users = {stream.attempt.scene: stream.attempt.user for stream in transcript.streams}
    assert set(users.values()) == {"alice", "bob"}
    for one in names:
        for other in names:
            if one < other and users[one] == users[other]:
                assert not overlap(transcript, one, other)


async def test_a_stream_outlasts_no_scene_that_waits_for_its_account(target):
    async def outlast(stage):
        """Alice stays as long as there are others."""
        await stage.outlast(await stage.subscribe("alice"))

    patient, pair = scene("a.patient", outlast), scene("pair", users=("alice", "bob"))
    result = await asyncio.wait_for(play_on(target, patient, pair, users=target.given("alice", "bob")), 30)
    assert (outcome(result, "a.patient"), outcome(result, "pair")) == (e.SceneOutcome.COMPLETED,) * 2
    assert not overlap(result.transcript, "a.patient", "pair")


async def test_a_scene_that_needs_more_accounts_than_there_are_is_skipped_with_the_remedy(target):
    scenes = scene("crowd", users=("alice", "bob")), scene("one")
    result = await play_on(target, *scenes, users=target.given("alice"))
    ended = result.transcript.outcomes["crowd"]
    assert ended.outcome is e.SceneOutcome.SKIPPED
    assert ended.detail == "it needs 2 accounts at once, the profile gives 1: add [[users.accounts]]"
    assert outcome(result, "one") is e.SceneOutcome.COMPLETED


async def test_a_scene_without_its_account_breaks_and_keeps_no_places_from_others(target):
    async def sign_up(request, writer):
        unlucky = request.document["username"].startswith("unlucky")
        return Reply(500) if unlucky else await target.sign_up(request, writer)

    target.routes["POST /signup"] = sign_up
    unlucky = [scene(f"a.{number}", users=("unlucky",), attempts=2) for number in range(3)]
    run = play_on(target, *unlucky, scene("one", attempts=2), numbers=limited(4, window=0.1))
    result = await asyncio.wait_for(run, 10)
    assert outcome(result, "one") is e.SceneOutcome.COMPLETED
    assert {outcome(result, each.id) for each in unlucky} == {e.SceneOutcome.BROKEN}
    assert "did not make an account" in result.transcript.outcomes["a.0"].detail


@pytest.mark.parametrize("nature", [Nature.PLAIN, Nature.TIMED])
@pytest.mark.parametrize("given", [True, False])
async def test_scenes_that_need_more_places_than_there_are_never_wait_for_each_other(target, nature, given):
    async def long(stage):
        """Alice makes more attempts than a window holds."""
        for _ in range(2):
            await (await stage.subscribe("alice")).close()
        await asyncio.sleep(0.3)
        await (await stage.subscribe("alice")).close()

    users = {"users": target.given("alice")} if given else {}
    scenes = scene("long", long, attempts=3, nature=nature), scene("one", attempts=2)
    run = play_on(target, *scenes, numbers=limited(4, window=0.1), **users)
    result = await asyncio.wait_for(run, 10)
    assert [outcome(result, name) for name in ("long", "one")] == [e.SceneOutcome.COMPLETED] * 2
