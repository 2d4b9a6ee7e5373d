"""Waiting for several things at once, of which one is enough."""

import asyncio
from collections.abc import Coroutine, Iterable
from typing import Any


async def any_of(waits: Iterable[Coroutine[Any, Any, bool]]) -> bool:
    """Whether one of them comes true; then the others are given up."""
    tasks = [asyncio.ensure_future(wait) for wait in waits]
    try:
        for done in asyncio.as_completed(tasks):
            if await done:
                return True
    finally:
        for task in tasks:
            task.cancel()
    return False
