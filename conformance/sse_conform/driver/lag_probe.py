"""Notices when the suite itself stands still, so that its own delay is never held against a target."""

import asyncio
from collections.abc import Callable
from types import TracebackType
from typing import Self

from sse_conform.driver.clock import Clock


class LagProbe:
    """
    Reports the stretches during which the event loop did not turn, for as long as its context is open.

    A timer looks at the clock every `interval` seconds. If more than `threshold` seconds passed since the last look,
    `on_lag(t_start, t_end)` is told the stretch between both looks, in nanoseconds on the run's clock: a stall longer
    than the threshold is always told, one shorter than `threshold - interval` never. A process that got no processor
    time counts as well, for it was just as late.

    :raises ValueError: the interval is not positive or not below the threshold, which would report a healthy loop.
    """

    def __init__(
        self, clock: Clock, *, on_lag: Callable[[int, int], None], interval: float = 0.02, threshold: float = 0.1
    ) -> None:
        if not 0 < interval < threshold:
            message = f"interval must lie between 0 and threshold ({threshold:g} s), and {interval:g} s does not"
            raise ValueError(message)
        self._clock = clock
        self._on_lag = on_lag
        self._interval = interval
        self._threshold_ns = round(threshold * 1_000_000_000)
        self._last_look = 0
        self._timer: asyncio.TimerHandle | None = None

    async def __aenter__(self) -> Self:
        self._last_look = self._clock.now()
        self._schedule()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._look()  # a stall just before the end would go unseen otherwise

    def _schedule(self) -> None:
        self._timer = asyncio.get_running_loop().call_later(self._interval, self._tick)

    def _tick(self) -> None:
        self._schedule()
        self._look()

    def _look(self) -> None:
        before, self._last_look = self._last_look, self._clock.now()
        if self._last_look - before > self._threshold_ns:
            self._on_lag(before, self._last_look)
