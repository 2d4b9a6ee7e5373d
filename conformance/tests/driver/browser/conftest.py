"""A target in this process, and scenes played on it in the real browser."""

from collections.abc import AsyncIterator, Mapping

import pytest

from sse_conform.profile import BrowserChoice, Engine
from sse_conform.promises import Numbers
from sse_conform.scenario import scenario
from sse_conform.spec import Capability

from ...tiny_target import TinyTarget, play_on, tiny_target

NUMBERS = Numbers(heartbeat=2.0, latency=0.5, rate_limit=0, rate_window=0.5)


class Theatre:
    """Plays one scene, given as a coroutine, and keeps what became of it."""

    def __init__(self, target: TinyTarget):
        self.target = target
        self.pictures: Mapping[str, bytes] = {}

    async def play(self, acts, *, users=("alice",), attempts=4, engine=Engine.CHROMIUM, executable="", **profile):
        """The record of a run of this scene alone."""
        scene = scenario("browser.scene", users=users, attempts=attempts, needs={Capability.BROWSER})(acts)
        browser = BrowserChoice(engine=engine, executable=executable)
        settings = {"browser": browser, "numbers": NUMBERS} | profile
        result = await play_on(self.target, scene, **settings)
        assert result.report.trouble == ""
        self.pictures = result.pictures
        return result.transcript


@pytest.fixture
async def theatre() -> AsyncIterator[Theatre]:
    async with tiny_target() as target:
        yield Theatre(target)
