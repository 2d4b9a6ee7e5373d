"""Every oddity by name."""

from sse_conform_server.naming import named
from sse_conform_server.oddities import (
    bodies,
    deliveries,
    framing,
    heads,
    heartbeats,
    identifiers,
    limiters,
    refusals,
    services,
    snapshots,
    stopping,
    tokens,
    wires,
)  # fmt: skip
from sse_conform_server.oddities.oddity import Oddity

AREAS = (
    heads, wires, bodies, framing, refusals, tokens, snapshots, identifiers, deliveries, heartbeats, limiters, services,
    stopping,
)  # fmt: skip

ODDITIES: dict[str, Oddity] = {oddity.name: oddity for area in AREAS for oddity in area.ODDITIES}


def find(name: str) -> Oddity:
    """The oddity of that name; raises `LookupError` with a suggestion."""
    return named(name, ODDITIES, kind="oddity", listing="--list-odd")
