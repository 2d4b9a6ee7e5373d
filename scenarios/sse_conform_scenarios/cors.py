"""Requests from pages of other origins."""

from urllib.parse import urlsplit

from sse_conform.entries import TokenKind
from sse_conform.listening import Subscription
from sse_conform.scenario import Stage, scenario
from sse_conform.spec import Capability

#: A domain that no service admits on purpose (RFC 2606 keeps the name free).
STRANGERS = "stranger.example"


def _stranger(admitted: str) -> str:
    """An origin of the strangers' that begins like the admitted one: exact is not by the first letters."""
    origin = urlsplit(admitted)
    return f"{origin.scheme or 'https'}://{origin.hostname or 'app'}.{STRANGERS}"


async def _see_out(stream: Subscription) -> None:
    await stream.until_ended(seconds=0.2)
    await stream.close()


@scenario("cors.origins", users=("alice",), attempts=3, quick=True, needs={Capability.CORS})
async def origins(stage: Stage) -> None:
    """A page of a stranger's origin opens a stream and polls; one of the admitted origin asks by preflight first."""
    admitted = stage.terms.allowed_origin
    sent = ["last-event-id", *(["authorization"] if stage.has(Capability.BEARER) else [])]
    await _see_out(await stage.subscribe("alice", part="stranger", headers=[("origin", _stranger(admitted))]))
    if stage.has(Capability.POLLING):
        await stage.poll("alice", part="stranger", origin=_stranger(admitted))
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
