import asyncio
import threading

import pytest

from sse_conform_server.models import Kind, Role, User
from sse_conform_server.settings import SettingsError
from sse_conform_server.store import Draft, open_store

ALICE = User(id="a", username="alice", role=Role.ANALYST)


def draft(message):
    return Draft(type=Kind.ALERT, message=message, recipient=ALICE.id)


@pytest.fixture
async def store(tmp_path):
    opened = open_store(str(tmp_path / "service.sqlite3"))
    await opened.prepare()
    await opened.add_user(ALICE, password_hash="")
    yield opened
    await opened.close()


class Held:
    """A write that is under way until it is let go."""

    def __init__(self, store):
        self.store = store
        self.begun, self.goes_on = threading.Event(), threading.Event()

    def work(self, connection):
        self.begun.set()
        assert self.goes_on.wait(10)
        return self.store._add_notifications(connection, draft("first"))

    async def begin(self):
        writing = asyncio.create_task(self.store.write(self.work))
        assert await asyncio.to_thread(self.begun.wait, 10)
        return writing


async def kept(store):
    return [(item.id, item.message) for item in (await store.after(ALICE.id, 0, 10)).items]


async def test_a_write_whose_asker_is_gone_ends_before_the_next_one_begins(store):
    held = Held(store)
    first = await held.begin()
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    began = threading.Event()

    def second(connection):
        began.set()
        return store._add_notifications(connection, draft("second"))

    writing = asyncio.create_task(store.write(second))
    assert await kept(store) == []  # reading goes on meanwhile
    assert not began.is_set()
    held.goes_on.set()
    await writing
    assert await kept(store) == [(1, "first"), (2, "second")]


async def test_what_is_under_way_is_ended_before_the_store_closes(tmp_path, store):
    held = Held(store)
    writing = await held.begin()
    held.goes_on.set()
    await store.close()
    await writing
    again = open_store(str(tmp_path / "service.sqlite3"))
    assert await kept(again) == [(1, "first")]
    await again.close()


async def test_a_transaction_that_fails_keeps_nothing(store):
    def fails(connection):
        store._add_notifications(connection, draft("lost"))
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await store.write(fails)
    assert await kept(store) == []


@pytest.mark.parametrize(
    ("database", "said"),
    [
        (":memory:", "say `memory`"),
        ("sqlite://", "say `memory`"),
        ("sqlite+aiosqlite:///x", "asynchronous"),
        ("nosuch://x", "nosuch"),
    ],
)
def test_a_database_that_cannot_be_used_is_a_mistake_in_the_settings(database, said):
    with pytest.raises(SettingsError, match=rf"^database: .*{said}"):
        open_store(database)
