"""Faults of metrics that are there and do not tell the truth."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from time import monotonic

from starlette.responses import Response

from sse_conform_server.faults.fault import Fault, fault
from sse_conform_server.metrics import Metrics
from sse_conform_server.refusals import Refusals


class _Balancing(Refusals):
    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics

    def unauthorised(self, *, missing: bool) -> Response:
        """Count down what was never counted up."""
        self._metrics._open.dec()  # noqa: SLF001 - a fault reaches where it should not
        return super().unauthorised(missing=missing)


class _TwiceDown(Metrics):
    @contextmanager
    def stream(self) -> Iterator[None]:
        """Count down at the error and once more at the end."""
        with super().stream():
            yield
        self._open.dec()


class _Silent(Metrics):
    def event_sent(self) -> None:
        """Nobody calls the counter."""


class _Unfinished(Metrics):
    @contextmanager
    def stream(self) -> Iterator[None]:
        """Observe the duration after the response is through, which it never is when the client goes."""
        self._open.inc()
        try:
            yield
        finally:
            self._open.dec()


class _Instant(_Unfinished):
    @contextmanager
    def stream(self) -> Iterator[None]:
        """Take the beginning where the end is."""
        try:
            with super().stream():
                yield
        finally:
            self._duration.observe(0.0)


class _Milliseconds(_Unfinished):
    @contextmanager
    def stream(self) -> Iterator[None]:
        """Take the clock for one of milliseconds."""
        started = monotonic()
        try:
            with super().stream():
                yield
        finally:
            self._duration.observe(1000 * (monotonic() - started))


FAULTS: tuple[Fault, ...] = (
    fault(
        "gauge-falls-by-refusals",
        "A middleware counts every end down, also of attempts that were refused before they were counted up.",
        lambda parts: replace(parts, refusals=_Balancing(parts.metrics)),
        "metrics.gauge-rises",
    ),
    fault(
        "gauge-falls-twice",
        "A stream that is lost is counted down by the handler of errors and by that of ends.",
        lambda parts: replace(parts, metrics=_TwiceDown()),
        "metrics.gauge-rises",
    ),
    fault(
        "events-not-counted",
        "The counter of events is exposed, and nobody counts it up.",
        lambda parts: replace(parts, metrics=_Silent()),
        "metrics.counts-events",
    ),
    fault(
        "durations-of-nothing",
        "The beginning of a stream is taken at its end: every duration is zero.",
        lambda parts: replace(parts, metrics=_Instant()),
        "metrics.counts-durations",
    ),
    fault(
        "durations-in-milliseconds",
        "Durations are observed in milliseconds, and the metric is named for seconds.",
        lambda parts: replace(parts, metrics=_Milliseconds()),
        "metrics.counts-durations",
    ),
    fault(
        "durations-unfinished",
        "A duration is observed where the handler returns, which it does not when the client goes.",
        lambda parts: replace(parts, metrics=_Unfinished()),
        "metrics.counts-durations",
    ),
)
