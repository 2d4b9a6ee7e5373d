"""What a fault is."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sse_conform_server.settings import Settings
from sse_conform_server.variant import Promises, no_promises

if TYPE_CHECKING:
    from sse_conform_server.parts import Parts


@dataclass(frozen=True, kw_only=True, slots=True)
class Fault:
    """
    One defect. `summary` is a sentence of mechanism and origin, `breaks` the ids of the rules that must not pass.

    `perhaps` are those that pass or not by chance: by what other users do at the same time.
    `apply` replaces or wraps one part; the service itself knows nothing of faults. `promises` is what the profile of
    such a service has to say for it.
    """

    name: str
    summary: str
    breaks: frozenset[str]
    apply: Callable[["Parts"], "Parts"]
    perhaps: frozenset[str] = frozenset()
    promises: Callable[[Settings], Promises] = no_promises


def fault(
    name: str,
    summary: str,
    apply: Callable[["Parts"], "Parts"],
    *breaks: str,
    perhaps: Iterable[str] = (),
    promises: Callable[[Settings], Promises] = no_promises,
) -> Fault:
    """A fault in one call: name, summary, what it changes, the rules it breaks, what a profile has to say."""
    return Fault(
        name=name,
        summary=summary,
        breaks=frozenset(breaks),
        apply=apply,
        perhaps=frozenset(perhaps),
        promises=promises,
    )
