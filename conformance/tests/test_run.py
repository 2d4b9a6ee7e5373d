import asyncio
import itertools
import json
import subprocess
import sys
import time
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from sse_conform import __version__
from sse_conform import entries as e
from sse_conform import troupe as module
from sse_conform.driver import liveness
from sse_conform.driver.clock import Clock
from sse_conform.driver.fault_proxy import FaultProxy
from sse_conform.driver.proxy_events import ProxyRequest
from sse_conform.errors import ConformError, TargetError
from sse_conform.exit_code import ExitCode
from sse_conform.promises import Numbers
from sse_conform.rule import Finding
from sse_conform.run_events import Judged, Planned, SceneFinished, SceneRepeated, SceneStarted
from sse_conform.scenario import Nature, scenario
from sse_conform.verdict import Outcome, judge_all

from .records import rule_of
from .tiny_target import KEY, Reply, play_on, tiny_target

PREFLIGHT = "preflight"
ROOT = Path(__file__).parents[2]


@pytest.fixture
async def target():
    async with tiny_target() as running:
        yield running


def scene(id, play=None, *, attempts=1, users=("alice",), nature=Nature.PLAIN):
    """A scene; unless told otherwise Alice opens a stream, sees its snapshot and leaves."""

    async def look(stage):
        """Alice looks in."""
        stream = await stage.subscribe("alice")
        assert await stream.until_snapshot()

    return scenario(id, attempts=attempts, users=users, nature=nature)(play or look)


def limited(limit, window=0.3):
    return Numbers(heartbeat=2.0, latency=0.5, rate_limit=limit, rate_window=window)


def rule_for(*scenes):
    return rule_of(id=f"area.{scenes[0]}", scenes=scenes)


def outcome(result, name):
    return result.transcript.outcomes[name].outcome


def stretch(transcript, name):
    """When a scene began and ended."""
    (began,) = [entry.t for entry in transcript.of(e.SceneBegan) if entry.scene == name]
    return began, transcript.outcomes[name].t


def overlap(transcript, one, other):
    (one_began, one_ended), (other_began, other_ended) = stretch(transcript, one), stretch(transcript, other)
    return one_began < other_ended and other_began < one_ended


# an ordinary run


async def test_a_run_plays_its_scenes_judges_its_rules_and_conforms(target):
    rules = (rule_for("one"), rule_for("other", "one"))
    result = await play_on(target, scene("one"), scene("other"), rules=rules)
    assert [outcome(result, name) for name in (PREFLIGHT, "one", "other")] == [e.SceneOutcome.COMPLETED] * 3
    assert [verdict.outcome for verdict in result.report.verdicts] == [Outcome.PASS, Outcome.PASS]
    assert (result.report.exit_code, result.report.trouble, result.report.interrupted) == (ExitCode.CONFORMS, "", False)
    assert result.report.timing.attempts == len(result.transcript.streams) == 4


async def test_what_was_judged_live_is_judged_the_same_from_the_transcript(target):
    rules = (rule_for("one"), rule_for("gone"))
    result = await play_on(target, scene("one"), rules=rules)
    assert judge_all(rules, result.transcript) == result.report.verdicts


async def test_the_header_says_what_the_run_was(target):
    scenes = scene("one"), scene("limiter", attempts=1, nature=Nature.LIMITER)
    header = (await play_on(target, *scenes, rules=(rule_for("one"),), name="tiny")).transcript.header
    assert (header.suite, header.target, header.name) == (__version__, target.url, "tiny")
    assert (header.rules, header.scenes) == (("area.one",), (PREFLIGHT, "one", "limiter"))
    assert header.limiters == ("limiter",)
    assert header.terms == target.profile(name="tiny").terms


async def test_listeners_hear_of_the_plan_first_of_the_verdicts_last_and_of_every_scene(target):
    heard = []
    rules = (rule_for("one"), rule_for("left out"))
    skipped = (("left out", "add [rest]"),)
    await play_on(target, scene("one"), rules=rules, skipped=skipped, listener=heard.append)
    assert isinstance(heard[0], Planned)
    assert (heard[0].scenes, heard[0].rules) == (2, 2)
    assert [event.verdict.rule for event in heard[-2:] if isinstance(event, Judged)] == ["area.one", "area.left out"]
    assert [event.scene for event in heard if isinstance(event, SceneStarted)] == [PREFLIGHT, "one"]
    finished = {event.scene: event for event in heard if isinstance(event, SceneFinished)}
    assert finished["left out"].outcome is e.SceneOutcome.SKIPPED
    assert finished["left out"].detail == "add [rest]"
    assert finished["one"].outcome is e.SceneOutcome.COMPLETED


async def test_no_token_no_password_and_no_key_is_in_the_record(target):
    target.takes_over("GET /items", Reply(500, {"leak": KEY}))

    async def play(stage):
        """Alice asks for trouble."""
        await stage.subscribe("alice")
        await stage.poll("alice")

    result = await play_on(target, scene("one", play))
    record = repr(result.transcript.entries)
    secrets = [KEY, *target.passwords.values()]
    secrets += [request.token.rpartition(".")[2] for request in target.requests if request.token]
    assert len(secrets) > 6
    assert not [secret for secret in secrets if secret in record]


async def test_behind_a_proxy_every_request_and_every_stream_goes_through_it(target):
    asked = []

    def listen(event):
        if isinstance(event, ProxyRequest):
            asked.append(urlsplit(event.target).path)

    async with FaultProxy(Clock(), on_event=listen) as proxy:
        result = await play_on(target, scene("one"), rules=(rule_for("one"),), proxy=proxy.url)
    assert result.report.exit_code is ExitCode.CONFORMS
    assert asked == [request.path for request in target.requests]
    assert asked.count("/stream") == 3


# trouble


async def test_a_scene_that_raises_is_our_trouble_and_the_others_go_on(target):
    async def play(stage):
        """Alice stumbles."""
        await stage.subscribe("alice")
        raise ZeroDivisionError(f"of {KEY}")

    result = await play_on(target, scene("bug", play), scene("one"), rules=(rule_for("bug"), rule_for("one")))
    report = result.report
    assert (outcome(result, "bug"), outcome(result, "one")) == (e.SceneOutcome.BROKEN, e.SceneOutcome.COMPLETED)
    assert report.trouble.startswith("bug: the scene itself failed: ZeroDivisionError: of <secret>")
    assert [verdict.outcome for verdict in report.verdicts] == [Outcome.UNTESTED, Outcome.PASS]
    assert report.exit_code is ExitCode.TARGET
    assert all(stream.closed_by_suite for stream in result.transcript.streams_in("bug"))


async def test_a_scene_that_raises_leads_to_exit_4_where_nothing_is_stronger(target):
    async def play(stage):
        """Alice stumbles."""
        raise RuntimeError

    report = (await play_on(target, scene("bug", play), scene("one"), rules=(rule_for("one"),))).report
    assert report.exit_code is ExitCode.HARNESS


async def test_a_scene_that_stands_still_is_broken_and_the_others_go_on(target, monkeypatch):
    def listener(event):
        if isinstance(event, SceneStarted):
            monkeypatch.setattr(module, "SCENE_SECONDS", 0.1 if event.scene == "still" else 60.0)

    async def play(stage):
        """Alice waits for something that never comes."""
        await stage.subscribe("alice")
        await asyncio.Event().wait()

    result = await play_on(target, scene("still", play), scene("one"), listener=listener)
    assert (outcome(result, "still"), outcome(result, "one")) == (e.SceneOutcome.BROKEN, e.SceneOutcome.COMPLETED)
    assert "did not come to its end" in result.transcript.outcomes["still"].detail
    assert all(stream.closed_by_suite for stream in result.transcript.streams_in("still"))


async def test_a_time_out_of_the_scene_itself_is_a_bug_like_any_other(target):
    async def play(stage):
        """Alice is impatient."""
        async with asyncio.timeout(0):
            await asyncio.Event().wait()

    report = (await play_on(target, scene("bug", play), scene("one"))).report
    assert report.trouble.startswith("bug: the scene itself failed: TimeoutError")


async def test_a_scene_that_the_target_breaks_is_no_trouble_of_ours(target):
    async def play(stage):
        """Alice gives up."""
        raise TargetError("the target went away")

    result = await play_on(target, scene("gone", play), scene("one"), rules=(rule_for("gone"), rule_for("one")))
    assert result.transcript.outcomes["gone"].detail == "the target went away"
    assert (result.report.trouble, result.report.exit_code) == ("", ExitCode.TARGET)


async def test_what_fails_in_a_callback_is_our_trouble_too(target):
    async def play(stage):
        """Somebody stumbles behind the stage."""
        asyncio.get_running_loop().call_soon(lambda: 1 / 0)
        await asyncio.sleep(0.01)

    report = (await play_on(target, scene("one", play), rules=(rule_for("one"),))).report
    assert report.trouble == "in the event loop: ZeroDivisionError: division by zero"
    assert report.exit_code is ExitCode.HARNESS


async def test_a_429_that_no_waiting_ends_leaves_the_scene_untested(target):
    async def play(stage):
        """Alice is refused by accident."""
        target.takes_over("GET /stream", Reply(429))
        await stage.subscribe("alice")

    result = await play_on(target, scene("refused", play), rules=(rule_for("refused"),), numbers=limited(20, 0.1))
    assert outcome(result, "refused") is e.SceneOutcome.LIMITED
    assert result.report.verdicts[0].outcome is Outcome.UNTESTED


async def test_a_429_within_the_limit_is_waited_out_and_both_attempts_are_recorded(target):
    async def play(stage):
        """Alice is refused once by accident."""
        streams = target.routes["GET /stream"]
        target.takes_over("GET /stream", Reply(429, headers={"Retry-After": "0"}))
        asyncio.get_running_loop().call_later(0.05, target.routes.__setitem__, "GET /stream", streams)
        assert await (await stage.subscribe("alice")).until_snapshot()

    result = await play_on(target, scene("refused", play), rules=(rule_for("refused"),))
    assert outcome(result, "refused") is e.SceneOutcome.COMPLETED
    assert [stream.status for stream in result.transcript.streams_in("refused")] == [429, 200]


async def test_one_limiter_that_is_stricter_than_promised_does_not_stop_scenes_that_play_at_once(target):
    streams, admitted = target.routes["GET /stream"], []

    async def strict(request, writer):
        """Admits two in a window that begins with the first of them."""
        now = asyncio.get_running_loop().time()
        admitted[:] = [at for at in admitted if now - at < 0.3]
        if len(admitted) == 2:
            return Reply(429, headers={"Retry-After": "1"})
        admitted.append(now)
        return await streams(request, writer)

    target.routes["GET /stream"] = strict
    names = [f"scene-{number}" for number in range(4)]
    result = await play_on(target, *(scene(name) for name in names), rules=(rule_for(*names),), numbers=limited(20))
    assert {outcome(result, name) for name in names} == {e.SceneOutcome.COMPLETED}


async def test_a_target_that_cannot_be_reached_any_more_breaks_the_scene(target, monkeypatch):
    monkeypatch.setattr(liveness, "PATIENCE", 0.3)

    async def play(stage):
        """Alice cannot come back."""
        await target.hang_up()
        await stage.subscribe("alice")

    result = await play_on(target, scene("gone", play), rules=(rule_for("gone"),))
    assert outcome(result, "gone") is e.SceneOutcome.BROKEN
    assert "the target died" in result.transcript.outcomes["gone"].detail
    assert result.report.exit_code is ExitCode.TARGET


# scenes that are played again


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


# the preflight


async def test_a_preflight_that_fails_stops_the_run_and_carries_what_was_recorded(target):
    target.takes_over("GET /stream", Reply(401))
    with pytest.raises(TargetError, match="refuses the genuine token: 401") as raised:
        await play_on(target, scene("one"), rules=(rule_for("one"),))
    result = raised.value.result
    assert outcome(result, PREFLIGHT) is e.SceneOutcome.BROKEN
    assert [stream.status for stream in result.transcript.streams] == [401, 401]
    assert "one" not in result.transcript.outcomes
    assert result.report.verdicts[0].outcome is Outcome.UNTESTED
    assert "the preflight stopped the run: the target refuses" in result.report.verdicts[0].reason
    assert result.report.exit_code is ExitCode.TARGET


async def test_an_account_that_cannot_be_made_stops_the_run_before_any_attempt(target):
    target.takes_over("POST /signup", Reply(500))
    with pytest.raises(TargetError, match="POST /signup did not make an account") as raised:
        await play_on(target, scene("one"))
    assert raised.value.result.transcript.streams == ()


async def test_a_bug_of_the_suite_itself_keeps_what_was_recorded(target):
    def listener(event):
        if isinstance(event, SceneFinished) and event.scene == "one":
            raise AttributeError(f"no {KEY}")

    with pytest.raises(ConformError, match="AttributeError: no <secret>") as raised:
        await play_on(target, scene("one"), listener=listener)
    assert raised.value.exit_code is ExitCode.HARNESS
    assert KEY not in "".join(raised.value.__notes__)
    assert len(raised.value.result.transcript.streams) == 3


# interrupts


def test_an_interrupted_run_ends_its_scenes_and_judges_what_there_is():
    command = [sys.executable, "-m", "conformance.tests.interrupted_runs", "SIGINT", "SIGTERM"]
    done = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, timeout=50)
    for outcome in json.loads(done.stdout):
        assert outcome == {
            "exit": ExitCode.INTERRUPTED,
            "scenes": {PREFLIGHT: "completed", "one": "interrupted", "loud": "interrupted"},
            "verdicts": ["untested", "untested"],
            "footer": True,
            "stream": [1, "closed"],
            "waits": 1,
            "handler": True,
        }


async def test_a_run_that_is_cancelled_from_outside_is_an_interrupted_one(target):
    async def play(stage):
        """Alice waits."""
        await stage.subscribe("alice")
        began.set()
        await asyncio.Event().wait()

    began = asyncio.Event()
    running = asyncio.ensure_future(play_on(target, scene("one", play)))
    await began.wait()
    running.cancel()
    result = await running
    assert result.report.exit_code is ExitCode.INTERRUPTED
    assert outcome(result, "one") is e.SceneOutcome.INTERRUPTED


# who plays when


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


# accounts


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
