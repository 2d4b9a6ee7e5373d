"""Scenes that are played once more: what is judged then, and what that costs."""

import asyncio
import time

import pytest

from sse_conform import entries as e
from sse_conform.errors import TargetError
from sse_conform.exit_code import ExitCode
from sse_conform.rule import Finding
from sse_conform.run_events import SceneRepeated, SceneStarted
from sse_conform.scenario import Nature
from sse_conform.verdict import Outcome, judge_all

from .records import rule_of
from .short_scenes import limited, rule_for, scene
from .tiny_target import Reply, play_on, tiny_target


@pytest.fixture
async def target():
    async with tiny_target() as running:
        yield running


def punctual(scene):
    """Nothing between the beginning of the scene and the head of its stream takes longer than 0.2 s."""

    def over(transcript):
        began = {entry.scene: entry.t for entry in transcript.of(e.SceneBegan)}
        return [(stream, began[scene]) for stream in transcript.streams_in(scene) if stream.head]

    def check(subject, _terms):
        stream, since = subject
        excess = stream.head.t - since - 200_000_000
        if excess > 0:
            actual = f"{excess} ns too late"
            yield Finding(expected="soon", actual=actual, at=stream, since=since, until=stream.head.t, excess=excess)

    return rule_of(id=f"area.{scene}", scenes=(scene,), over=over, check=check, timed=True)


def blocking(scene, *, times, heard=None):
    """A listener that holds the whole suite up when this scene begins, the first so many times."""
    left = [times]

    def listener(event):
        if heard is not None:
            heard.append(event)
        if isinstance(event, SceneStarted) and event.scene == scene and left[0]:
            left[0] -= 1
            time.sleep(0.35)

    return listener


async def test_a_scene_during_which_the_suite_stood_still_is_played_again_and_judged_by_that(target):
    heard, rules = [], (punctual("one"), rule_for("other"))
    scenes = scene("one", nature=Nature.TIMED), scene("other")
    result = await play_on(target, *scenes, rules=rules, listener=blocking("one", times=1, heard=heard))
    assert [verdict.outcome for verdict in result.report.verdicts] == [Outcome.PASS, Outcome.PASS]
    assert result.report.exit_code is ExitCode.CONFORMS
    assert len(result.transcript.streams_in("one")) == 2
    assert len(result.transcript.streams_in("other")) == 1
    (again,) = [event for event in heard if isinstance(event, SceneRepeated)]
    assert again.scene == "one"
    assert again.reason.startswith("area.one is inconclusive: 1 of 1 observations were late")
    assert {summary.id: summary.repeated for summary in result.report.scenes}["one"] == again.reason
    assert judge_all(rules, result.transcript) == result.report.verdicts


async def test_a_scene_that_is_disturbed_twice_is_not_played_a_third_time_and_stays_inconclusive(target):
    listener = blocking("one", times=9)
    result = await play_on(target, scene("one"), rules=(punctual("one"), rule_for("one")), listener=listener)
    assert [verdict.outcome for verdict in result.report.verdicts] == [Outcome.INCONCLUSIVE, Outcome.PASS]
    assert "played again: 1 of 1 observations were late" in result.report.verdicts[0].reason
    assert result.report.exit_code is ExitCode.HARNESS
    assert len(result.transcript.streams_in("one")) == 2


async def test_a_target_that_is_late_by_itself_fails_and_nothing_is_played_again(target):
    streams = target.routes["GET /stream"]

    async def slow(request, writer):
        await asyncio.sleep(0.4)
        return await streams(request, writer)

    target.routes["GET /stream"] = slow
    result = await play_on(target, scene("one"), rules=(punctual("one"),))
    assert result.report.verdicts[0].outcome is Outcome.FAIL
    assert len(result.transcript.streams_in("one")) == 1


async def test_a_suite_that_stood_still_while_nothing_was_late_plays_nothing_again(target):
    result = await play_on(target, scene("one"), rules=(rule_for("one"),), listener=blocking("one", times=1))
    assert result.report.verdicts[0].outcome is Outcome.PASS
    assert len(result.transcript.streams_in("one")) == 1


async def test_what_a_repeated_scene_costs_is_in_the_bound_and_within_the_budget(target):
    async def wait(stage):
        """Alice waits."""
        await stage.subscribe("alice")
        await stage.pass_time(0.2, "something")

    run = play_on(
        target, scene("one", wait), rules=(punctual("one"),), listener=blocking("one", times=1), numbers=limited(3)
    )
    result = await run
    timing, instants = result.report.timing, [stream.t for stream in result.transcript.streams]
    assert timing.attempts == len(instants) == 4
    assert all(sum(since <= t < since + 0.3e9 for t in instants) <= 1 for since in instants)
    assert timing.lower_bound == pytest.approx(0.6 + 0.2, abs=0.05)


async def test_the_limiters_scene_begins_its_second_take_when_no_limiter_remembers_the_first(target):
    lagging = blocking("limiter", times=1)

    async def play(stage):
        """Somebody cannot reach the target."""
        if len(tries) == 1:
            raise TargetError("no connection")
        await (await stage.subscribe("alice", urgent=True)).close()

    tries = []

    def listener(event):
        if isinstance(event, SceneStarted) and event.scene == "limiter":
            tries.append(event)
        lagging(event)

    scenes = scene("limiter", play, nature=Nature.LIMITER), scene("one")
    result = await play_on(target, *scenes, rules=(rule_for("limiter"),), listener=listener, numbers=limited(20))
    assert result.report.verdicts[0].outcome is Outcome.PASS
    first, second = (entry.t for entry in result.transcript.of(e.SceneBegan) if entry.scene == "limiter")
    assert second - first >= 0.6e9


async def test_a_429_that_is_over_when_the_others_have_played_costs_the_scene_no_verdict(target):
    streams = target.routes["GET /stream"]

    async def play(stage):
        """Alice is refused by accident, in the first take."""
        if target.routes["GET /stream"] is streams and not tries:
            tries.append(1)
            target.takes_over("GET /stream", Reply(429))
            await stage.subscribe("alice")
            target.routes["GET /stream"] = streams
        else:
            await (await stage.subscribe("alice")).until_snapshot()

    tries = []
    rules = (rule_for("refused"),)
    result = await play_on(target, scene("refused", play), rules=rules, numbers=limited(20, 0.1))
    assert [ended.outcome for ended in result.transcript.of(e.SceneEnded) if ended.scene == "refused"] == [
        e.SceneOutcome.LIMITED,
        e.SceneOutcome.COMPLETED,
    ]
    assert result.report.verdicts[0].outcome is Outcome.PASS
