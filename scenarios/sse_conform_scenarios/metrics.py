"""The numbers that a service shows of itself, beside what was really open."""

from sse_conform.entries import TokenKind
from sse_conform.listening import Subscription
from sse_conform.prometheus_text import value_of
from sse_conform.scenario import Nature, Reply, Stage, scenario
from sse_conform.spec import Capability
from sse_conform.terms import Terms

#: Streams that are opened; one is closed by FIN, the other by RST.
STREAMS = 2
#: Who finds that a metric grew where it should not looks again: somebody else's event may have come in between.
ROUNDS = 2
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
    attempts=STREAMS + ROUNDS,
    usually=STREAMS + 1,
    needs={Capability.METRICS},
    nature=Nature.TIMED,  # others that come and go meanwhile would move the gauge, too
    waits=lambda terms: terms.silence,
)
async def gauge(stage: Stage) -> None:
    """
    Streams are opened and lost, and the metrics are looked at before, meanwhile and afterwards.

    Meanwhile attempts are refused, and a ping is heard on some stream of the run: neither is to be counted.
    """
    await stage.scrape(part="before")
    streams: list[Subscription] = [await stage.subscribe("alice", part=f"counted-{n}") for n in range(STREAMS)]
    for stream in streams:
        await stream.until_snapshot()
    if stage.has(Capability.TRIGGERS):
        sent = await stage.publish("alice", part="counted")
        for stream in streams:
            await stream.until(sent)
    stage.note("user-id", value=stage.user("alice").id)
    peak = await _risen(stage)
    await _quiet_looks(stage)
    for number, stream in enumerate(streams):
        await (stream.reset() if number % 2 else stream.close())
    stage.note("all-lost")
    name = stage.terms.metric_names[0]
    for _ in range(LOOKS):
        look = await stage.scrape(part="afterwards")
        seen = value_of(look.text, name)
        if seen is None or peak is None or seen <= max(0.0, peak - STREAMS):
            break
        await stage.pass_time(_patience(stage.terms) / LOOKS, "the gauge to fall")


async def _risen(stage: Stage) -> float | None:
    """The gauge, once it shows the streams of the scene; for metrics that are cached they stay for a heartbeat."""
    name = stage.terms.metric_names[0]
    for _ in range(LOOKS_A_HEARTBEAT):
        seen = value_of((await stage.scrape(part="meanwhile")).text, name)
        if seen is None or seen >= STREAMS:
            break
        await stage.pass_time(stage.terms.heartbeat / LOOKS_A_HEARTBEAT, "the gauge to rise")
    return seen


async def _quiet_looks(stage: Stage) -> None:
    """Look before and after a refused attempt, and before and after a ping, while nothing else happens."""
    look = await stage.scrape(part="quiet")
    for number in range(ROUNDS):
        refused = await stage.subscribe("alice", part=f"refused-{number}", token=TokenKind.GARBAGE)
        await refused.until_ended(seconds=REFUSAL_SECONDS)
        await refused.close()
        before, look = look, await stage.scrape(part="quiet")
        if not _grew(stage, before, look):
            break
    pings = 0
    for _ in range(ROUNDS * (LOOKS_A_HEARTBEAT + 1)):
        seconds = stage.terms.silence / LOOKS_A_HEARTBEAT
        heard = await stage.until_heard("ping", seconds, "a ping on any stream")
        before, look = look, await stage.scrape(part="quiet")
        pings += heard
        if heard and (pings == ROUNDS or not _grew(stage, before, look)):
            break


def _grew(stage: Stage, before: Reply, after: Reply) -> bool:
    """Whether the gauge or the events sent went up between two looks."""
    gauge, _, sent = stage.terms.metric_names
    return any((value_of(after.text, name) or 0.0) > (value_of(before.text, name) or 0.0) for name in (gauge, sent))


SCENARIOS = (gauge,)
