"""Waiting for something to come true: whoever brings it about tells, whoever waits looks again."""

import asyncio
from collections.abc import Callable


class News:
    """That something happened, whatever it was."""

    def __init__(self) -> None:
        self._event = asyncio.Event()

    def tell(self) -> None:
        """Let everybody who waits look again."""
        self._event.set()

    async def until(self, came: Callable[[], bool], seconds: float) -> bool:
        """Wait until it came, for so long at most; whether it did."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + seconds
        while not came():
            left = deadline - loop.time()
            if left <= 0:
                return False
            self._event.clear()
            try:
                await asyncio.wait_for(self._event.wait(), left)
            except TimeoutError:
                return came()
        return True
