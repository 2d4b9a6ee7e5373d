"""What a run tells its listeners while it goes on: a typed stream of events, in the order in which they happen."""

from typing import Protocol

import msgspec

from sse_conform.entries import SceneOutcome
from sse_conform.verdict import Verdict


class Planned(msgspec.Struct, frozen=True, kw_only=True):
    """
    The run begins: so many scenes, rules and attempts on the stream route, and about so many seconds.

    ``most`` are the attempts that a target which does not conform may bring about.
    """

    scenes: int
    rules: int
    attempts: int
    most: int
    seconds: float


class SceneStarted(msgspec.Struct, frozen=True, kw_only=True):
    """A scene begins to play."""

    scene: str
    title: str


class Waiting(msgspec.Struct, frozen=True, kw_only=True):
    """
    A scene waits for ``what``: ``elapsed`` seconds so far, ``seconds`` at the most.

    One such event at the beginning of a wait is enough; a display lets the time run on by itself.
    """

    scene: str
    what: str
    elapsed: float
    seconds: float


class SceneFinished(msgspec.Struct, frozen=True, kw_only=True):
    """A scene is over; ``detail`` says why where it was not completed."""

    scene: str
    outcome: SceneOutcome
    detail: str = ""


class SceneRepeated(msgspec.Struct, frozen=True, kw_only=True):
    """A scene will be played again, because of ``reason``."""

    scene: str
    reason: str


class Judged(msgspec.Struct, frozen=True, kw_only=True):
    """A rule was judged."""

    verdict: Verdict


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """A sentence for the person who waits."""

    text: str


RunEvent = Planned | SceneStarted | Waiting | SceneFinished | SceneRepeated | Judged | Message


class Listener(Protocol):
    """Whoever follows a run. It is called in the run's own thread and must return at once."""

    def __call__(self, event: RunEvent, /) -> None:
        """Take note of one event."""
        ...
