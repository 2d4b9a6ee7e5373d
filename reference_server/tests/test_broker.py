"""Two instances over a real Redis: whoever is connected to one hears what happens on the other."""

import socket
import subprocess
import time
from contextlib import AsyncExitStack, ExitStack

import pytest

from sse_conform_server.faults.catalogue import find
from sse_conform_server.server import background

from .support import PATIENCE, Account, client_of, make_settings


class Redis:
    """A real one, on a socket in a folder."""

    def __init__(self, folder):
        self.socket = folder / "redis.sock"
        self.url = f"unix://{self.socket}"
        self._command = ("redis-server", "--port", "0", "--unixsocket", str(self.socket), "--save", "", "--dir", folder)

    def start(self):
        self._process = subprocess.Popen(self._command, stdout=subprocess.DEVNULL)
        deadline = time.monotonic() + PATIENCE
        with socket.socket(socket.AF_UNIX) as door:
            while door.connect_ex(str(self.socket)):
                assert time.monotonic() < deadline, "redis-server did not start"
                time.sleep(0.01)

    def stop(self):
        self._process.kill()
        self._process.wait()

    def restart(self):
        self.stop()
        self.start()


@pytest.fixture
def redis(tmp_path):
    made = Redis(tmp_path)
    made.start()
    yield made
    made.stop()


@pytest.fixture
def instances(redis, tmp_path):
    """Start so many instances over one database and one Redis, with these faults."""
    with ExitStack() as stack:

        def start(*faults):
            shared = {"database": str(tmp_path / "shared.sqlite3"), "redis": redis.url, "heartbeat": 1.0}
            broken = [find(name) for name in faults]
            return [stack.enter_context(background(make_settings(**shared), broken)) for _ in range(2)]

        yield start


async def both(near, far, stack):
    """One user at both instances: an account for requests to the first, and a tab on the second."""
    one = await stack.enter_async_context(client_of(near.url))
    other = await stack.enter_async_context(client_of(far.url))
    user = await one.account()
    elsewhere = Account(user.id, user.username, user.token, other.http, other.stack)
    return user, elsewhere, await elsewhere.open()


async def test_what_one_publishes_the_streams_of_the_other_tell_once_and_in_order(instances):
    near, far = instances()
    async with AsyncExitStack() as stack:
        user, _, tab = await both(near, far, stack)
        await tab.snapshot()
        for number in range(5):
            await user.report(f"number {number}")
        told = [(await tab.notification())["message"] for _ in range(5)]
    assert [message.rpartition(" ")[2] for message in told] == ["0", "1", "2", "3", "4"]


@pytest.mark.parametrize("fault", [None, "logout-local"])
async def test_a_logout_at_one_ends_the_streams_of_its_token_at_the_other(instances, fault):
    near, far = instances(*filter(None, [fault]))
    async with AsyncExitStack() as stack:
        user, _, tab = await both(near, far, stack)
        await tab.snapshot()
        assert (await user.post("/api/auth/logout")).status_code == 204
        if fault:
            assert (await tab.next()).event == "ping"
        else:
            assert await tab.ended()


async def test_what_it_publishes_itself_comes_once(instances):
    near, _ = instances()
    async with client_of(near.url) as client:
        user = await client.account()
        tab = await user.open()
        await tab.snapshot()
        await user.report("first")
        await user.report("second")
        assert [(await tab.notification())["message"].rpartition(" ")[2] for _ in range(2)] == ["first", "second"]


async def test_without_its_broker_a_publish_is_no_success(instances, redis):
    near, _ = instances()
    async with client_of(near.url) as client:
        user = await client.account()
        redis.stop()
        answer = await user.post("/api/vulnerabilities", {"title": "unheard", "assignee": user.id})
    assert answer.status_code == 500


async def test_an_instance_that_tells_nobody_is_a_fault(instances):
    near, far = instances("instance-local")
    async with AsyncExitStack() as stack:
        user, _, tab = await both(near, far, stack)
        await tab.snapshot()
        await user.report("unheard")
        assert (await tab.next()).event == "ping"


async def test_when_the_broker_is_back_streams_that_may_have_missed_something_end_and_new_ones_hear(instances, redis):
    near, far = instances()
    async with AsyncExitStack() as stack:
        user, elsewhere, tab = await both(near, far, stack)
        await tab.snapshot()
        redis.restart()
        assert await tab.ended()
        again = await elsewhere.open()
        await again.snapshot()
        await user.report("heard")
        assert (await again.notification())["message"].endswith("heard")
