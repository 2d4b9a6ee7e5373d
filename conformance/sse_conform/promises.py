"""The tables of a profile that say what a service promised: routes, names, numbers, and what it claims to have."""

from typing import Annotated

import msgspec

Positive = Annotated[float, msgspec.Meta(gt=0)]
Count = Annotated[int, msgspec.Meta(ge=1)]


class Table(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A table of the profile; unknown keys are errors."""


class Paths(Table, frozen=True, kw_only=True):
    """Where the service has its routes; ``stream_of`` names a user, where the service has such a path."""

    stream: str = "/api/stream/notifications"
    stream_of: str = ""
    polling: str = "/api/notifications"
    metrics: str = "/metrics"


class Polling(Table, frozen=True, kw_only=True):
    """How polling answers: ``page`` is the JSON pointer of {"unread", "items", "next"} where that is wrapped."""

    page: str = ""


class MetricNames(Table, frozen=True, kw_only=True):
    """How the three metrics of the plan are called in the Prometheus text."""

    open_connections: str = "sse_open_connections"
    stream_duration: str = "sse_stream_duration_seconds"
    events_sent: str = "sse_events_sent_total"


class Cors(Table, frozen=True, kw_only=True):
    """The exact origin that the service admits across sites."""

    allowed_origin: str = ""


class Numbers(Table, frozen=True, kw_only=True):
    """
    What was promised: seconds, except ``retry`` (milliseconds). ``rate_limit = 0``: no limit is expected.

    Two are the client's: it keeps the newest ``kept_items``, and where push is refused it polls within ``fallback``,
    and is back on push as soon once it can be. A target that is stopped has ended its streams within ``grace``.
    """

    heartbeat: Positive = 25.0
    latency: Positive = 2.0
    rate_limit: Annotated[int, msgspec.Meta(ge=0)] = 20
    rate_window: Positive = 60.0
    snapshot_items: Count = 20
    retry: Count | None = None
    burst: Count = 50
    max_stream_age: Positive | None = None
    kept_items: Count = 50
    fallback: Positive = 60.0
    grace: Positive = 10.0


class Declared(Table, frozen=True, kw_only=True):
    """The MAY capabilities that the service claims to have; each is judged as MUST once declared."""

    polling: bool = False
    replay: bool = False
    metrics: bool = False
    websocket: bool = False
    cors: bool = False
    closes_at_expiry: bool = False
    header_and_cookie: bool = False
    odd_names: bool = False
    trusted_proxy: bool = False
