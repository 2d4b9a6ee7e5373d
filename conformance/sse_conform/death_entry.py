"""The entry of a transcript that tells of a death: the target's process was gone, and what the suite had just done."""

from enum import StrEnum

import msgspec

from sse_conform.entry import Entry


class Act(StrEnum):
    """What the suite can do to a target."""

    ATTEMPT = "attempt"
    """A request on the stream route that reached the target."""
    LEAVING = "leaving"
    """The suite ended a connection."""
    PUBLISH = "publish"
    REQUEST = "request"
    """Any other REST request of a scene."""


class Action(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that the suite did at ``t`` (ns), in which part of which scene."""

    t: int
    scene: str
    part: str
    act: Act

    @property
    def name(self) -> tuple[str, str, Act]:
        """What it has in common with the same action at another time."""
        return self.scene, self.part, self.act

    def __str__(self) -> str:
        part = f" {self.part}" if self.part else ""
        return f"{self.act.value}{part} of {self.scene}"


class Died(Entry, frozen=True, kw_only=True, tag="died"):
    """
    From ``t`` on nobody listened at ``endpoint``, where somebody had; no stream survived.

    ``back`` is when somebody listened again, 0 where nobody did for as long as the suite waited. ``after`` are the
    actions of the last second before, the latest first.
    """

    endpoint: str
    back: int = 0
    after: tuple[Action, ...] = ()
