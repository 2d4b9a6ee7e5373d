import asyncio
import time

import pytest

from sse_conform.driver.lag_probe import LagProbe


async def test_a_stall_is_told_with_its_start_and_end(clock):
    stalls = asyncio.Queue()
    async with LagProbe(clock, on_lag=lambda *stall: stalls.put_nowait(stall)):
        before = clock.now()
        time.sleep(0.25)  # noqa: ASYNC251 - the stall is the subject
        after = clock.now()
        start, end = await stalls.get()
    assert start <= before
    assert end >= after


async def test_a_stall_just_before_the_end_is_told(clock):
    stalls = []
    async with LagProbe(clock, on_lag=lambda start, end: stalls.append((start, end))):
        time.sleep(0.15)  # noqa: ASYNC251 - the stall is the subject
    assert len(stalls) == 1


async def test_a_loop_that_turns_is_not_told(clock):
    stalls = []
    looks = 5
    async with LagProbe(clock, on_lag=lambda *stall: stalls.append(stall), interval=0.01, threshold=60):
        for _ in range(looks):
            await asyncio.sleep(0.01)
    assert stalls == []


async def test_each_of_two_stalls_is_told_once(clock):
    stalls = asyncio.Queue()
    told = []
    async with LagProbe(clock, on_lag=lambda *stall: stalls.put_nowait(stall)):
        for _ in range(2):
            time.sleep(0.15)  # noqa: ASYNC251 - the stall is the subject
            told.append(await stalls.get())
    assert told[0][1] <= told[1][0]


async def test_nothing_is_told_after_the_probe_ended(clock):
    stalls = []
    async with LagProbe(clock, on_lag=lambda *stall: stalls.append(stall), interval=0.001, threshold=0.05):
        pass
    told = len(stalls)
    time.sleep(0.1)  # noqa: ASYNC251 - the stall is the subject
    await asyncio.sleep(0.005)
    assert len(stalls) == told


@pytest.mark.parametrize(("interval", "threshold"), [(0, 0.1), (0.1, 0.1), (0.2, 0.1)])
def test_an_interval_that_would_report_a_healthy_loop_is_refused(clock, interval, threshold):
    with pytest.raises(ValueError, match="interval must lie between 0 and threshold"):
        LagProbe(clock, on_lag=lambda *_: None, interval=interval, threshold=threshold)
