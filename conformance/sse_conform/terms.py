"""The terms of a run: the numbers and declarations that rules judge by, as the profile fixed them."""

import msgspec

from sse_conform.spec import Capability

#: A heartbeat may be late by this share of its interval ...
HEARTBEAT_SHARE = 0.2
#: ... and by at least this many seconds: event loops and timers on busy machines are late by some tenths.
HEARTBEAT_FLOOR = 0.8


class Accepted(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A rule (or a glob of rules) that may stay untested, with the reason that its owner gives."""

    rule: str
    reason: str


class Terms(msgspec.Struct, frozen=True, kw_only=True):
    """
    What was promised. Durations in seconds, ``retry`` in milliseconds.

    The defaults are the plan's numbers; ``capabilities`` holds what the profile declares and provides. ``quick`` says
    that the run was to be a quick one: of some scenes only a part is played.
    """

    heartbeat: float = 25.0
    latency: float = 2.0
    rate_limit: int = 20
    rate_window: float = 60.0
    snapshot_items: int = 20
    retry: int | None = None
    leeway: float = 60.0
    burst: int = 50
    max_stream_age: float | None = None
    kept_items: int = 50
    fallback: float = 60.0
    grace: float = 10.0
    metric_names: tuple[str, str, str] = (
        "sse_open_connections",
        "sse_stream_duration_seconds",
        "sse_events_sent_total",
    )
    allowed_origin: str = ""
    polling_page: str = ""
    quick: bool = False
    capabilities: tuple[Capability, ...] = ()
    accept_untested: tuple[Accepted, ...] = ()

    @property
    def silence(self) -> float:
        """The longest silence that an idle stream may keep, in seconds."""
        return self.heartbeat + max(self.heartbeat * HEARTBEAT_SHARE, HEARTBEAT_FLOOR)

    @property
    def idle(self) -> float:
        """How long an idle stream is watched: longer than three heartbeats, or the declared age of a stream."""
        return min(3 * self.heartbeat + (self.silence - self.heartbeat), self.max_stream_age or float("inf"))

    def has(self, capability: Capability) -> bool:
        """Whether the profile declares or provides ``capability``."""
        return capability in self.capabilities
