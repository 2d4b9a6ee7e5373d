"""Who hears of what, how soon, and in which order."""

import asyncio

from sse_conform.entries import EventKind, Published
from sse_conform.listening import Subscription
from sse_conform.scenario import Nature, Stage, Variant, scenario
from sse_conform.spec import Capability

#: Each kind is published so often: once may be luck.
ROUNDS = 3
#: Events published one after another's acknowledgement, to see their order.
SEQUENCE = 10

_KINDS = {
    EventKind.VULNERABILITY: Capability.VULNERABILITY,
    EventKind.ASSIGNMENT: Capability.ASSIGNMENT,
    EventKind.ALERT: Capability.ALERT,
}


async def _all(streams: list[Subscription], *published: Published) -> None:
    await asyncio.gather(*(stream.until(*published) for stream in streams))


@scenario(
    "delivery.live",
    users=("alice", "bob"),
    attempts=3,
    quick=True,
    needs={Capability.TRIGGERS, Capability.SECOND_USER},
    nature=Nature.TIMED,
)
async def live(stage: Stage) -> None:
    """
    Alice has two tabs open and Bob one; events of each kind happen, Alice closes a tab, and events happen on.

    Her second tab comes of a login of its own, as on a second machine: a service may keep streams by login.
    """
    users = ("alice", await stage.second_login("alice"))
    tabs = [await stage.subscribe(user, part=f"tab-{number}") for number, user in enumerate(users, start=1)]
    await asyncio.gather(*(tab.until_snapshot() for tab in tabs))
    # Something of hers happens before he comes: his snapshot is to be without it.
    await _all(tabs, await stage.publish("alice", part="before-bystander"))
    bystander = await stage.subscribe("bob", part="bystander")
    await bystander.until_snapshot()
    for _ in range(ROUNDS):
        for kind, capability in _KINDS.items():
            if stage.has(capability):
                await _all(tabs, await stage.publish("alice", kind=kind, part="round"))
    await _all(tabs, await stage.publish("alice", part="same-text", times=2))
    if stage.has(Capability.INVALID_TRIGGER):
        await stage.publish("alice", part="invalid", variant=Variant.INVALID)
    sequence = [await stage.publish("alice", part="sequence") for _ in range(SEQUENCE)]
    await _all(tabs, *sequence)
    await tabs[0].close()
    await tabs[1].until(await stage.publish("alice", part="one-tab-closed"))
    await bystander.until(await stage.publish("bob", part="barrier"))
    stage.note("barrier", bystander)
    await tabs[1].close()
    await bystander.close()


SCENARIOS = (live,)
