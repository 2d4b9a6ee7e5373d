"""Between two looks at the metrics counts what was sent, and neither a refusal nor a ping."""

import pytest

from sse_conform import entries as e
from sse_conform.verdict import Outcome, Verdict

from ..records import published, snapshot, stream
from .scrapes import SCENE, gauge, life, look, verdict


def told(*events, at=1.0, ends=None, conn=1, **attempt):
    return stream((at + 0.1, snapshot()), *events, at=at, conn=conn, scene=SCENE, ends=ends, **attempt)


NEWS = b'event: notification\ndata: {"id": 1, "type": "alert", "message": "m"}\n\n'
PING = b"event: ping\ndata: {}\n\n"


def numbers(part, at, opened=0, sent=0):
    return look(part, f"open {opened}\nsent {sent}\n", at=at)


def refused(at, status=401):
    return stream(at=at, conn=7, scene=SCENE, token=e.TokenKind.GARBAGE, status=status)


def quiet(rule, *lines, sent=2, opened=1, fresh=1):
    """One event was sent and shown before the two quiet looks; what lies between them is judged."""
    looks = (numbers("before", 0.5), numbers("quiet", 5, 1, fresh), numbers("quiet", 9, opened, sent))
    return verdict(rule, *looks, told((3.0, NEWS), *(line for line in lines if isinstance(line, tuple))),
                   *(line for line in lines if not isinstance(line, tuple))).outcome  # fmt: skip


@pytest.mark.parametrize(
    ("grown", "wanted"),
    [
        ({"sent": 1, "opened": 1}, Outcome.PASS),
        ({"sent": 1, "opened": 2}, Outcome.FAIL),
        ({"sent": 2, "opened": 1}, Outcome.FAIL),
    ],
    ids=["neither", "the gauge", "the events"],
)
def test_a_refusal_counts_neither_as_a_stream_nor_as_an_event(grown, wanted):
    assert quiet("metrics.counts-no-refusals", refused(7), **grown) is wanted


@pytest.mark.parametrize(
    ("line", "wanted"),
    [
        (refused(7, 404), Outcome.UNTESTED),
        (refused(4.9), Outcome.UNTESTED),
        (refused(9.2), Outcome.UNTESTED),
        (refused(7, 400), Outcome.FAIL),
        (refused(7, 403), Outcome.FAIL),
    ],
    ids=["no refusal of a token", "before", "after", "400", "403"],
)
def test_only_what_was_refused_between_two_looks_is_judged(line, wanted):
    assert quiet("metrics.counts-no-refusals", line, sent=2) is wanted


def test_a_ping_counts_as_no_event():
    assert quiet("metrics.counts-no-pings", (7.0, PING), sent=1) is Outcome.PASS
    assert quiet("metrics.counts-no-pings", (7.0, PING), sent=2) is Outcome.FAIL
    assert quiet("metrics.counts-no-pings", (7.0, PING), (7.1, NEWS), sent=2) is Outcome.PASS
    assert quiet("metrics.counts-no-pings", (4.0, PING), sent=2) is Outcome.UNTESTED
    assert quiet("metrics.counts-no-refusals", refused(7), (7.0, PING), sent=2) is Outcome.PASS


@pytest.mark.parametrize(("at", "wanted"), [(5.1, Outcome.UNTESTED), (8.9, Outcome.FAIL), (9.0, Outcome.UNTESTED)])
def test_only_a_ping_that_came_surely_between_two_looks_is_judged(at, wanted):
    assert quiet("metrics.counts-no-pings", (at, PING), sent=2) is wanted


def test_where_no_event_came_none_need_count():
    left = told((3.0, PING), at=1.0, ends=(11.0, e.EndKind.CLOSED))
    looks = [numbers("before", 0.5), numbers("meanwhile", 6, opened=1), numbers("afterwards", 15)]
    assert verdict("metrics.counts-events", *looks, left).outcome is Outcome.UNTESTED


def test_a_finding_names_the_counter_that_stands_still_and_says_what_came():
    left = told((3.0, NEWS), at=1.0, ends=(11.0, e.EndKind.CLOSED))
    looks = [numbers("before", 0.5), numbers("meanwhile", 6, opened=1), numbers("afterwards", 15)]
    (breach,) = verdict("metrics.counts-events", *looks, left).breaches
    assert (breach.expected, breach.actual) == ("sent to grow: 1 events came", "by 0")


def test_metrics_that_are_not_fresh_tell_nothing():
    assert quiet("metrics.counts-no-pings", (7.0, PING), sent=5, fresh=0) is Outcome.UNTESTED


@pytest.mark.parametrize(
    ("grown", "events", "durations"),
    [
        ("open 0\nsent 3\nlife_seconds_count 1\nlife_seconds_sum 10\n", Outcome.PASS, Outcome.PASS),
        ("open 0\nsent 0\nlife_seconds_count 1\nlife_seconds_sum 4.95\n", Outcome.FAIL, Outcome.PASS),
        ("open 0\nsent 1\nlife_seconds_count 0\nlife_seconds_sum 10\n", Outcome.PASS, Outcome.FAIL),
        ("open 0\nsent 1\nlife_seconds_count 1\nlife_seconds_sum 4.9\n", Outcome.PASS, Outcome.FAIL),
        ("open 0\n", Outcome.PASS, Outcome.PASS),
        ("open 1\nsent 0\nlife_seconds_count 0\nlife_seconds_sum 0\n", Outcome.UNTESTED, Outcome.UNTESTED),
    ],
    ids=["all", "no event", "no stream", "less than half of its life", "not there", "the gauge has not fallen"],
)
def test_events_and_lives_of_streams_that_were_left_count(grown, events, durations):
    left = told((3.0, NEWS), at=1.0, ends=(11.0, e.EndKind.CLOSED))
    nothing = "open 0\nsent 0\nlife_seconds_count 0\nlife_seconds_sum 0\n"
    counts = nothing.replace("open 0", "open 1")
    looks = (look("before", nothing, at=0.5), look("meanwhile", counts, at=6), look("afterwards", grown, at=15))
    assert verdict("metrics.counts-events", *looks, left).outcome is events
    assert verdict("metrics.counts-durations", *looks, left).outcome is durations


def durations(last, *others, closed=11.0, quiet="open 1\nlife_seconds_count 1\nlife_seconds_sum 10\n"):
    left = told((3.0, NEWS), at=1.0, ends=(closed, e.EndKind.CLOSED))
    looks = [look("before", "open 1\nlife_seconds_count 0\nlife_seconds_sum 0\n", at=0.5), gauge("meanwhile", 2, at=6)]
    looks += [look("quiet", quiet, at=10), look("afterwards", last, at=15)]
    return verdict("metrics.counts-durations", *looks, left, *others).outcome


def test_the_life_of_a_stream_of_another_scene_that_ended_before_does_not_count_for_it():
    other = life(0.1, 9, conn=2, scene="other")
    assert durations("open 0\nlife_seconds_count 1\nlife_seconds_sum 10\n", other) is Outcome.FAIL
    assert durations("open 0\nlife_seconds_count 2\nlife_seconds_sum 20\n", other) is Outcome.PASS


@pytest.mark.parametrize(
    ("count", "seconds", "wanted"), [(2, 151, Outcome.PASS), (2, 161, Outcome.FAIL), (3, 161, Outcome.PASS)]
)
def test_a_life_is_not_ten_times_as_long_as_it_can_have_been_unless_somebody_else_left_too(count, seconds, wanted):
    last = f"open 0\nlife_seconds_count {count}\nlife_seconds_sum {seconds}\n"
    assert durations(last, quiet="open 1\nlife_seconds_count 1\nlife_seconds_sum 10\n") is wanted


def test_that_the_gauge_fell_by_streams_of_other_scenes_is_no_fall_of_its_own():
    other = life(0.1, 12, conn=2, scene="other")
    assert durations("open 1\nlife_seconds_count 1\nlife_seconds_sum 10\n", other) is Outcome.UNTESTED


def test_a_stream_that_was_left_before_the_last_quiet_look_is_not_weighed():
    last = "open 0\nlife_seconds_count 1\nlife_seconds_sum 10\n"
    assert durations(last, life(0.1, 9, conn=2, scene="other"), closed=9.5) is Outcome.UNTESTED


def between_others(*, second: int) -> Outcome:
    """Two refusals, each between two looks at the counter of events; beside the first somebody else published."""
    looks = [
        numbers("before", 0.5),
        numbers("quiet", 5, 1, 1),
        numbers("quiet", 9, 1, 3),
        numbers("quiet", 12, 1, second),
    ]
    other = published(7.0, scene="other", number=9)
    streams = [told((3.0, NEWS)), stream((0.2, snapshot()), (7.1, NEWS), at=0.1, conn=9, scene="other")]
    lines = [
        *looks,
        *streams,
        other,
        refused(8),
        *stream(at=11, conn=8, scene=SCENE, token=e.TokenKind.GARBAGE, status=401),
    ]
    return verdict("metrics.counts-no-refusals", *lines).outcome


def test_what_others_published_explains_no_growth_between_looks_where_nobody_did():
    assert between_others(second=4) is Outcome.FAIL
    assert between_others(second=3) is Outcome.PASS


def refused_in_rounds(*shown: tuple[int, int], pinged: float | None = None, closed: float | None = None) -> Verdict:
    """A refusal a second, and then a look: open streams and events sent. A ping or an end may come beside one."""
    looks = [numbers("before", 0.5), numbers("quiet", 5, 1, 1)]
    looks += [numbers("quiet", 6 + number, *each) for number, each in enumerate(shown)]
    refusals = [
        line
        for number in range(len(shown))
        for line in stream(at=5.5 + number, conn=20 + number, scene=SCENE, token=e.TokenKind.GARBAGE, status=401)
    ]
    ends = (closed, e.EndKind.CLOSED) if closed else None
    ended = stream((0.2, snapshot()), at=0.1, conn=9, scene="other", ends=ends)
    lines = [*looks, told((3.0, NEWS), *([(pinged, PING)] if pinged else [])), ended, *refusals]
    return verdict("metrics.counts-no-refusals", *lines)


def rounds(*shown: tuple[int, int], **disturbed: float) -> Outcome:
    return refused_in_rounds(*shown, **disturbed).outcome


@pytest.mark.parametrize(
    ("disturbed", "shown"),
    [({"pinged": 5.6}, [(1, 2), (1, 3), (1, 4)]), ({"closed": 5.6}, [(1, 1), (2, 1), (3, 1)])],
    ids=["a ping", "an end"],
)
def test_what_grew_in_two_undisturbed_rounds_counts_refusals(disturbed, shown):
    assert rounds(*shown, **disturbed) is Outcome.FAIL
    assert rounds(*shown[:2], **disturbed) is Outcome.PASS  # one may be somebody else's doing
    assert rounds(*shown[:2], shown[1], **disturbed) is Outcome.PASS


@pytest.mark.parametrize(
    ("disturbed", "shown", "said"),
    [
        ({"pinged": 7.6}, [(1, 2), (1, 3), (1, 4)], "sent to grow by 0 at most"),
        ({"closed": 7.6}, [(2, 1), (3, 1), (3, 1)], "open to grow by 0 at most"),
    ],
    ids=["a ping", "an end"],
)
def test_a_finding_shows_an_undisturbed_round(disturbed, shown, said):
    (breach,) = refused_in_rounds(*shown, **disturbed).breaches
    assert (breach.expected, breach.actual) == (said, "by 1, while 1 attempts were refused")


def test_a_ping_that_may_have_come_in_between_is_allowed_for_in_what_is_expected():
    (breach,) = refused_in_rounds((1, 3), pinged=6.05).breaches
    assert (breach.expected, breach.actual) == ("sent to grow by 1 at most", "by 2, while 1 attempts were refused")


def test_what_grew_by_a_refusal_is_not_the_doing_of_a_ping_beside_it():
    looks = [numbers("before", 0.5), numbers("quiet", 5, 1, 1), numbers("quiet", 7, 1, 2), numbers("quiet", 9, 1, 2)]
    # Somebody else's event, published beside the second ping, makes the look at it less clear than that at the first.
    other = published(8.5, scene="other", number=9)
    lines = [*looks, told((3.0, NEWS), (6.5, PING), (8.0, PING)), refused(6), other]
    assert verdict("metrics.counts-no-pings", *lines).outcome is Outcome.PASS
