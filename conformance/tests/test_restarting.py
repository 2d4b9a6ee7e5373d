"""A target that is stopped and started by a scene: what is recorded, and what the run makes of it."""

import pytest

from sse_conform import entries as e
from sse_conform.control import Control
from sse_conform.errors import ControlError
from sse_conform.exit_code import ExitCode
from sse_conform.profile import RequestTemplate
from sse_conform.run_events import SceneRepeated
from sse_conform.scenario import Nature
from sse_conform.verdict import Outcome

from .records import rule_of
from .short_scenes import overlap, scene
from .tiny_target import Reply, play_on, tiny_target

CONTROL = Control(stop="", start="", timeout=0.2)


@pytest.fixture
async def target():
    async with tiny_target() as running:
        yield running


class Switch:
    """Stops and starts the tiny target, or fails to."""

    def __init__(self, target, *, fails=""):
        self.target = target
        self.fails = fails

    async def carry_out(self, order):
        if order is e.Order.START:
            if self.fails != "start":
                await self.target.rise()
        elif self.fails == "stop":
            raise ControlError("it does not listen to us")
        else:
            await self.target.die()


async def outage(stage):
    """The target is stopped and started again, with a stream open."""
    stream = await stage.subscribe("alice", part="open")
    await stream.until_snapshot()
    await stage.command(e.Order.STOP)
    await stream.until_ended(seconds=5.0)
    await stage.command(e.Order.START)
    await stage.poll("alice", part="after")


def run_of(target, *others, fails="", **more):
    stopped = scene("stopped", outage, nature=Nature.OUTAGE)
    rules = tuple(rule_of(id=f"area.{each.id}", scenes=(each.id,)) for each in (stopped, *others))
    operator = Switch(target, fails=fails)
    return play_on(target, stopped, *others, rules=rules, operator=operator, control=CONTROL, **more)


async def test_a_stop_and_a_start_are_recorded_and_no_death(target):
    record = (await run_of(target)).transcript
    stop, start = record.of(e.Commanded)
    assert (stop.order, stop.error, stop.answers) == (e.Order.STOP, "", 0)
    assert (start.order, start.error) == (e.Order.START, "")
    assert stop.done <= start.t < start.answers == start.done
    assert record.of(e.Died) == ()
    assert record.outcomes["stopped"].outcome is e.SceneOutcome.COMPLETED


async def test_an_outage_plays_alone_when_all_else_is_over(target):
    record = (await run_of(target, scene("one"), scene("other"))).transcript
    began = {entry.scene: entry.t for entry in record.of(e.SceneBegan)}
    assert max(began, key=began.__getitem__) == "stopped"
    assert not overlap(record, "stopped", "one")
    assert not overlap(record, "stopped", "other")


async def test_whoever_was_known_logs_in_anew(target):
    users = target.given("alice", "bob", "carol")
    (stream,) = (await run_of(target, users=users)).transcript.streams_in("stopped")
    logins = [request.document["username"] for request in target.seen("POST /login")]
    assert logins.count(stream.attempt.user) == 2


async def test_a_target_that_no_longer_takes_the_password_is_asked_with_the_old_token(target):
    async def rise():
        target.passwords.clear()
        await type(target).rise(target)

    target.rise = rise
    record = (await run_of(target)).transcript
    assert [exchange.status for exchange in record.exchanges if exchange.part == "after"] == [200]


@pytest.mark.parametrize(
    ("fails", "said"),
    [("stop", "it does not listen to us"), ("start", "did not answer GET / within 0.2 s")],
)
async def test_a_scene_whose_operator_fails_is_broken_with_the_reason_and_nothing_is_played_again(target, fails, said):
    heard = []
    result = await run_of(target, scene("one"), fails=fails, listener=heard.append)
    verdicts = {verdict.rule: verdict for verdict in result.report.verdicts}
    assert verdicts["area.stopped"].outcome is Outcome.UNTESTED
    assert said in verdicts["area.stopped"].reason
    assert said in result.transcript.of(e.Commanded)[-1].error
    assert verdicts["area.one"].outcome is Outcome.PASS
    assert not [event for event in heard if isinstance(event, SceneRepeated)]
    assert result.report.exit_code is ExitCode.TARGET


async def test_a_proxy_that_answers_for_a_target_that_is_not_there_yet_is_not_it(target):
    answers = iter((503, 502))
    serve = target.routes["GET /items"]

    async def boot(request, writer):
        if target.server is not first and (status := next(answers, 0)):
            return Reply(status)
        return await serve(request, writer)

    first = target.server
    target.routes["GET /items"] = boot
    record = (await run_of(target, rest=RequestTemplate(method="GET", path="/items"))).transcript
    assert [exchange.status for exchange in record.exchanges if exchange.part == "after"] == [200]
    assert next(answers, None) is None
