"""Requests from pages of other origins."""

from urllib.parse import urlsplit

from sse_conform.entries import TokenKind
from sse_conform.listening import Subscription
from sse_conform.scenario import Stage, scenario
from sse_conform.spec import Capability

#: The origin of pages that hide theirs: of a file, in a sandbox.
NOBODY = "null"


def _stranger(admitted: str) -> str:
    """An origin that is not the admitted one, though it begins like it, and ends like it too."""
    origin = urlsplit(admitted)
    scheme, host = origin.scheme or "https", origin.netloc or "app"
    return f"{scheme}://{host.partition(':')[0]}.evil{host}"


async def _see_out(stream: Subscription) -> None:
    await stream.until_ended(seconds=0.2)
    await stream.close()


@scenario("cors.origins", users=("alice",), attempts=3, quick=True, needs={Capability.CORS})
async def origins(stage: Stage) -> None:
    """
    A page of a stranger's origin opens a stream; one of the admitted origin asks by preflight first.

    The stranger polls, too, and so does a page that hides whose it is (`null`).
    """
    admitted = stage.terms.allowed_origin
    sent = ["last-event-id", *(["authorization"] if stage.has(Capability.BEARER) else [])]
    stranger = _stranger(admitted)
    await _see_out(await stage.subscribe("alice", part="stranger", headers=[("origin", stranger)]))
    if stage.has(Capability.POLLING):
        await stage.poll("alice", part="stranger", origin=stranger)
        await stage.poll("alice", part="nobody", origin=NOBODY)
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
