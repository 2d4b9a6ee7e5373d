"""What a fault is."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sse_conform_server.parts import Parts


@dataclass(frozen=True, kw_only=True, slots=True)
class Fault:
    """
    One defect. `summary` is a sentence of mechanism and origin, `breaks` the ids of the rules that must not pass.

    `apply` replaces or wraps one part; the service itself knows nothing of faults.
    """

    name: str
    summary: str
    breaks: frozenset[str]
    apply: Callable[["Parts"], "Parts"]


def fault(name: str, summary: str, apply: Callable[["Parts"], "Parts"], *breaks: str) -> Fault:
    """A fault in one call: name, summary, what it changes, the rules it breaks."""
    return Fault(name=name, summary=summary, breaks=frozenset(breaks), apply=apply)
