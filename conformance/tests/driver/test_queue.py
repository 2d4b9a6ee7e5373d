import asyncio

import pytest

from sse_conform.driver.queue import MOST_WINDOWS, SHORTEST, AttemptQueue, retry_after

from ..virtual_time import now, play

WINDOW = 60.0
HERE = "127.0.0.1"


def queue():
    return AttemptQueue(window=WINDOW, monotonic=now)


def told(seconds):
    return [("retry-after", str(seconds))]


async def turns(made, count, *, answer=1.0):
    """So many attempts come at the same time; when each has its turn."""
    began = []

    async def one():
        await made.enter(HERE)
        began.append(now())
        await asyncio.sleep(answer)
        made.leave(HERE)

    await asyncio.gather(*(one() for _ in range(count)))
    return began


def test_nobody_queues_before_something_was_refused():
    made = queue()
    assert not made.stands_before(HERE)


def test_only_the_address_that_was_refused_queues():
    async def main():
        made = queue()
        assert made.refused(HERE, told(5), waited=0.0)
        assert made.stands_before(HERE)
        assert not made.stands_before("127.0.0.2")

    play(main())


def test_the_target_says_when_to_come_back_and_then_one_goes_after_another():
    async def main():
        made = queue()
        made.refused(HERE, told(5), waited=0.0)
        assert await turns(made, 3) == [5.0, 6.0, 7.0]

    play(main())


@pytest.mark.parametrize(
    ("headers", "seconds"), [([], WINDOW), (told(3600), WINDOW), (told(0), SHORTEST), (told("soon"), WINDOW)]
)
def test_without_a_sensible_word_a_window_is_waited_and_never_more(headers, seconds):
    async def main():
        made = queue()
        made.refused(HERE, headers, waited=0.0)
        assert await turns(made, 1) == [seconds]

    play(main())


def test_after_two_windows_of_refusals_nobody_waits_any_more():
    async def main():
        made = queue()
        assert made.refused(HERE, told(50), waited=MOST_WINDOWS * WINDOW - 1)
        assert not made.refused(HERE, told(50), waited=MOST_WINDOWS * WINDOW)
        assert not made.stands_before(HERE)
        assert not made.refused("127.0.0.2", told(1), waited=0.0)
        assert await turns(made, 1) == [0.0]

    play(main())


def test_one_that_gives_up_waiting_leaves_the_queue_to_the_others():
    async def main():
        made = queue()
        made.refused(HERE, told(5), waited=0.0)
        gone = asyncio.create_task(made.enter(HERE))
        await asyncio.sleep(1)
        gone.cancel()
        assert await turns(made, 1) == [5.0]

    play(main())


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "7"}, 7.0),
        (
            {"retry-after": "Tue, 24 Nov 2026 00:34:09 GMT", "date": "Tue, 24 Nov 2026 00:34:04 GMT"},
            5.0,
        ),
        ({"retry-after": "-3"}, 60.0),
        ({"retry-after": "9" * 400}, 60.0),
        ({"retry-after": "Tue, 99 Nov 2026 00:34:09 GMT"}, 60.0),
        ({"retry-after": "Tue, 24 Nov 2026 00:34:09 GMT", "date": "yesterday"}, 60.0),
        ({}, 60.0),
    ],
)
def test_retry_after_is_a_number_or_a_date(headers, seconds):
    assert retry_after(headers, default=60.0) == seconds
