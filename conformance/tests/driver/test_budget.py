import asyncio
from collections import Counter, defaultdict

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sse_conform.driver.budget import AttemptBudget
from sse_conform.schedule import RESERVE

from ..virtual_time import StuckError, now, play

WINDOW = 60.0


def budget(*, limit=20, addresses=("",), window=WINDOW):
    return AttemptBudget(limit=limit, window=window, addresses=addresses, monotonic=now)


async def use(made, places, *, answer=0.0):
    """Attempt at each place in turn; each is answered after so many seconds."""
    for place in places:
        place.used = True
        await asyncio.sleep(answer)
        made.answered(place)


def test_the_limit_less_the_reserve_is_given_out_at_once():
    async def main():
        made = budget()
        places = await made.reserve(20 - RESERVE)
        assert (now(), len(places)) == (0.0, 18)

    play(main())


def test_the_next_place_is_free_a_window_after_the_answer():
    async def main():
        made = budget()
        await use(made, await made.reserve(18), answer=0.5)
        assert now() == 9.0
        await made.reserve(1)
        assert now() == pytest.approx(0.5 + WINDOW)
        await made.reserve(2)
        assert now() == pytest.approx(1.5 + WINDOW)

    play(main())


def test_a_place_that_is_not_answered_yet_counts_for_as_long_as_that_takes():
    async def main():
        made = budget(limit=3)
        (place,) = await made.reserve(1)
        place.used = True
        asyncio.get_running_loop().call_later(500.0, made.answered, place)
        await made.reserve(1)
        assert now() == pytest.approx(500.0 + WINDOW)

    play(main())


def test_all_places_are_taken_at_once_or_none():
    async def main():
        made = budget(limit=12)
        first = await made.reserve(6)
        large = asyncio.ensure_future(made.reserve(5))
        await asyncio.sleep(1)
        small = await made.reserve(4)
        assert not large.done()
        made.give_back(first)
        assert len(await large) == 5
        assert now() == 1.0
        assert len({*map(id, small), *map(id, large.result())}) == 9

    play(main())


def test_places_that_were_not_used_are_free_again_at_once():
    async def main():
        made = budget()
        places = await made.reserve(18)
        await use(made, places[:3])
        made.give_back(places)
        assert len(await made.reserve(15)) == 15
        assert now() == 0.0
        await made.reserve(3)
        assert now() == pytest.approx(WINDOW)

    play(main())


def test_more_than_there_can_be_is_given_as_all_there_is():
    async def main():
        assert len(await budget(limit=5).reserve(70)) == 3
        assert len(await budget(limit=5, addresses=("a", "b")).reserve(70)) == 6

    play(main())


def test_attempts_are_spread_evenly_over_the_addresses():
    async def main():
        places = await budget(addresses=("a", "b", "c")).reserve(7)
        assert sorted(Counter(place.address for place in places).values()) == [2, 2, 3]

    play(main())


def test_places_that_belong_together_are_of_the_address_that_has_most_room():
    async def main():
        made = budget(addresses=("a", "b"))
        first = await made.reserve(10, together=True)
        second = await made.reserve(9, together=True)
        assert [{place.address for place in places} for places in (first, second)] == [{"a"}, {"b"}]
        third = asyncio.ensure_future(made.reserve(10, together=True))
        await asyncio.sleep(1)
        assert not third.done()  # there is room for 17, but nowhere for 10
        made.give_back(first)
        assert {place.address for place in await third} == {"a"}

    play(main())


def test_no_more_belong_together_than_one_address_admits():
    async def main():
        places = await budget(limit=5, addresses=("a", "b")).reserve(70, together=True)
        assert Counter(place.address for place in places) == {"a": 3}

    play(main())


@pytest.mark.parametrize("limit", [1, 2, 3])
def test_of_the_smallest_limits_one_place_is_left(limit):
    async def main():
        assert len(await budget(limit=limit).reserve(5)) == 1

    play(main())


def test_without_a_limit_nobody_waits():
    async def main():
        made = budget(limit=0)
        assert len(await made.reserve(1000)) == 1000
        assert len(await made.reserve(1000)) == 1000
        assert now() == 0.0

    play(main())


def test_an_attempt_that_does_not_wait_still_counts():
    async def main():
        made = budget(limit=3)
        place = made.count("")
        made.answered(place)
        await made.reserve(1)
        assert now() == pytest.approx(WINDOW)

    play(main())


def test_the_address_that_the_limiter_uses_up_is_given_to_nobody_else():
    async def main():
        made = budget(addresses=("a", "b"))
        made.answered(made.count("limiter"))
        places = await made.reserve(36)
        assert {place.address for place in places} == {"a", "b"}
        assert made.addresses == ("a", "b")
        waiting = asyncio.ensure_future(made.reserve(1))
        await use(made, places, answer=1.0)
        assert (await waiting)[0].address in {"a", "b"}

    play(main())


def test_whoever_gives_up_waiting_takes_nothing():
    async def main():
        made = budget(limit=5)
        places = await made.reserve(3)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(made.reserve(3), 5.0)
        made.give_back(places)
        assert len(await made.reserve(3)) == 3

    play(main())


def test_places_that_nobody_will_ever_use_are_waited_for_in_vain():
    async def main():
        made = budget(limit=5)
        await made.reserve(3)
        await made.reserve(1)

    with pytest.raises(StuckError):
        play(main())


# any scenes on any limit

SCENES = st.lists(
    st.fixed_dictionaries(
        {
            "begins": st.sampled_from([0.0, 0.0, 1.0, 30.0, 70.0]),
            "declares": st.integers(1, 9),
            "makes": st.integers(0, 9),
            "answer": st.sampled_from([0.0, 0.2, 7.0, 61.0]),
            "counted": st.sampled_from([0.0, 0.5, 1.0]),
            "pause": st.sampled_from([0.0, 0.0, 5.0, 90.0]),
        }
    ),
    min_size=1,
    max_size=6,
)


async def perform(scenes, made):
    """Plays scenes as the stage does; gives by address the instants at which a target may have counted attempts."""
    moments = defaultdict(list)

    async def scene(*, begins, declares, makes, answer, counted, pause):
        await asyncio.sleep(begins)
        places = await made.reserve(declares)
        for _ in range(makes):
            places += [] if places else await made.reserve(1)
            place = places.pop(0)
            place.used = True
            moments[place.address].append(now() + answer * counted)
            await asyncio.sleep(answer)
            made.answered(place)
            await asyncio.sleep(pause)
        made.give_back(places)

    async with asyncio.TaskGroup() as group:
        for details in scenes:
            group.create_task(scene(**details))
    return moments


@settings(max_examples=60, deadline=None)
@given(SCENES, st.integers(1, 8), st.sampled_from([("",), ("a", "b")]))
def test_no_window_holds_more_than_the_limit_less_the_reserve_and_every_scene_ends(scenes, limit, addresses):
    async def main():
        return await perform(scenes, budget(limit=limit, addresses=addresses))

    moments = play(main())
    assert sum(map(len, moments.values())) == sum(scene["makes"] for scene in scenes)
    for instants in moments.values():
        for since in instants:
            within = sum(since <= instant < since + WINDOW - 1e-6 for instant in instants)
            assert within <= max(1, limit - RESERVE)
