"""Every fault by name."""

from sse_conform_server.faults import (
    authentication,
    capabilities,
    circumstances,
    client,
    deaths,
    delivery,
    for_browsers,
    forgetting,
    framing,
    heartbeats,
    identity,
    instances,
    isolation,
    kinds,
    lasting,
    limit_keys,
    limiting,
    miscounts,
    narrow,
    paging,
    persistence,
    polling,
    reconnecting,
    refusing,
    returning,
    rooms,
    sessions,
    side_doors,
    snapshots,
    stopping,
    strangers,
    stream_head,
    tabs,
)  # fmt: skip
from sse_conform_server.faults.fault import Fault
from sse_conform_server.naming import named

AREAS = (
    stream_head, framing, authentication, refusing, identity, snapshots, delivery, tabs, persistence, isolation, rooms,
    heartbeats, reconnecting, returning, for_browsers, limiting, polling, capabilities, client, narrow,
    deaths, forgetting, lasting, circumstances, limit_keys, paging, side_doors,
    strangers, miscounts, stopping, instances, sessions, kinds,
)  # fmt: skip

FAULTS: dict[str, Fault] = {fault.name: fault for area in AREAS for fault in area.FAULTS}


def find(name: str) -> Fault:
    """The fault of that name; raises `LookupError` with a suggestion."""
    return named(name, FAULTS, kind="fault", listing="--list-faults")
