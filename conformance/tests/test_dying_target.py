"""A target that dies while scenes play: it is noticed and waited for, and what it may have died of is tried again."""

import asyncio

import pytest

from sse_conform import entries as e
from sse_conform.death_entry import Act
from sse_conform.driver import liveness
from sse_conform.driver.clock import Clock
from sse_conform.driver.fault_proxy import FaultProxy
from sse_conform.exit_code import ExitCode
from sse_conform.rule import Finding
from sse_conform.rules import BY_ID
from sse_conform.run_events import Message, SceneRepeated
from sse_conform.scenario import Nature, scenario
from sse_conform.takes import acts
from sse_conform.verdict import Outcome

from .records import published, rule_of
from .tiny_target import play_on, tiny_target

FATAL = "the fatal word"
#: A process takes so long to start again, in seconds.
START = 0.3
RULE = BY_ID["stream.survives"]


@pytest.fixture
async def target():
    async with tiny_target() as running:
        yield running


def scene(id, play, *, nature=Nature.PLAIN):
    return scenario(id, attempts=1, users=("alice",), nature=nature)(play)


async def listen(stage):
    """Alice listens."""
    stream = await stage.subscribe("alice", part="listening")
    await stream.until_snapshot()
    await stage.watch(stream, 0.6, "anything")


async def speak(stage):
    """Alice says the fatal word and waits for it."""
    stream = await stage.subscribe("alice", part="speaking")
    await stream.until_snapshot()
    await stream.until(await stage.publish("alice", part="word", text=FATAL))


def mortal(target, *, deaths, returns=True):
    """Makes a target die of the fatal word, so often."""
    publish, told, tasks = target.routes["POST /events"], [], set()

    async def rise():
        await asyncio.sleep(START)
        await target.rise()

    async def handler(request, writer):
        if FATAL not in request.document["text"] or len(told) == deaths:
            return await publish(request, writer)
        told.append(request)
        await target.die()
        if returns:
            tasks.add(asyncio.create_task(rise()))
        writer.transport.abort()
        return None

    target.routes["POST /events"] = handler


async def verdicts(target, *scenes, heard=None, **profile):
    """What a run of these scenes says of the death, of each scene, and of itself."""
    rules = [rule_of(id=f"area.{each.id}", scenes=(each.id,)) for each in scenes]
    survives = rule_of(id=RULE.id, over=RULE.over, check=RULE.check, scenes=tuple(each.id for each in scenes))
    listener = {} if heard is None else {"listener": heard.append}
    result = await play_on(target, *scenes, rules=(survives, *rules), **listener, **profile)
    return {verdict.rule: verdict for verdict in result.report.verdicts}, result


async def test_what_a_target_died_of_twice_fails_and_everybody_else_is_judged(target):
    mortal(target, deaths=2)
    said, result = await verdicts(target, scene("speak", speak), scene("listen", listen))
    assert said["stream.survives"].outcome is Outcome.FAIL
    assert "after publish word of speak, twice" in said["stream.survives"].breaches[0].actual
    assert said["area.listen"].outcome is Outcome.PASS
    assert said["area.speak"].outcome is Outcome.UNTESTED
    assert result.report.exit_code is ExitCode.FAILED


async def test_a_death_is_recorded_with_what_was_done_before_it_and_with_the_return(target):
    mortal(target, deaths=1)
    _, result = await verdicts(target, scene("speak", speak))
    (died,) = result.transcript.of(e.Died)
    assert died.endpoint == target.url.removeprefix("http://")
    assert died.after[0].name == ("speak", "word", Act.PUBLISH)
    assert START * 1e9 < died.back - died.t < 2e9


async def test_each_scene_is_played_again_alone(target):
    mortal(target, deaths=2)
    heard = []
    _, result = await verdicts(target, scene("speak", speak), scene("listen", listen), heard=heard)
    assert {event.scene for event in heard if isinstance(event, SceneRepeated)} >= {"speak", "listen"}
    _, again = acts(result.transcript)
    order = [entry.scene for entry in again.entries if isinstance(entry, e.SceneBegan | e.SceneEnded)]
    assert order[::2] == order[1::2]


async def test_a_target_that_died_once_and_then_lives_on_is_neither_failed_nor_passed(target):
    mortal(target, deaths=1)
    said, result = await verdicts(target, scene("speak", speak), scene("listen", listen))
    assert said["stream.survives"].outcome is Outcome.INCONCLUSIVE
    assert "after publish word of speak; " in said["stream.survives"].reason
    assert said["stream.survives"].reason.endswith("; played again: it lived on")
    assert {said["area.speak"].outcome, said["area.listen"].outcome} == {Outcome.PASS}
    assert result.report.exit_code is ExitCode.HARNESS


async def test_a_target_that_stays_dead_is_waited_for_once_and_nothing_is_tried_again(target, monkeypatch):
    monkeypatch.setattr(liveness, "PATIENCE", START)
    mortal(target, deaths=1, returns=False)
    heard = []
    said, result = await verdicts(target, scene("speak", speak), scene("listen", listen), heard=heard)
    assert said["stream.survives"].outcome is Outcome.UNTESTED
    assert "after publish word of speak, and did not come back" in said["stream.survives"].reason
    assert not [event for event in heard if isinstance(event, SceneRepeated)]
    assert sum("the target died" in event.text for event in heard if isinstance(event, Message)) == 1
    assert result.report.exit_code is ExitCode.TARGET


async def test_a_breach_that_was_found_before_the_death_stays(target, monkeypatch):
    monkeypatch.setattr(liveness, "PATIENCE", START)
    mortal(target, deaths=1, returns=False)
    breach = Finding(expected="", actual="", at=published())
    found = rule_of(breach, id="area.found", over=lambda recorded: recorded.streams_in("speak"), scenes=("speak",))
    result = await play_on(target, scene("speak", speak), rules=(found,))
    assert result.transcript.of(e.Died)
    assert result.report.exit_code is ExitCode.FAILED


async def test_streams_that_the_target_breaks_while_it_lives_are_no_death(target):
    async def breaks(stage):
        """Alice is cut off."""
        stream = await stage.subscribe("alice", part="cut")
        await stream.until_snapshot()
        for writer in list(target.open[stage.user("alice").id]):
            writer.transport.abort()
        await stream.until_ended(seconds=1.0)

    _, result = await verdicts(target, scene("breaks", breaks))
    assert not result.transcript.streams[-1].cut_short
    assert result.transcript.of(e.Died) == ()


async def test_a_death_behind_a_proxy_is_noticed_too(target):
    mortal(target, deaths=2)
    async with FaultProxy(Clock(), on_event=lambda _event: None) as proxy:
        said, result = await verdicts(target, scene("speak", speak), proxy=proxy.url)
    assert said["stream.survives"].outcome is Outcome.FAIL
    assert len(result.transcript.of(e.Died)) == 2


async def test_whoever_was_known_to_a_target_that_is_back_logs_in_again(target):
    mortal(target, deaths=1)
    users = target.given("alice", "bob", "carol")
    rules = (rule_of(id="area.speak", scenes=("speak",)),)
    await play_on(target, scene("speak", speak), rules=rules, users=users)
    logins = [request.document["username"] for request in target.seen("POST /login")]
    assert logins.count("alice") + logins.count("bob") + logins.count("carol") > 3
