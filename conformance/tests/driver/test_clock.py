import time
from datetime import UTC, datetime, timedelta

MILLISECOND = 1_000_000


def test_instants_count_up_from_the_start_of_the_run(clock):
    first, second = clock.now(), clock.now()
    assert 0 <= first <= second


def test_a_realtime_stamp_lands_between_the_instants_around_it(clock):
    before = clock.now()
    stamp = time.time_ns()
    after = clock.now()
    assert before - MILLISECOND <= clock.from_realtime(stamp) <= after + MILLISECOND


def test_a_wall_clock_stepped_during_the_run_does_not_move_later_stamps(clock, monkeypatch):
    real = time.time_ns
    monkeypatch.setattr(time, "time_ns", lambda: real() - 3_600_000_000_000)
    before = clock.now()
    stamp = time.time_ns()
    after = clock.now()
    assert before - MILLISECOND <= clock.from_realtime(stamp) <= after + MILLISECOND


def test_wall_time_is_the_start_plus_the_instant(clock):
    assert clock.wall(0) == clock.started_at
    assert clock.wall(1_500_000_000) == clock.started_at + timedelta(seconds=1.5)
    assert clock.started_at.tzinfo is UTC
    assert clock.started_at <= datetime.now(UTC)
