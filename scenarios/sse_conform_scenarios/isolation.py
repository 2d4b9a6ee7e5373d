"""Users whose names are alike: each hears of its own events alone."""

from sse_conform import corpus
from sse_conform.scenario import Stage, scenario
from sse_conform.spec import Capability

_LISTENING = ("bob", *(alias.name for alias in corpus.aliases() if alias.listens))


@scenario(
    "isolation.namesakes",
    users=("bob", "longer"),
    alike=True,
    attempts=len(_LISTENING),
    usually=lambda terms: len(_LISTENING) if terms.has(Capability.ODD_NAMES) else 1,
    needs={Capability.TRIGGERS, Capability.TARGETED, Capability.SIMILAR_USERS},
)
async def namesakes(stage: Stage) -> None:
    """Events happen to users whose names are alike, before and while some of them listen."""
    people = ["bob", "longer"]
    for alias in corpus.aliases():
        may_be = stage.has(Capability.ODD_NAMES if alias.odd else Capability.FRESH_USERS)
        if alias.name not in people and may_be and await stage.namesake("bob", alias):
            people.append(alias.name)
    for person in people:
        await stage.publish(person, part=person)
    streams = [(person, await stage.subscribe(person, part=person)) for person in _LISTENING if person in people]
    for _, stream in streams:
        await stream.until_snapshot()
    for person in people:
        await stage.publish(person, part=person)
    for person, stream in streams:
        await stream.until(await stage.publish(person, part=f"heard-{person}"))
    for _, stream in streams:
        await stream.close()


SCENARIOS = (namesakes,)
