"""What an oddity is."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sse_conform_server.oddities.traps import Trap
from sse_conform_server.settings import Settings
from sse_conform_server.variant import Promises, no_promises

if TYPE_CHECKING:
    from sse_conform_server.parts import Parts


@dataclass(frozen=True, kw_only=True, slots=True)
class Oddity:
    """
    One legal peculiarity. `summary` is a sentence, `trap` the mistake of a judge that it provokes.

    `warns` are the ids of the rules on good practice that must warn, and no others; no rule may fail. `mutes` are those
    that find nothing to look at. `promises` is what the profile of such a service has to say for it, which depends on
    the settings.
    """

    name: str
    trap: Trap
    summary: str
    apply: Callable[["Parts"], "Parts"]
    warns: frozenset[str] = frozenset()
    mutes: frozenset[str] = frozenset()
    promises: Callable[[Settings], Promises] = no_promises


def oddity(
    name: str,
    trap: Trap,
    summary: str,
    apply: Callable[["Parts"], "Parts"],
    *,
    warns: Iterable[str] = (),
    mutes: Iterable[str] = (),
    promises: Callable[[Settings], Promises] = no_promises,
) -> Oddity:
    """An oddity in one call."""
    return Oddity(
        name=name,
        trap=trap,
        summary=summary,
        apply=apply,
        warns=frozenset(warns),
        mutes=frozenset(mutes),
        promises=promises,
    )
