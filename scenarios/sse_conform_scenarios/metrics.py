"""The numbers that a service shows of itself, beside what was really open."""

from sse_conform.scenario import Nature, Stage, Subscription, scenario
from sse_conform.spec import Capability
from sse_conform.terms import Terms

#: Streams that are opened, and closed in turn by FIN and by RST.
STREAMS = 3
#: So many looks are spread over three heartbeats: metrics may be cached, and a write may have to fail first.
LOOKS = 12


def _patience(terms: Terms) -> float:
    return 3 * terms.heartbeat


@scenario(
    "metrics.gauge",
    users=("alice",),
    attempts=STREAMS,
    needs={Capability.METRICS},
    nature=Nature.TIMED,  # others that come and go meanwhile would move the gauge, too
)
async def gauge(stage: Stage) -> None:
    """Streams are opened and lost, and the metrics are looked at before, meanwhile and afterwards."""
    await stage.scrape(part="before")
    streams: list[Subscription] = [await stage.subscribe("alice", part=f"counted-{n}") for n in range(STREAMS)]
    for stream in streams:
        await stream.until_snapshot()
    if stage.has(Capability.TRIGGERS):
        sent = await stage.publish("alice", part="counted")
        for stream in streams:
            await stream.until(sent)
    stage.note("user-id", value=stage.user("alice").id)
    peak = value_of((await stage.scrape(part="meanwhile")).text, stage.terms.metric_names[0])
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


def value_of(text: str, name: str) -> float | None:
    """The sum of a metric's samples in the Prometheus text format; None without any."""
    values = [
        float(line.rpartition(" ")[2])
        for line in text.splitlines()
        if line.startswith((f"{name} ", f"{name}{{")) and line.rpartition(" ")[2]
    ]
    return sum(values) if values else None


SCENARIOS = (gauge,)
