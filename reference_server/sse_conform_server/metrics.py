"""Prometheus metrics (plan, Metrics). No label tells one user from another."""

from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic

from prometheus_client import CollectorRegistry, Counter, Gauge, Summary, generate_latest


class Metrics:
    """Open streams, how long they lasted (sum / count is the average), notifications written to them."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._open = Gauge("sse_open_connections", "Streams open now.", registry=self._registry)
        self._duration = Summary(
            "sse_stream_duration_seconds", "How long finished streams were open.", registry=self._registry
        )
        self._events = Counter(
            "sse_events_sent", "Notifications written to streams, replays included.", registry=self._registry
        )

    @contextmanager
    def stream(self) -> Iterator[None]:
        """Count a stream as open for the length of the block."""
        started = monotonic()
        self._open.inc()
        try:
            yield
        finally:
            self._open.dec()
            self._duration.observe(monotonic() - started)

    def event_sent(self) -> None:
        """One notification was written to one stream."""
        self._events.inc()

    def exposition(self) -> bytes:
        """The Prometheus text format."""
        return generate_latest(self._registry)
