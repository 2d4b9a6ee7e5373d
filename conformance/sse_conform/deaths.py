"""
What the death of a target means for the record: what led to it, and what still counts of the scenes that it broke off.

A process that is gone ends all its streams and answers nothing. Rules on streams must not take that for many breaches:
what came before the death counts as ever, and nothing from then on. Pure.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import msgspec

from sse_conform import entries as e
from sse_conform.death_entry import Act, Action, Died

#: A target that dies so soon after an action (ns) may have died of it.
SOON = 1_000_000_000


@dataclass(frozen=True, kw_only=True, slots=True)
class Death:
    """A death of the target, and those actions of one scene that came shortly before, the latest first."""

    died: Died
    actions: tuple[Action, ...]


def actions_before(recorded: Iterable[e.AnyEntry], t: int) -> tuple[Action, ...]:
    """What the suite did in the last second before ``t``, as far as it reached the target; the latest first."""
    done = [action for action in _actions(recorded) if t - SOON <= action.t <= t]
    return tuple(sorted(done, key=lambda action: -action.t))


def _actions(recorded: Iterable[e.AnyEntry]) -> Iterator[Action]:
    attempts: dict[int, e.Attempted] = {}
    for entry in recorded:
        match entry:
            case e.Attempted():
                attempts[entry.conn] = entry
            case e.Connected():
                attempt = attempts[entry.conn]
                yield Action(t=attempt.t, scene=attempt.scene, part=attempt.part, act=Act.ATTEMPT)
            case e.Ended(kind=e.EndKind.CLOSED):
                attempt = attempts[entry.conn]
                yield Action(t=entry.t, scene=attempt.scene, part=attempt.part, act=Act.LEAVING)
            case e.Published():
                yield Action(t=entry.t, scene=entry.scene, part=entry.part, act=Act.PUBLISH)
            case e.Exchanged():
                yield Action(t=entry.t, scene=entry.scene, part=entry.part, act=Act.REQUEST)
            case _:
                continue


def counted(recorded: tuple[e.AnyEntry, ...]) -> tuple[e.AnyEntry, ...]:
    """
    The record without what the target could do no more.

    In each scene that was under way when the target died, entries from then on are left out, with attempts and
    requests that were still without an answer; the end of its open streams is the death.
    """
    borders = _borders(recorded)
    if not borders:
        return recorded
    conns = {
        entry.conn: borders[entry.scene]
        for entry in recorded
        if isinstance(entry, e.Attempted) and entry.scene in borders
    }
    answered = {
        entry.conn
        for entry in recorded
        if isinstance(entry, e.HeadReceived | e.Ended) and entry.t < conns.get(entry.conn, 0)
    }
    borders_of_entries = (
        conns.get(getattr(entry, "conn", 0)) or borders.get(getattr(entry, "scene", "")) for entry in recorded
    )
    return tuple(
        _cut(entry, border)
        for entry, border in zip(recorded, borders_of_entries, strict=True)
        if border is None or _counts(entry, border, unanswered=conns.keys() - answered)
    )


def _borders(recorded: tuple[e.AnyEntry, ...]) -> dict[str, int]:
    """When the target died in each scene that was under way then."""
    deaths = [entry.t for entry in recorded if isinstance(entry, Died)]
    if not deaths:
        return {}
    began: dict[str, int] = {}
    ended: dict[str, int] = {}
    for entry in recorded:
        if scene := getattr(entry, "scene", ""):
            began[scene] = min(began.get(scene, entry.t), entry.t)
            if isinstance(entry, e.SceneEnded):
                ended[scene] = entry.t
    meanwhile = {scene: [t for t in deaths if since <= t <= ended.get(scene, t)] for scene, since in began.items()}
    return {scene: min(instants) for scene, instants in meanwhile.items() if instants}


def _counts(entry: e.AnyEntry, border: int, *, unanswered: set[int]) -> bool:
    """Whether an entry of a scene that was broken off at ``border`` tells of the time before."""
    if getattr(entry, "conn", 0) in unanswered:
        return False
    match entry:
        case e.SceneEnded() | e.Ended():
            return True
        case e.Published():
            return entry.acked < border
        case e.Exchanged():
            return entry.answered < border
        case _:
            return entry.t < border


def _cut(entry: e.AnyEntry, border: int | None) -> e.AnyEntry:
    """The end of a stream that the death brought about says nothing more of the target."""
    if border is not None and isinstance(entry, e.Ended) and entry.t >= border:
        return msgspec.structs.replace(entry, kind=e.EndKind.DIED, detail="The target died.")
    return entry
