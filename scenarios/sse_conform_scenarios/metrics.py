"""The numbers that a service shows of itself, beside what was really open."""

from sse_conform.entries import TokenKind
from sse_conform.evidence import NOTIFICATION, PING
from sse_conform.listening import Subscription
from sse_conform.prometheus_text import value_of
from sse_conform.scenario import Nature, Reply, Stage, scenario
from sse_conform.spec import Capability
from sse_conform.terms import Terms

#: Streams that are opened; one is closed by FIN, the other by RST.
STREAMS = 2
#: Who finds that a metric grew where it should not looks again: somebody else's event may have come in between.
ROUNDS = 2
#: A round in which a ping came, or a stream ended, explains too much; so many are the most.
MOST_ROUNDS = 3
#: So often a look is taken while a ping is waited for.
LOOKS_A_HEARTBEAT = 4
#: A refusal ends by itself; what is still open after this many seconds is closed.
REFUSAL_SECONDS = 1.0
#: So many looks are spread over three heartbeats: metrics may be cached, and a write may have to fail first.
LOOKS = 12


def _patience(terms: Terms) -> float:
    return 3 * terms.heartbeat


@scenario(
    "metrics.gauge",
    users=("alice",),
    attempts=STREAMS + MOST_ROUNDS,
    usually=STREAMS + 1,
    needs={Capability.METRICS},
    nature=Nature.QUIET,  # others that come and go meanwhile would move the gauge, too
    waits=lambda terms: terms.silence,
)
async def gauge(stage: Stage) -> None:
    """
    Streams are opened and lost, and the metrics are looked at before, meanwhile and afterwards.

    Meanwhile attempts are refused, and a ping is heard on some stream of the run: neither is to be counted.
    """
    name = stage.terms.metric_names[0]
    before = value_of((await stage.scrape(part="before")).text, name)
    # What is open of others, in the run and beside it, is no part of what has to fall.
    foreign = None if before is None else max(0.0, before - stage.open_streams)
    streams: list[Subscription] = [await stage.subscribe("alice", part=f"counted-{n}") for n in range(STREAMS)]
    for stream in streams:
        await stream.until_snapshot()
    if stage.has(Capability.TRIGGERS):
        sent = await stage.publish("alice", part="counted")
        for stream in streams:
            await stream.until(sent)
    stage.note("user-id", value=stage.user("alice").id)
    await _risen(stage)
    beforehand = _ended(stage, await _quiet_looks(stage))
    for number, stream in enumerate(streams):
        await (stream.reset() if number % 2 else stream.close())
    stage.note("all-lost")
    for _ in range(LOOKS):
        look = await stage.scrape(part="afterwards")
        seen, ended = value_of(look.text, name), _ended(stage, look)
        fallen = seen is None or foreign is None or seen <= foreign + stage.open_streams
        # A gauge that tells nothing, or too little, does not say whether the streams were noticed to be gone.
        if fallen and (ended is None or beforehand is None or ended >= beforehand + STREAMS):
            break
        await stage.pass_time(_patience(stage.terms) / LOOKS, "the gauge to fall")


async def _risen(stage: Stage) -> None:
    """Wait until the gauge shows what is open; for metrics that are cached the streams stay for a heartbeat."""
    name = stage.terms.metric_names[0]
    for _ in range(LOOKS_A_HEARTBEAT):
        seen = value_of((await stage.scrape(part="meanwhile")).text, name)
        if seen is None or seen >= stage.open_streams:
            break
        await stage.pass_time(stage.terms.heartbeat / LOOKS_A_HEARTBEAT, "the gauge to rise")


def _ended(stage: Stage, look: Reply) -> float | None:
    """How many streams have ended, where the metrics count their durations."""
    return value_of(look.text, f"{stage.terms.metric_names[1]}_count")


async def _quiet_looks(stage: Stage) -> Reply:
    """Look before and after a refused attempt, and before and after a ping; the last look."""
    look = await stage.scrape(part="quiet")
    clear = 0
    for number in range(MOST_ROUNDS):
        since = stage.open_streams, stage.heard(PING)
        refused = await stage.subscribe("alice", part=f"refused-{number}", token=TokenKind.GARBAGE)
        await refused.until_ended(seconds=REFUSAL_SECONDS)
        await refused.close()
        before, look = look, await stage.scrape(part="quiet")
        undisturbed = since == (stage.open_streams, stage.heard(PING))
        clear += undisturbed
        if clear == ROUNDS or (undisturbed and not _grew(stage, before, look, told=0)):
            break
    return await _look_around_pings(stage, look)


async def _look_around_pings(stage: Stage, look: Reply) -> Reply:
    """Look before and after a ping on whichever stream; the last look."""
    told, pings = stage.heard(NOTIFICATION), 0
    for _ in range(ROUNDS * (LOOKS_A_HEARTBEAT + 1)):
        seconds = stage.terms.silence / LOOKS_A_HEARTBEAT
        heard = await stage.until_heard(PING, seconds, "a ping on any stream")
        before, look = look, await stage.scrape(part="quiet")
        pings += heard
        if heard and (pings == ROUNDS or not _grew(stage, before, look, told=stage.heard(NOTIFICATION) - told)):
            break
        told = stage.heard(NOTIFICATION)
    return look


def _grew(stage: Stage, before: Reply, after: Reply, *, told: int) -> bool:
    """Whether between two looks the gauge went up, or the events sent by more than were told."""
    gauge, sent = (
        (value_of(after.text, name) or 0.0) - (value_of(before.text, name) or 0.0)
        for name in (stage.terms.metric_names[0], stage.terms.metric_names[2])
    )
    return gauge > 0 or sent > told


SCENARIOS = (gauge,)
