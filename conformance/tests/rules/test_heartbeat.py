"""Silence is measured between bytes, up to the interval and its tolerance."""

import pytest

from sse_conform import entries as e
from sse_conform.rules import BY_ID
from sse_conform.spec import Capability
from sse_conform.terms import Terms
from sse_conform.verdict import Outcome, judge

from ..records import completed, disturbed, event, notification, snapshot, stream, transcript

IDLE, AFTER = "idle.stream", "heartbeat.after-events"
#: The longest silence is 12 seconds.
TERMS = Terms(heartbeat=10.0, capabilities=tuple(Capability))
PING = event("ping", {})


def verdict(rule, *pieces, until=100.0, scene=IDLE, more=(), **attempt):
    line = stream(*pieces, scene=scene, ends=(until, e.EndKind.CLOSED), **attempt)
    return judge(BY_ID[rule], transcript(line, *more, completed(scene), terms=TERMS))


@pytest.mark.parametrize(
    ("rule", "scene", "first"),
    [("heartbeat.no-silence", IDLE, snapshot()), ("heartbeat.after-events", AFTER, notification())],
)
class TestSilence:
    def outcome(self, rule, scene, *pieces, **more):
        return verdict(rule, *pieces, scene=scene, **more).outcome

    def test_it_may_be_as_long_as_the_interval_and_its_tolerance(self, rule, scene, first):
        assert self.outcome(rule, scene, (1, first), (13, PING), until=25) is Outcome.PASS
        assert self.outcome(rule, scene, (1, first), (13.25, PING), until=25) is Outcome.FAIL
        assert self.outcome(rule, scene, (1, first), until=13.25) is Outcome.FAIL

    def test_a_comment_breaks_it_too(self, rule, scene, first):
        assert self.outcome(rule, scene, (1, first), (10, b":\n\n"), (20, b":\n\n"), until=25) is Outcome.PASS

    def test_lag_explains_it_where_it_was_as_long_as_the_silence_was_too_long(self, rule, scene, first):
        pieces = ((1, first), (13.25, PING))
        found = [self.outcome(rule, scene, *pieces, until=25, more=[disturbed(5, 5 + lag)]) for lag in (0.2, 0.3)]
        assert found == [Outcome.FAIL, Outcome.INCONCLUSIVE]


def test_a_finding_points_at_what_ended_the_silence():
    (breach,) = verdict("heartbeat.no-silence", (1, snapshot()), (15, PING), until=20).breaches
    assert (breach.actual, breach.evidence.t) == ("nothing for 14.000 s", 15_000_000_000)
    (open_end,) = verdict("heartbeat.no-silence", (1, snapshot()), until=20).breaches
    assert open_end.evidence.t == 0


@pytest.mark.parametrize(
    ("pieces", "until", "wanted"),
    [
        (((1, snapshot()), (9, PING)), 10, Outcome.PASS),
        (((1, snapshot()), (9, b":\n\n")), 20, Outcome.FAIL),
        (((1, snapshot()), (9, b":\n\n")), 13, Outcome.UNTESTED),
        (((1, snapshot()),), 20, Outcome.UNTESTED),
        (((1, snapshot()), (9, event("message", {}))), 20, Outcome.FAIL),
        (((1, snapshot()), (9, event("ping", {}).replace(b"data: {}\n", b""))), 20, Outcome.PASS),
    ],
    ids=["a ping", "a comment", "none was due", "nothing, which is for another rule", "another event", "without data"],
)
def test_what_keeps_a_stream_alive_is_named_ping(pieces, until, wanted):
    assert verdict("heartbeat.named-ping", *pieces, until=until).outcome is wanted


def test_a_finding_says_what_came_instead():
    (breach,) = verdict("heartbeat.named-ping", (1, snapshot()), (9, b": a\n: b\n\n"), until=20, at=0.5).breaches
    assert breach.actual == "none in 19.5 s (events: snapshot; comments: 2)"


@pytest.mark.parametrize(("beats", "wanted"), [(11, Outcome.PASS), (12, Outcome.WARN)])
def test_a_ping_comes_at_most_ten_times_as_often_as_promised(beats, wanted):
    found = verdict("heartbeat.not-too-fast", *((1 + at / 4, PING) for at in range(beats)), until=10)
    assert found.outcome is wanted
    assert [breach.expected for breach in found.breaches] == ["at most 11 in 10.0 s"] * found.findings


def test_events_count_from_the_first_one_on():
    assert verdict("heartbeat.after-events", (1, snapshot()), scene=AFTER).outcome is Outcome.UNTESTED
    late = ((1, snapshot()), (30, notification()), (40, PING))
    assert verdict("heartbeat.after-events", *late, until=50, scene=AFTER).outcome is Outcome.PASS


def test_news_after_a_long_silence_is_no_sign_of_a_heartbeat():
    assert verdict("heartbeat.named-ping", (1, snapshot()), (20, notification()), until=25).outcome is Outcome.UNTESTED
