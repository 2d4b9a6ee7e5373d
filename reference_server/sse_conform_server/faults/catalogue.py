"""Every fault by name."""

import difflib

from sse_conform_server.faults import (
    authentication,
    capabilities,
    delivery,
    framing,
    heartbeats,
    identity,
    isolation,
    limiting,
    persistence,
    polling,
    reconnecting,
    refusing,
    rooms,
    snapshots,
    stream_head,
    tabs,
)  # fmt: skip
from sse_conform_server.faults.fault import Fault

AREAS = (
    stream_head, framing, authentication, refusing, identity, snapshots, delivery, tabs, persistence, isolation, rooms,
    heartbeats, reconnecting, limiting, polling, capabilities,
)  # fmt: skip

FAULTS: dict[str, Fault] = {fault.name: fault for area in AREAS for fault in area.FAULTS}


def find(name: str) -> Fault:
    """The fault of that name; raises `LookupError` with a suggestion."""
    if name in FAULTS:
        return FAULTS[name]
    near = difflib.get_close_matches(name, FAULTS, n=1)
    hint = f"did you mean `{near[0]}`?" if near else "--list-faults shows all"
    raise LookupError(f"no fault is called `{name}`; {hint}")
