import asyncio
import functools
import itertools

import pytest

from sse_conform.driver.gate import AT_ONCE, Gate
from sse_conform.scenario import Nature, Scenario

from ..virtual_time import StuckError, now, play

NUMBERS = itertools.count()


async def play_nothing(stage):
    """Not called."""


def scene(nature):
    return Scenario(id=f"scene.{next(NUMBERS)}", title="", play=play_nothing, users=(), attempts=1, nature=nature)


async def acts(gate, nature, seconds=1.0):
    """Act for so long; the stretch from beginning to end."""
    async with gate.admit(scene(nature)):
        since = now()
        await asyncio.sleep(seconds)
        return since, now()


async def waits(gate, nature, seconds, **details):
    """Come in and wait for so long; when it goes on."""
    waiting = scene(nature)
    async with gate.admit(waiting):
        async with gate.aside(waiting, **details):
            await asyncio.sleep(seconds)
        return now()


def outcomes(*playing):
    """What each of these gives that play at one gate."""

    async def main():
        gate = Gate(())
        return await asyncio.gather(*(each(gate) for each in playing))

    return play(main())


def stretches(*natures):
    return outcomes(*(functools.partial(acts, nature=nature) for nature in natures))


@pytest.mark.parametrize("alone", [Nature.TIMED, Nature.QUIET])
@pytest.mark.parametrize("nature", Nature)
def test_a_timed_or_quiet_scene_acts_alone(alone, nature):
    (alone_since, alone_until), (since, until) = stretches(alone, nature)
    assert alone_until <= since or until <= alone_since
    (since, until), (alone_since, alone_until) = stretches(nature, alone)
    assert alone_until <= since or until <= alone_since


def test_a_quiet_scene_begins_when_nobody_else_waits_to_act():
    natures = (Nature.PLAIN, Nature.QUIET, Nature.TIMED, *[Nature.PLAIN] * (AT_ONCE + 1))
    first, quiet, timed, *others = stretches(*natures)
    assert (first, timed, quiet) == ((0.0, 1.0), (1.0, 2.0), (4.0, 5.0))
    assert others == [(2.0, 3.0)] * AT_ONCE + [(3.0, 4.0)]


def test_a_quiet_scene_begins_while_others_let_time_pass():
    idle = functools.partial(waits, nature=Nature.PLAIN, seconds=2.0)
    quiet = functools.partial(acts, nature=Nature.QUIET, seconds=5.0)
    assert outcomes(idle, quiet) == [2.0, (0.0, 5.0)]


def test_a_quiet_scene_lets_those_go_ahead_that_are_still_to_come():
    first, quiet = scene(Nature.LIMITER), scene(Nature.QUIET)

    async def main():
        gate = Gate((), ahead=(first.id,))

        async def act():
            async with gate.admit(quiet):
                return now()

        began = asyncio.ensure_future(act())
        await asyncio.sleep(2.0)
        async with gate.admit(first):
            await asyncio.sleep(1.0)
        return await began

    assert play(main()) == 3.0


def test_other_scenes_act_at_the_same_time_up_to_a_number():
    assert stretches(*[Nature.PLAIN] * (AT_ONCE + 1)) == [(0.0, 1.0)] * AT_ONCE + [(1.0, 2.0)]


def test_who_is_first_in_the_order_is_admitted_first():
    scenes = [scene(Nature.PLAIN) for _ in range(AT_ONCE + 3)]
    *early, late, later, first = scenes

    async def main():
        gate = Gate((), order=[each.id for each in (first, *early, later, late)])
        began = []

        async def act(each):
            async with gate.admit(each):
                began.append(each)
                await asyncio.sleep(1.0 + len(began) / 10)

        await asyncio.gather(*map(act, scenes))
        return began

    assert play(main()) == [*early, first, later, late]


def test_timed_ones_let_those_go_ahead_that_are_still_to_come():
    first, timed, plain = scene(Nature.LIMITER), scene(Nature.TIMED), scene(Nature.PLAIN)

    async def main():
        gate = Gate((), ahead=(first.id,))
        began = []

        async def act(each, after):
            await asyncio.sleep(after)
            async with gate.admit(each):
                began.append((now(), each))
                await asyncio.sleep(1.0)

        await asyncio.gather(act(timed, 0.0), act(plain, 0.5), act(first, 2.0))
        return began

    assert play(main()) == [(2.0, first), (3.0, timed), (4.0, plain)]


def test_who_is_ahead_and_never_comes_holds_up_nobody():
    timed = scene(Nature.TIMED)

    async def main():
        gate = Gate((), ahead=("gone",))

        async def act():
            async with gate.admit(timed):
                return now()

        began = asyncio.ensure_future(act())
        await asyncio.sleep(2.0)
        await gate.settle("gone")
        return await began

    assert play(main()) == 2.0


def test_a_timed_scene_that_waits_is_not_overtaken():
    first, timed, late = stretches(Nature.PLAIN, Nature.TIMED, Nature.PLAIN)
    assert (first, timed, late) == ((0.0, 1.0), (1.0, 2.0), (2.0, 3.0))


def test_a_scene_that_lets_time_pass_makes_room_and_goes_on_at_once():
    idle = functools.partial(waits, nature=Nature.PLAIN, seconds=2.0)
    timed = functools.partial(acts, nature=Nature.TIMED, seconds=5.0)
    assert outcomes(idle, timed) == [2.0, (0.0, 5.0)]


def test_while_a_timed_scene_lets_time_pass_nobody_begins():
    timed = functools.partial(waits, nature=Nature.TIMED, seconds=2.0)
    assert outcomes(timed, functools.partial(acts, nature=Nature.PLAIN)) == [2.0, (2.0, 3.0)]


def test_two_timed_scenes_of_which_one_lets_time_pass_keep_the_others_out_to_the_end():
    first = functools.partial(waits, nature=Nature.TIMED, seconds=5.0)
    second, plain = (functools.partial(acts, nature=nature) for nature in (Nature.TIMED, Nature.PLAIN))
    assert outcomes(first, second, plain) == [5.0, (0.0, 1.0), (5.0, 6.0)]


@pytest.mark.parametrize("nature", Nature)
def test_while_a_timed_scene_waits_for_what_others_hold_everybody_may_act(nature):
    timed = functools.partial(waits, nature=Nature.TIMED, seconds=2.0, for_others=True)
    assert outcomes(timed, functools.partial(acts, nature=nature)) == [2.0, (0.0, 1.0)]


def test_several_waits_of_one_scene_at_a_time_count_as_one():
    async def main():
        gate, waiting = Gate(()), scene(Nature.PLAIN)

        async def wait(seconds):
            async with gate.aside(waiting):
                await asyncio.sleep(seconds)

        async def watching():
            async with gate.admit(waiting):
                await asyncio.gather(wait(1.0), wait(2.0), wait(3.0))
                await asyncio.sleep(1.0)

        first, timed = await asyncio.gather(watching(), acts(gate, Nature.TIMED))
        assert (first, timed) == (None, (0.0, 1.0))
        return await asyncio.gather(*(acts(gate, Nature.PLAIN) for _ in range(AT_ONCE + 1)))

    assert play(main()) == [(4.0, 5.0)] * AT_ONCE + [(5.0, 6.0)]


def test_a_scene_that_fails_makes_room_for_the_next():
    async def main():
        gate = Gate(())
        with pytest.raises(ZeroDivisionError):
            async with gate.admit(scene(Nature.TIMED)):
                _ = 1 / 0
        return await acts(gate, Nature.LOUD)

    assert play(main()) == (0.0, 1.0)


def test_a_scene_that_gives_up_waiting_holds_nothing():
    async def main():
        gate = Gate(())
        async with gate.admit(scene(Nature.TIMED)):
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(acts(gate, Nature.LOUD), 5.0)
        return await acts(gate, Nature.TIMED)

    assert play(main()) == (5.0, 6.0)


def test_all_are_settled_once_each_expected_scene_is():
    async def main():
        gate = Gate(["a", "b"])
        settled = asyncio.ensure_future(gate.all_settled())
        for name in ("a", "a", "unexpected"):
            await gate.settle(name)
        await asyncio.sleep(1)
        assert not settled.done()
        await gate.settle("b")
        await settled

    play(main())


def test_where_none_is_expected_all_are_settled():
    play(Gate(()).all_settled())


def test_a_scene_that_never_settles_is_waited_for_in_vain():
    with pytest.raises(StuckError):
        play(Gate(["a"]).all_settled())
