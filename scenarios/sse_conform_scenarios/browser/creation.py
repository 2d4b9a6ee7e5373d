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
    reader, other, anybody = await asyncio.gather(stage.device("alice"), stage.device("bob"), stage.device())
    *tabs, bystander, desk = await asyncio.gather(
        reader.open("tab-1"), reader.open("tab-2"), other.open("bystander"), anybody.visit("desk")
    )
    await asyncio.gather(*(tab.until_snapshot() for tab in (*tabs, bystander)))
    for user, readers in [("alice", tabs)] * ROUNDS + [("bob", [bystander])]:
        for kind, capability in _KINDS.items():
            if stage.has(capability):
                created = await stage.publish(user, kind=kind, part="created", via=desk)
                await asyncio.gather(*(tab.until(created) for tab in readers))


SCENARIOS = (creation,)
