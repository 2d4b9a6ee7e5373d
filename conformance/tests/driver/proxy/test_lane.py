"""One direction of a connection, into a socket that keeps the borders of what is written."""

import asyncio
import socket

import pytest

from sse_conform.driver.proxy_lane import CAPACITY_BYTES, PIECE_BYTES, Lane, Shape
from sse_conform.driver.proxy_wire import Wire


@pytest.fixture
def ends():
    sink, reader = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with sink, reader:
        for end in (sink, reader):
            end.settimeout(0)
        yield sink, reader


async def written(reader: socket.socket, count: int) -> list[bytes]:
    async with asyncio.timeout(5):
        return [await asyncio.get_running_loop().sock_recv(reader, PIECE_BYTES) for _ in range(count)]


@pytest.mark.parametrize(
    ("shape", "pieces"),
    [
        (Shape(), [b"abcde", b"fg"]),
        (Shape(size=2), [b"ab", b"cd", b"e", b"fg"]),
        (Shape(rate=60), [b"abc", b"de", b"fg"]),
        (Shape(rate=60).joined(Shape(size=2)), [b"ab", b"cd", b"e", b"fg"]),
    ],
)
async def test_pieces_are_cut_as_the_shape_says_and_never_merged(shape, pieces, ends):
    lane = Lane(Wire(ends[0]), shape)
    await lane.put(b"abcde")
    await lane.put(b"fg")
    lane.end()
    delivering = asyncio.create_task(lane.deliver())
    assert await written(ends[1], len(pieces)) == pieces
    assert not await delivering
    assert lane.sent == 7


async def test_a_full_lane_takes_no_more_until_some_has_left(ends):
    lane = Lane(Wire(ends[0]), Shape(held=True))
    for _ in range(CAPACITY_BYTES // PIECE_BYTES):
        await lane.put(bytes(PIECE_BYTES))
    putting = asyncio.create_task(lane.put(b"more"))
    delivering = asyncio.create_task(lane.deliver())
    done, _ = await asyncio.wait({putting}, timeout=0.05)
    assert not done
    lane.reshape(Shape())
    received = written(ends[1], CAPACITY_BYTES // PIECE_BYTES + 1)
    assert (await received)[-1] == b"more"
    assert putting.done()
    delivering.cancel()


async def test_the_first_end_counts_and_what_follows_is_dropped(ends):
    lane = Lane(Wire(ends[0]), Shape())
    lane.end(reset=True)
    lane.end()
    await lane.put(b"late")
    assert await lane.deliver()
    assert lane.sent == 0


async def test_a_sink_that_is_gone_ends_the_waiting_for_room(ends):
    lane = Lane(Wire(ends[0]), Shape())
    for _ in range(CAPACITY_BYTES // PIECE_BYTES):
        await lane.put(bytes(PIECE_BYTES))
    putting = asyncio.create_task(lane.put(b"more"))
    ends[1].close()
    with pytest.raises(OSError, match="pipe"):
        await lane.deliver()
    await putting
    await lane.drained()
