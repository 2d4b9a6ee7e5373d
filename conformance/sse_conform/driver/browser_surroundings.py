"""Whose browser a device is, and what it needs of the run and of its scene."""

from collections.abc import Callable
from dataclasses import dataclass, field

from sse_conform.driver.browser_process import BrowserProcess
from sse_conform.driver.browser_tab import Passing
from sse_conform.driver.budget import Place
from sse_conform.driver.clock import Clock
from sse_conform.driver.proxy_inspection import Inspection
from sse_conform.driver.tokens import TokenMint
from sse_conform.entries import TokenKind
from sse_conform.profile import Profile
from sse_conform.recorder import Recorder
from sse_conform.terms import Terms
from sse_conform.traces import Trace


@dataclass(frozen=True, kw_only=True, slots=True)
class Owner:
    """Whose browser it is: user name and password, credential (None for nobody's), what kind of token that is."""

    username: str = ""
    password: str = field(default="", repr=False)
    credential: str | None = None
    token: TokenKind = TokenKind.GENUINE


@dataclass(frozen=True, kw_only=True, slots=True)
class Surroundings:
    """What a device needs of the run and of its scene."""

    profile: Profile
    terms: Terms
    clock: Clock
    recorder: Recorder
    process: BrowserProcess
    scene: str
    address: str
    inspection: Inspection | None
    mint: TokenMint
    pictures: dict[str, bytes]
    traces: list[Trace]
    spend: Callable[[], Place]
    settle: Callable[[Place, int], None]
    passing: Passing
