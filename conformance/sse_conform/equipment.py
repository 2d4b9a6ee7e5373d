"""All that the scenes of one run share, made from its profile and given back at its end."""

import asyncio
import contextlib
import secrets
from collections.abc import AsyncIterator, Callable
from typing import Any

from sse_conform import entries as e
from sse_conform.driver.accounts import Accounts
from sse_conform.driver.browser_process import BrowserProcess
from sse_conform.driver.budget import AttemptBudget
from sse_conform.driver.clock import Clock
from sse_conform.driver.forward_proxy import forward_proxy
from sse_conform.driver.lag_probe import LagProbe
from sse_conform.driver.liveness import Liveness
from sse_conform.driver.operator import Operator
from sse_conform.driver.queue import AttemptQueue
from sse_conform.driver.rest import Rest
from sse_conform.driver.subscription import LiveSubscription
from sse_conform.driver.tokens import TokenMint
from sse_conform.driver.trust import client_context
from sse_conform.driver.world import World
from sse_conform.profile import Profile
from sse_conform.recorder import Recorder
from sse_conform.redaction import Redactor
from sse_conform.run_events import Listener, Message
from sse_conform.schedule import Addresses


@contextlib.asynccontextmanager
async def equipped(
    profile: Profile,
    addresses: Addresses,
    *,
    clock: Clock,
    redactor: Redactor,
    listener: Listener,
    browses: bool,
    operator: Operator | None = None,
    on_trouble: Callable[[str], None],
) -> AsyncIterator[World]:
    """
    The world of one run while the block lasts, its lag probe and, where it ``browses``, its browser running.

    ``on_trouble`` is told what fails in a callback of the loop: it is our trouble as well, and must not pass for the
    target's.
    """
    recorder = Recorder(redactor)
    tls = client_context(profile.tls) if profile.secure else None

    def tell(text: str) -> None:
        listener(Message(text=text))

    streams: list[LiveSubscription] = []
    proxy = forward_proxy(profile.proxy)
    liveness = Liveness(profile, clock, recorder, streams, tell=tell, proxy=proxy)
    rest = Rest(profile, clock, recorder, tls, tell=tell, on_lost=liveness.suspect)
    accounts = Accounts(profile, rest, redactor, nonce=secrets.token_hex(3))
    liveness.on_return = accounts.renew
    budget = _budget(profile, addresses.ordinary)
    world = World(
        profile=profile,
        terms=profile.terms,
        clock=clock,
        recorder=recorder,
        rest=rest,
        accounts=accounts,
        budget=budget,
        browser_budget=_budget(profile, addresses.browsers) if addresses.browsers else budget,
        queue=AttemptQueue(window=profile.numbers.rate_window),
        mint=TokenMint(profile.auth),
        tls=tls,
        proxy=proxy,
        listener=listener,
        liveness=liveness,
        streams=streams,
        operator=operator,
        process=BrowserProcess(profile.browser) if browses else None,
    )

    def lagged(since: int, until: int) -> None:
        recorder.add(e.Disturbed(t=since, until=until, kind=e.Disturbance.LAG))

    def failed(_loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        failure = context.get("exception") or context.get("message", "unknown")
        on_trouble(redactor.text(f"in the event loop: {type(failure).__name__}: {failure}"))

    loop = asyncio.get_running_loop()
    loop.set_exception_handler(failed)
    try:
        async with world.process or contextlib.nullcontext(), LagProbe(clock, on_lag=lagged):
            yield world
    finally:
        loop.set_exception_handler(None)
        await liveness.close()
        await rest.close()


def _budget(profile: Profile, addresses: tuple[str, ...]) -> AttemptBudget:
    numbers = profile.numbers
    return AttemptBudget(limit=numbers.rate_limit, window=numbers.rate_window, addresses=addresses)
