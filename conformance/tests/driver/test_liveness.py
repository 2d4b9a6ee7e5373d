"""A target is dead where nobody listens any more and no stream has survived."""

import asyncio
import contextlib

import pytest

from sse_conform import entries as e
from sse_conform.driver import knock as looks
from sse_conform.driver import liveness as module
from sse_conform.driver.clock import Clock
from sse_conform.driver.liveness import Liveness
from sse_conform.errors import DeadTargetError
from sse_conform.profile import Profile
from sse_conform.recorder import Recorder
from sse_conform.redaction import Redactor


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(looks, "KEPT", 0.02)
    monkeypatch.setattr(module, "LAST_WORDS", 0.02)
    monkeypatch.setattr(module, "BETWEEN", 0.01)
    monkeypatch.setattr(module, "PATIENCE", 0.2)


class Listens:
    """A stream that is open."""

    listens = True


class Target:
    """A port on which somebody listens or not; it counts who came."""

    def __init__(self):
        self.server = None
        self.port = 0
        self.visits = 0

    async def listen(self, *, drops=0):
        async def serve(reader, writer):
            self.visits += 1
            if self.visits > drops:
                with contextlib.suppress(ConnectionError):
                    await reader.read()
            writer.close()

        self.server = await asyncio.start_server(serve, "127.0.0.1", self.port)
        self.port = self.server.sockets[0].getsockname()[1]

    async def leave(self):
        self.server.close()
        await asyncio.sleep(0)


@pytest.fixture
async def target():
    made = Target()
    await made.listen()
    yield made
    await made.leave()


@pytest.fixture
async def watch(target):
    """Makes the watch over the target, with these streams; what it records is at ``watch.recorder``."""
    made = []

    def make(*streams, tell=lambda _text: None):
        recorder = Recorder(Redactor())
        watched = Liveness(Profile(url=f"http://127.0.0.1:{target.port}"), Clock(), recorder, streams, tell=tell)
        watched.met()
        made.append(watched)
        return watched, recorder

    yield make
    for each in made:
        await each.close()


def deaths(recorder):
    return [entry for entry in recorder.entries if isinstance(entry, e.Died)]


async def test_a_target_that_listens_is_not_dead_whatever_was_lost(target, watch):
    watched, recorder = watch()
    watched.suspect(1)
    assert await watched.returned()
    assert (deaths(recorder), watched.died) == ([], False)


async def test_a_listener_that_is_just_being_closed_is_looked_at_again(target, watch):
    await target.leave()
    await target.listen(drops=1)
    watched, recorder = watch()
    watched.suspect(1)
    assert await watched.returned()
    assert (deaths(recorder), target.visits) == ([], 2)


async def test_a_target_that_never_answered_has_not_died(target):
    recorder = Recorder(Redactor())
    watched = Liveness(Profile(url=f"http://127.0.0.1:{target.port}"), Clock(), recorder, ())
    await target.leave()
    watched.suspect(0)
    assert await watched.returned()
    assert recorder.entries == []


async def test_a_target_on_whose_port_nobody_listens_is_dead_since_the_loss(target, watch):
    await target.leave()
    watched, recorder = watch()
    watched.suspect(7)
    assert not await watched.returned()
    (died,) = deaths(recorder)
    assert (died.t, died.endpoint, died.back) == (7, f"127.0.0.1:{target.port}", 0)


async def test_where_a_stream_goes_on_the_process_lives(target, watch):
    await target.leave()
    watched, recorder = watch(Listens())
    watched.suspect(1)
    assert await watched.returned()
    assert deaths(recorder) == []


async def test_a_target_that_is_back_is_told_and_can_die_again(target, watch):
    told, back = [], []
    watched, recorder = watch(tell=told.append)
    watched.on_return = lambda: back.append(True)
    for number in (1, 2):
        await target.leave()
        watched.suspect(number)
        asyncio.get_running_loop().call_later(0.1, lambda: asyncio.ensure_future(target.listen()))
        assert await watched.returned()
    assert [died.t for died in deaths(recorder)] == [1, 2]
    assert all(died.back > died.t for died in deaths(recorder))
    assert len(back) == 2
    assert [text.partition(":")[0][:17] for text in told] == ["the target died", "the target listen"] * 2


async def test_one_death_is_examined_once_however_many_connections_it_took(target, watch):
    await target.leave()
    watched, recorder = watch()
    for t in range(3):
        watched.suspect(t)
    assert not await watched.returned()
    watched.suspect(9)
    assert [died.t for died in deaths(recorder)] == [0]


async def test_a_scene_ends_when_the_target_dies(target, watch):
    watched, _ = watch()
    playing = asyncio.ensure_future(watched.during(asyncio.sleep(60)))
    await asyncio.sleep(0)
    await target.leave()
    watched.suspect(1)
    with pytest.raises(DeadTargetError, match="nobody listens"):
        await asyncio.wait_for(playing, 10)


async def test_a_scene_whose_last_act_killed_the_target_is_not_over_before_that_is_clear(target, watch):
    watched, _ = watch()

    async def play():
        await target.leave()
        watched.suspect(1)

    with pytest.raises(DeadTargetError):
        await watched.during(play())


async def test_what_a_scene_raises_is_raised(target, watch):
    watched, _ = watch()

    async def play():
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await watched.during(play())
