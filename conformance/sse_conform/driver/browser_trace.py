"""Tracing one device: its requests, its console and what was done to its pages, without pictures, which cost much."""

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.async_api import BrowserContext


async def begin(context: "BrowserContext") -> None:
    """From now on what happens in the context is traced."""
    await context.tracing.start(screenshots=False, snapshots=False, sources=False)


async def end(context: "BrowserContext") -> bytes | None:
    """The archive of what was traced; None where the browser is gone, and the trace with it."""
    from playwright.async_api import Error  # noqa: PLC0415 - heavy, and only there with the extra

    with tempfile.TemporaryDirectory(prefix="sse-conform-trace-") as folder:
        file = Path(folder) / "trace.zip"
        try:
            await context.tracing.stop(path=file)
        except Error:
            return None
        return file.read_bytes()
