import asyncio
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
from sse_conform.run_events import Judged, Planned, SceneFinished, SceneStarted
from sse_conform.scenario import Nature
from sse_conform.verdict import Outcome, judge_all

from .short_scenes import limited, outcome, rule_for, scene
from .tiny_target import KEY, Reply, play_on, tiny_target

PREFLIGHT = "preflight"


@pytest.fixture
async def target():
    async with tiny_target() as running:
        yield running


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
    refused, admitted = (s for s in result.transcript.streams if s.attempt.scene == "refused")
    assert [(s.status, s.attempt.repeats) for s in (refused, admitted)] == [(429, None), (200, refused.conn)]
    assert result.transcript.streams_in("refused") == (admitted,)


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
