"""The tables of a profile that say what a service promised: numbers, names, and what it claims to have."""

from typing import Annotated

import msgspec

Positive = Annotated[float, msgspec.Meta(gt=0)]
Count = Annotated[int, msgspec.Meta(ge=1)]


class Table(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A table of the profile; unknown keys are errors."""


class MetricNames(Table, frozen=True, kw_only=True):
    """How the three metrics of the plan are called in the Prometheus text."""

    open_connections: str = "sse_open_connections"
    stream_duration: str = "sse_stream_duration_seconds"
    events_sent: str = "sse_events_sent_total"


class Cors(Table, frozen=True, kw_only=True):
    """The exact origin that the service admits across sites."""

    allowed_origin: str = ""


class Numbers(Table, frozen=True, kw_only=True):
    """What was promised: seconds, except ``retry`` (milliseconds). ``rate_limit = 0``: no limit is expected."""

    heartbeat: Positive = 25.0
    latency: Positive = 2.0
    rate_limit: Annotated[int, msgspec.Meta(ge=0)] = 20
    rate_window: Positive = 60.0
    snapshot_items: Count = 20
    retry: Count | None = None
    burst: Count = 50
    max_stream_age: Positive | None = None


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
