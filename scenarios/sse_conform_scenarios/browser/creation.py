"""Two browsers: what one person causes in hers, others see in theirs."""

import asyncio

from sse_conform.entries import EventKind
from sse_conform.scenario import Nature, Stage, scenario
from sse_conform.spec import Capability

#: Each kind is created so often: once may be luck.
ROUNDS = 2

_KINDS = {
    EventKind.VULNERABILITY: Capability.VULNERABILITY,
    EventKind.ASSIGNMENT: Capability.ASSIGNMENT,
    EventKind.ALERT: Capability.ALERT,
}


@scenario(
    "browser.creation",
    users=("alice", "bob"),
    attempts=3,
    needs={Capability.BROWSER, Capability.TRIGGERS, Capability.SECOND_USER},
    nature=Nature.TIMED,
)
async def creation(stage: Stage) -> None:
    """Events of each kind are created in one browser; Alice has two tabs open in another, Bob one in a third."""
    reader, other = await stage.device("alice"), await stage.device("bob")
    tabs = [await reader.open(f"tab-{number}") for number in (1, 2)]
    bystander = await other.open("bystander")
    desk = await (await stage.device()).visit("desk")
    await asyncio.gather(*(tab.until_snapshot() for tab in (*tabs, bystander)))
    for _ in range(ROUNDS):
        for kind, capability in _KINDS.items():
            if stage.has(capability):
                created = await stage.publish("alice", kind=kind, part="created", via=desk)
                await asyncio.gather(*(tab.until(created) for tab in tabs))
    await bystander.until(await stage.publish("bob", part="created", via=desk))


SCENARIOS = (creation,)
