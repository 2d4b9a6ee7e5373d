"""All that the scenes of one run share."""

import ssl
from dataclasses import dataclass, field

from sse_conform.driver.accounts import Accounts
from sse_conform.driver.browser_process import BrowserProcess
from sse_conform.driver.budget import AttemptBudget
from sse_conform.driver.clock import Clock
from sse_conform.driver.liveness import Liveness
from sse_conform.driver.operator import Operator
from sse_conform.driver.queue import AttemptQueue
from sse_conform.driver.rest import Rest
from sse_conform.driver.stream_records import ForwardProxy
from sse_conform.driver.subscription import LiveSubscription
from sse_conform.driver.tokens import TokenMint
from sse_conform.profile import Profile
from sse_conform.recorder import Recorder
from sse_conform.run_events import Listener
from sse_conform.scenario import Scenario
from sse_conform.terms import Terms
from sse_conform.traces import Trace


@dataclass(frozen=True, kw_only=True, slots=True)
class World:
    """All that the scenes of one run share; ``process`` is the browser, where one was asked for."""

    profile: Profile
    terms: Terms
    clock: Clock
    recorder: Recorder
    rest: Rest
    accounts: Accounts
    budget: AttemptBudget
    browser_budget: AttemptBudget
    queue: AttemptQueue
    mint: TokenMint
    tls: ssl.SSLContext | None
    proxy: ForwardProxy | None
    listener: Listener
    liveness: Liveness
    streams: list[LiveSubscription]
    """Every attempt so far that our own sockets made."""
    operator: Operator | None = None
    """Who stops and starts the target, where anybody can."""
    process: BrowserProcess | None = None
    pictures: dict[str, bytes] = field(default_factory=dict)
    """The screenshots that were taken (PNG), by name."""
    traces: list[Trace] = field(default_factory=list)
    """What the devices did that are closed."""

    def budget_of(self, scene: Scenario) -> AttemptBudget:
        """Where the attempts of a scene are counted."""
        return self.browser_budget if scene.in_browser else self.budget
