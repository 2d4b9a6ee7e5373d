"""
What it means for the record that the target was stopped on purpose.

A stop ends every stream, however it does. Rules on streams must not take that for a breach, so for them such a stream
was stopped, and no more; how it ended is for the rules on shutdown, which read the record itself. Pure.
"""

import msgspec

from sse_conform import entries as e


def softened(recorded: tuple[e.AnyEntry, ...]) -> tuple[e.AnyEntry, ...]:
    """The record in which the end of a stream that was open when the target was stopped says nothing of the target."""
    stops = {
        entry.scene: entry.t for entry in recorded if isinstance(entry, e.Commanded) and entry.order is e.Order.STOP
    }
    if not stops:
        return recorded
    conns = {
        entry.conn: stops[entry.scene]
        for entry in recorded
        if isinstance(entry, e.Attempted) and entry.t < stops.get(entry.scene, 0)
    }
    return tuple(_soft(entry, conns) for entry in recorded)


def _soft(entry: e.AnyEntry, conns: dict[int, int]) -> e.AnyEntry:
    if not isinstance(entry, e.Ended) or entry.kind is e.EndKind.CLOSED:
        return entry
    if entry.t < conns.get(entry.conn, entry.t + 1):
        return entry
    return msgspec.structs.replace(entry, kind=e.EndKind.STOPPED, detail="The target was stopped.")
