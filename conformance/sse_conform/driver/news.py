"""Waiting for something to come true: whoever brings it about tells, whoever waits looks again."""

import asyncio
from collections.abc import Callable


class BadNewsError(Exception):
    """Nothing that is awaited will come any more."""


class News:
    """That something happened, whatever it was."""

    def __init__(self) -> None:
        self._event = asyncio.Event()
        self.end = ""

    def tell(self) -> None:
        """Let everybody who waits look again."""
        self._event.set()

    def finish(self, why: str) -> None:
        """From now on nothing more will come, for this reason."""
        self.end = why
        self._event.set()

    async def until(self, came: Callable[[], bool], seconds: float) -> bool:
        """Wait until it came, for so long at most; whether it did. BadNewsError where nothing more will come."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + seconds
        while not came():
            if self.end:
                raise BadNewsError(self.end)
            left = deadline - loop.time()
            if left <= 0:
                return False
            self._event.clear()
            try:
                await asyncio.wait_for(self._event.wait(), left)
            except TimeoutError:
                return came()
        return True
