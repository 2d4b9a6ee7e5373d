"""
Cut a transcript down to what one verdict rests on, so that a recorded run can serve as an example of its rule.

Delta debugging (Zeller and Hildebrandt, "Simplifying and Isolating Failure-Inducing Input", IEEE TSE 2002) over ever
smaller units: scenes, connections, everything else a scene did, then pieces of bodies. Pure.
"""

import math
from collections.abc import Callable, Hashable, Sequence

import msgspec

from sse_conform import entries as e
from sse_conform.rule import Rule
from sse_conform.transcript import Transcript
from sse_conform.verdict import Outcome, Verdict, judge

Entries = tuple[e.AnyEntry, ...]
Test = Callable[[Entries], bool]

#: A passing transcript beyond this many bytes is cut further, into its connections.
LARGE = 16_000


def trim(transcript: Transcript, rule: Rule) -> Transcript:
    """
    The smallest transcript found that has the verdict of the whole one: the same outcome on at least one observation
    and, where there are findings, the same first expectation.
    """
    header = msgspec.structs.replace(transcript.header, rules=(rule.id,), scenes=rule.scenes)
    whole = _essence(judge(rule, transcript))

    def with_entries(kept: Entries) -> Transcript:
        return Transcript(header, kept, transcript.footer)

    def holds(kept: Entries) -> bool:
        verdict = judge(rule, with_entries(kept))
        return bool(verdict.observations) and _essence(verdict) == whole

    kept = transcript.entries
    for unit in (_scene, _connection, _entry):
        # A passing example shows more where its connections are whole; a failing one shows its breach and no more.
        if unit is not _entry or whole[1] or _size(kept) > LARGE:
            kept = _reduce(kept, unit, holds)
    return with_entries(kept)


def _essence(verdict: Verdict) -> tuple[Outcome, str]:
    return verdict.outcome, verdict.breaches[0].expected if verdict.breaches else ""


def _size(kept: Entries) -> int:
    return sum(len(msgspec.json.encode(entry)) for entry in kept)


def _scene(entry: e.AnyEntry, scenes: dict[int, str]) -> Hashable:
    """Everything of one scene goes together, what belongs to none too."""
    match entry:
        case e.Connected() | e.HeadReceived() | e.BodyReceived() | e.Ended() | e.Disturbed():
            return scenes.get(entry.conn, "")
        case e.Died():
            return ""
        case _:
            return entry.scene


def _connection(entry: e.AnyEntry, scenes: dict[int, str]) -> Hashable:  # noqa: ARG001 - one signature for all units
    """Everything of one connection goes together; everything else goes alone."""
    match entry:
        case e.Attempted() | e.Connected() | e.HeadReceived() | e.BodyReceived() | e.Ended():
            return entry.conn
        case e.Disturbed() | e.Noted() | e.Relayed() if entry.conn:
            return entry.conn
        case _:
            return id(entry)


def _entry(entry: e.AnyEntry, scenes: dict[int, str]) -> Hashable:  # noqa: ARG001
    """Each entry goes alone, save that an attempt takes its connection along."""
    return 0 if isinstance(entry, e.Attempted) else id(entry)


def _rooted(kept: Entries) -> Entries:
    """Without what came on connections whose attempt was left out: no transcript has that."""
    attempted = {entry.conn for entry in kept if isinstance(entry, e.Attempted)}
    parts = (e.Connected, e.HeadReceived, e.BodyReceived, e.Ended)
    return tuple(entry for entry in kept if not isinstance(entry, parts) or entry.conn in attempted)


def _reduce(kept: Entries, unit: Callable[[e.AnyEntry, dict[int, str]], Hashable], holds: Test) -> Entries:
    """Leave out units, many at a time at first, as long as the verdict holds."""
    scenes = {entry.conn: entry.scene for entry in kept if isinstance(entry, e.Attempted)}
    names = {id(entry): unit(entry, scenes) for entry in kept}
    units = list(dict.fromkeys(names.values()))

    def only(chosen: Sequence[Hashable]) -> Entries:
        wanted = set(chosen)
        return _rooted(tuple(entry for entry in kept if names[id(entry)] in wanted))

    size = len(units)
    while size >= 1:
        start = 0
        while start < len(units):
            fewer = units[:start] + units[start + size :]
            if holds(only(fewer)):
                units = fewer
            else:
                start += size
        size = 0 if size == 1 else math.ceil(size / 2)
    return only(units)
