"""Requests from pages of other origins."""

from sse_conform.entries import TokenKind
from sse_conform.listening import Subscription
from sse_conform.scenario import Stage, scenario
from sse_conform.spec import Capability
from sse_conform.strange_origins import STRANGER, strange_origins


async def _see_out(stream: Subscription) -> None:
    await stream.until_ended(seconds=0.2)
    await stream.close()


@scenario("cors.origins", users=("alice",), attempts=3, quick=True, needs={Capability.CORS})
async def origins(stage: Stage) -> None:
    """
    A page of a stranger's origin opens a stream; one of the admitted origin asks by preflight first.

    The stranger polls, too, and so do others: a page that hides whose it is (`null`), and those of similar names.
    """
    admitted = stage.terms.allowed_origin
    sent = ["last-event-id", *(["authorization"] if stage.has(Capability.BEARER) else [])]
    strangers = strange_origins(admitted)
    await _see_out(await stage.subscribe("alice", part=STRANGER, headers=[("origin", strangers[STRANGER])]))
    if stage.has(Capability.POLLING):
        for part, origin in strangers.items():
            await stage.poll("alice", part=part, origin=origin)
    asks = [
        ("origin", admitted),
        ("access-control-request-method", "GET"),
        ("access-control-request-headers", ",".join(sorted(sent))),
    ]
    preflight = await stage.subscribe(
        "alice", part="preflight", method="OPTIONS", token=TokenKind.MISSING, headers=asks
    )
    await _see_out(preflight)
    await _see_out(await stage.subscribe("alice", part="admitted", headers=[("origin", admitted)]))


SCENARIOS = (origins,)
