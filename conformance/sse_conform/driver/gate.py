"""Who may play at the same time: few scenes at once, some alone, and the limiter's burst last."""

import asyncio
from bisect import insort
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass

from sse_conform.scenario import Nature, Scenario

#: So many scenes act at once. More would not shorten a run, in which waits dominate, but load the target so much that
#: its delays were ours.
AT_ONCE = 3


@dataclass(slots=True)
class _Presence:
    """A scene on stage: how many waits of it are under way, and how many of these are for what other scenes hold."""

    alone: bool
    waits: int = 0
    for_others: int = 0


class Gate:
    """
    Admits scenes by nature, and tells when no scene will make another attempt.

    A timed scene acts while no other does, and so does a quiet one; those that only let time pass may go on doing so.
    Of the others that wait the first in ``order`` is admitted first, but timed ones before all, once those ``ahead``
    are in, and a quiet one when nobody else waits. ``expected`` are those that make attempts.
    """

    def __init__(self, expected: Iterable[str], *, order: Iterable[str] = (), ahead: Iterable[str] = ()) -> None:
        self._ahead = set(ahead)
        self._turns = {scene: turn for turn, scene in enumerate(order)}
        self._line: list[str] = []
        self._inside: dict[str, _Presence] = {}
        self._timed_waiting = 0
        self._unsettled = set(expected)
        self._changed = asyncio.Condition()

    @asynccontextmanager
    async def admit(self, scene: Scenario) -> AsyncIterator[None]:
        """Wait until the scene disturbs none and is disturbed by none, then hold the place."""
        async with self._changed:
            if scene.nature is Nature.TIMED:
                self._timed_waiting += 1
                try:
                    await self._changed.wait_for(lambda: not self._acting and not self._ahead)
                finally:
                    self._timed_waiting -= 1
                    self._changed.notify_all()
            elif scene.nature is Nature.QUIET:
                await self._changed.wait_for(lambda: self._quiet)
            elif scene.id in self._ahead:
                await self._changed.wait_for(lambda: self._room)
            else:
                await self._wait_in_line(scene)
            self._inside[scene.id] = _Presence(scene.nature in {Nature.TIMED, Nature.QUIET})
            self._ahead.discard(scene.id)
            self._changed.notify_all()
        try:
            yield
        finally:
            del self._inside[scene.id]
            await self._tell()

    async def _wait_in_line(self, scene: Scenario) -> None:
        insort(self._line, scene.id, key=lambda each: self._turns.get(each, 0))
        try:
            await self._changed.wait_for(lambda: self._room and not self._timed_waiting and self._line[0] == scene.id)
        finally:
            self._line.remove(scene.id)
            self._changed.notify_all()

    @property
    def _room(self) -> bool:
        """Whether one that needs not be alone may begin to act."""
        return self._acting < AT_ONCE and not self._measuring

    @property
    def _quiet(self) -> bool:
        """Whether nobody acts, and nobody is waiting to."""
        return not (self._acting or self._ahead or self._line or self._timed_waiting or self._measuring)

    @asynccontextmanager
    async def aside(self, scene: Scenario, *, for_others: bool = False) -> AsyncIterator[None]:
        """
        The scene only waits: others may act meanwhile. Afterwards it goes on at once.

        ``for_others`` says that it waits for what other scenes hold. Even one that is alone measures nothing then, and
        all others are admitted, or none could ever give it what it waits for.
        """
        presence = self._inside[scene.id]
        presence.waits += 1
        presence.for_others += for_others
        try:
            await self._tell()
            yield
        finally:
            presence.waits -= 1
            presence.for_others -= for_others

    @property
    def _acting(self) -> int:
        return sum(not presence.waits for presence in self._inside.values())

    @property
    def _measuring(self) -> bool:
        return any(presence.alone and not presence.for_others for presence in self._inside.values())

    async def _tell(self) -> None:
        async with self._changed:
            self._changed.notify_all()

    async def settle(self, scene: str) -> None:
        """This scene has made its last attempt, or will make none."""
        async with self._changed:
            self._unsettled.discard(scene)
            self._ahead.discard(scene)
            self._changed.notify_all()

    async def all_settled(self) -> bool:
        """Wait until every scene has made its last attempt."""
        async with self._changed:
            return await self._changed.wait_for(lambda: not self._unsettled)
