"""A running service for each test that asks."""

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, ExitStack
from typing import Any

import pytest

from sse_conform_server.faults.catalogue import find
from sse_conform_server.server import Running, background

from .support import Client, client_of, make_settings


@pytest.fixture(scope="session")
def service() -> Iterator[Running]:
    """One service with roomy limits, shared by tests that do not mind each other."""
    with background(make_settings()) as running:
        yield running


@pytest.fixture
async def client(service: Running) -> AsyncIterator[Client]:
    async with client_of(service.url) as client:
        yield client


@pytest.fixture
def start() -> Iterator[Callable[..., Running]]:
    """Start a service of one's own: `start("fault-name", heartbeat=1.0)`."""
    with ExitStack() as stack:

        def starting(*faults: str, **changes: Any) -> Running:
            return stack.enter_context(background(make_settings(**changes), [find(name) for name in faults]))

        yield starting


@pytest.fixture
async def connect() -> AsyncIterator[Callable[[Running], Any]]:
    async with AsyncExitStack() as stack:

        async def connecting(running: Running) -> Client:
            return await stack.enter_async_context(client_of(running.url))

        yield connecting
