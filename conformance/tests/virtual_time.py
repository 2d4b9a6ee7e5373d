"""An event loop that never waits: it jumps to the next timer, and fails where nothing is left to wait for."""

import asyncio
import selectors
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


class StuckError(Exception):
    """Every task waits for another."""


class _Jumping(selectors.SelectSelector):
    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None:
            raise StuckError
        self.now += timeout
        return super().select(0)


class _Loop(asyncio.SelectorEventLoop):
    def __init__(self) -> None:
        self._jumping = _Jumping()
        super().__init__(self._jumping)

    def time(self) -> float:
        return self._jumping.now


def now() -> float:
    """The seconds that have passed, for whoever runs on this loop."""
    return asyncio.get_running_loop().time()


def play(main: Coroutine[Any, Any, T]) -> T:
    """Run to the end; StuckError where that never comes."""
    with asyncio.Runner(loop_factory=_Loop) as runner:
        return runner.run(main)
