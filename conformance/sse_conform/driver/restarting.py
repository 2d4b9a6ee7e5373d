"""Stopping and starting the target of a run, on purpose: what is recorded, and what the run does about it."""

import asyncio
from collections.abc import Awaitable

from sse_conform import entries as e
from sse_conform.driver.operator import Operator
from sse_conform.driver.world import World
from sse_conform.errors import ControlError
from sse_conform.profile import RequestTemplate

#: Between two looks whether a target that was started answers yet, in seconds.
BETWEEN = 0.05
#: What a proxy answers in the stead of a service that is not there yet (RFC 9110, 15.6.3 to 15.6.5); 0 is no answer.
ABSENT = frozenset({0, 502, 503, 504})


async def stop(world: World, scene: str) -> None:
    """Stop it; from now on nobody wonders where it is. ControlError where the operator cannot."""
    assert world.operator is not None
    world.liveness.excuse()
    await _carry_out(world, scene, e.Order.STOP, world.operator.stop())


async def start(world: World, scene: str) -> None:
    """Start it, and wait until it answers. ControlError where it does not."""
    assert world.operator is not None
    await _carry_out(world, scene, e.Order.START, _back(world, world.operator))
    world.liveness.demand()


async def _back(world: World, operator: Operator) -> None:
    await operator.start()
    control, probe = world.profile.control, world.profile.rest_probe
    assert control is not None
    look = RequestTemplate(method="GET", path=probe.path if probe is not None and probe.method == "GET" else "/")
    deadline = asyncio.get_running_loop().time() + control.timeout
    while (await world.rest.send(look, {})).status in ABSENT:
        await asyncio.sleep(BETWEEN)
        if asyncio.get_running_loop().time() < deadline:
            continue
        message = f"the target was started again, and did not answer GET {look.path} within {control.timeout:g} s"
        raise ControlError(message, hint="look into its logs; raise control.timeout where it takes longer")


async def _carry_out(world: World, scene: str, order: e.Order, doing: Awaitable[None]) -> None:
    since, error = world.clock.now(), "it was interrupted"
    try:
        await doing
        error = ""
    except ControlError as trouble:
        error = trouble.message
        raise
    finally:
        done = world.clock.now()
        answers = done if order is e.Order.START and not error else 0
        world.recorder.add(e.Commanded(t=since, scene=scene, order=order, done=done, answers=answers, error=error))
