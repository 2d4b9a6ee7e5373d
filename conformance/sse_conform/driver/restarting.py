"""Stopping and starting the target of a run, on purpose: what is recorded, and what the run does about it."""

import asyncio

from sse_conform import entries as e
from sse_conform.driver.world import World
from sse_conform.errors import ControlError
from sse_conform.profile import RequestTemplate

#: Between two looks whether a target that was started answers yet, in seconds.
BETWEEN = 0.05
#: What a proxy answers in the stead of a service that is not there yet (RFC 9110, 15.6.3 to 15.6.5); 0 is no answer.
ABSENT = frozenset({0, 502, 503, 504})


async def carry_out(world: World, scene: str, order: e.Order) -> None:
    """
    Have the operator do it, and take it down; ControlError where it cannot be done.

    Once the target is stopped nobody wonders where it is, and a start waits until it answers.
    """
    assert world.operator is not None
    if order is e.Order.STOP:
        world.liveness.excuse()
    since, error = world.clock.now(), "it was interrupted"
    try:
        await world.operator.carry_out(order)
        if order is e.Order.START:
            await _back(world)
        error = ""
    except ControlError as trouble:
        error = trouble.message
        raise
    finally:
        done = world.clock.now()
        answers = done if order is e.Order.START and not error else 0
        world.recorder.add(e.Commanded(t=since, scene=scene, order=order, done=done, answers=answers, error=error))
    if order is e.Order.START:
        world.liveness.demand()


async def _back(world: World) -> None:
    """Wait until it answers."""
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
