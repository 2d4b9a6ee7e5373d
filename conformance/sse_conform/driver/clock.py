"""The time scale of a run: nanoseconds since its start, on the monotonic clock."""

import time
from datetime import UTC, datetime, timedelta

_BRACKETS = 3


class Clock:
    """
    One per run; every instant in a transcript is read from it.

    Instants are integers: nanoseconds since the clock was made, on CLOCK_MONOTONIC, so neither a stepped nor a
    slewed wall clock bends a measured interval.
    """

    def __init__(self) -> None:
        self.started_at = datetime.now(UTC)
        self._origin = time.monotonic_ns()

    def now(self) -> int:
        """Nanoseconds since the start of the run."""
        return time.monotonic_ns() - self._origin

    def from_realtime(self, ns: int) -> int:
        """
        Map a CLOCK_REALTIME stamp (nanoseconds since the epoch, as the kernel puts on packets) to the run's scale.

        The distance between both clocks is measured at each call, so call this right after the stamp was taken: a wall
        clock that was stepped earlier in the run then does no harm.
        """
        return ns - _realtime_ahead() - self._origin

    def wall(self, t: int) -> datetime:
        """The UTC time of an instant, for reports: the wall clock at the start of the run plus the time since."""
        return self.started_at + timedelta(microseconds=t / 1000)


def _realtime_ahead() -> int:
    """CLOCK_REALTIME minus CLOCK_MONOTONIC in nanoseconds: the tightest of a few bracketed samples."""
    samples = []
    for _ in range(_BRACKETS):
        before = time.monotonic_ns()
        realtime = time.time_ns()
        after = time.monotonic_ns()
        samples.append((after - before, realtime - (before + after) // 2))
    return min(samples)[1]
