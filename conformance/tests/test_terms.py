import pytest

from sse_conform.spec import Capability
from sse_conform.terms import Terms


@pytest.mark.parametrize(("heartbeat", "silence"), [(25.0, 30.0), (4.0, 4.8), (2.0, 2.8), (0.5, 1.3)])
def test_a_heartbeat_may_be_late_by_a_fifth_and_by_no_less_than_0_8_s(heartbeat, silence):
    assert Terms(heartbeat=heartbeat).silence == pytest.approx(silence)


def test_an_idle_stream_is_watched_longer_than_three_heartbeats():
    assert Terms(heartbeat=25.0).idle == pytest.approx(80.0)
    assert Terms(heartbeat=2.0).idle == pytest.approx(6.8)


def test_a_stream_of_declared_age_is_watched_no_longer_than_that():
    assert Terms(heartbeat=25.0, max_stream_age=30.0).idle == 30.0
    assert Terms(heartbeat=2.0, max_stream_age=30.0).idle == pytest.approx(6.8)


def test_only_what_is_listed_is_had():
    terms = Terms(capabilities=(Capability.POLLING,))
    assert terms.has(Capability.POLLING)
    assert not terms.has(Capability.REPLAY)
