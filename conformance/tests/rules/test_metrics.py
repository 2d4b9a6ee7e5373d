"""A look at the metrics is compared with what was certainly, or possibly, open beside it."""

import pytest

from sse_conform import entries as e
from sse_conform.rules import BY_ID
from sse_conform.spec import Capability
from sse_conform.terms import Terms
from sse_conform.verdict import Outcome, judge

from ..records import completed, exchanged, ns, published, snapshot, stream, transcript

SCENE = "metrics.gauge"
TERMS = Terms(metric_names=("open", "life_seconds", "sent"), capabilities=tuple(Capability))


def look(part, text, *, at, **changes):
    fields = {"t": ns(at), "answered": ns(at + 0.1), "scene": SCENE, "part": part, "body": text.encode()}
    return exchanged(**fields | changes)


def gauge(part, value, *, at):
    return look(part, f"open {value}\n", at=at)


def life(since, until, *, conn=1, scene=SCENE, **attempt):
    return stream(
        (since + 0.1, snapshot()), at=since, conn=conn, scene=scene, ends=(until, e.EndKind.CLOSED), **attempt
    )


def verdict(rule, *lines):
    return judge(BY_ID[rule], transcript(*lines, completed(SCENE), terms=TERMS))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("open 1\nlife_seconds 1\nsent 1\n", []),
        ("open 1\nlife_seconds_count 1\nsent 1\n", []),
        ("open 1\nsent 1\n", ["without life_seconds"]),
        ("life_seconds 1\n", ["without open, sent"]),
    ],
)
def test_the_three_are_there_and_an_average_is_a_count(text, said):
    assert [breach.actual for breach in verdict("metrics.exposed", look("before", text, at=1)).breaches] == said


def test_they_are_answered_with_200():
    (breach,) = verdict("metrics.exposed", look("before", "", at=1, status=404)).breaches
    assert breach.actual == "404"
    assert verdict("metrics.exposed", look("x", "", at=1, scene="other")).outcome is Outcome.UNTESTED


@pytest.mark.parametrize(
    ("value", "lives", "wanted"),
    [
        (2, [(1, 20), (1, 20)], Outcome.PASS),
        (3, [(1, 20), (1, 20)], Outcome.PASS),
        (1, [(1, 20), (1, 20)], Outcome.FAIL),
        (1, [(1, 20), (10, 20)], Outcome.PASS),
        (1, [(1, 20), (1, 10.05)], Outcome.PASS),
        (0, [(1, 9)], Outcome.UNTESTED),
    ],
    ids=["as many", "more", "fewer", "opened meanwhile", "closed meanwhile", "none"],
)
def test_the_gauge_shows_every_stream_that_was_greeted_before_and_open_afterwards(value, lives, wanted):
    streams = [life(since, until, conn=n) for n, (since, until) in enumerate(lives, start=1)]
    assert verdict("metrics.gauge-rises", *streams, gauge("meanwhile", value, at=10)).outcome is wanted


def test_it_goes_on_to_show_them_until_they_are_closed():
    streams = (life(1, 20), life(1, 12, conn=2))
    looks = [gauge("meanwhile", 0, at=5), gauge("meanwhile", 2, at=10), gauge("quiet", 1, at=13)]
    assert verdict("metrics.gauge-rises", *streams, *looks).observations == 2
    assert verdict("metrics.gauge-rises", *streams, *looks).outcome is Outcome.PASS
    assert verdict("metrics.gauge-rises", *streams, *looks, gauge("quiet", 0, at=14)).outcome is Outcome.FAIL


def fall(before, after, *lives, foreign=()):
    streams = [life(since, until, conn=n) for n, (since, until) in enumerate(lives, start=1)]
    others = [life(since, until, conn=n, scene="other") for n, (since, until) in enumerate(foreign, start=50)]
    looks = [gauge("before", before, at=5), *(gauge("afterwards", value, at=30 + n) for n, value in enumerate(after))]
    return verdict("metrics.gauge-falls", *streams, *others, *looks).outcome


@pytest.mark.parametrize(
    ("before", "after", "wanted"),
    [
        (0, (0,), Outcome.PASS),
        (0, (1,), Outcome.FAIL),
        (2, (2,), Outcome.PASS),
        (2, (3,), Outcome.FAIL),
        (0, (1, 0), Outcome.PASS),
        (0, (0, 1), Outcome.PASS),
    ],
    ids=["to nothing", "a leak", "to what others had", "a leak beside others", "late", "fallen once"],
)
def test_the_gauge_falls_to_what_it_was_before(before, after, wanted):
    assert fall(before, after, (10, 20)) is wanted


@pytest.mark.parametrize(
    ("foreign", "wanted"),
    [
        ([(25, 40)], Outcome.PASS),
        ([(30.2, 40)], Outcome.PASS),
        ([(30.5, 40)], Outcome.FAIL),
        ([(25, 29.8)], Outcome.PASS),
        ([(25, 29.6)], Outcome.FAIL),
    ],
    ids=["open then", "opened just after", "opened later", "closed just before", "closed earlier"],
)
def test_streams_of_other_scenes_that_may_have_been_open_explain_it(foreign, wanted):
    assert fall(0, (1,), (10, 20), foreign=foreign) is wanted


@pytest.mark.parametrize(
    ("own", "wanted"),
    [((1, 20), Outcome.FAIL), ((4.8, 20), Outcome.PASS), ((1, 5.3), Outcome.PASS)],
    ids=["certainly open at the first look", "opened just before it", "closed just after it"],
)
def test_what_was_certainly_ours_at_the_first_look_is_nobody_elses(own, wanted):
    assert fall(1, (1,), own) is wanted


def test_a_look_beside_others_that_stay_counts_as_the_last_one_does():
    assert fall(0, (1, 2), (10, 20), foreign=[(25, 60)]) is Outcome.PASS


def test_a_look_while_others_come_and_go_says_less_than_the_last_one():
    assert fall(0, (0, 1), (10, 20), foreign=[(29.9, 30.5)]) is Outcome.FAIL


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("open 1\n", []),
        ('open{user="alice"} 1\n', ["alice"]),
        ('open{user="alice2"} 1\n', []),
        ('open{user="77"} 1\n', ["77"]),
        ('open{user="bob"} 1\nopen{user="77"} 1\nopen{user="alice"} 1\nopen{user="eve"} 1\n', ["77, alice, bob"]),
    ],
)
def test_no_label_names_a_user_by_name_or_id(text, said):
    users = [life(1, 20, conn=n, user=user) for n, user in enumerate(("alice", "bob", "eve"), start=1)]
    noted = [
        e.Noted(t=ns(1), scene=scene, name="user-id", value=value) for scene, value in ((SCENE, "77"), ("x", "open"))
    ]
    found = verdict("metrics.no-user-ids", *users, *noted, look("meanwhile", text, at=10))
    assert [breach.actual for breach in found.breaches] == said


# what is counted


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
        (refused(7, 403), Outcome.FAIL),
    ],
    ids=["no refusal of a token", "before", "after", "403"],
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
    ("count", "seconds", "wanted"), [(2, 150, Outcome.PASS), (2, 161, Outcome.FAIL), (3, 161, Outcome.PASS)]
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


def rounds(*shown: tuple[int, int], ping: bool = False, closed: bool = False) -> Outcome:
    """A refusal a second, and then a look: open streams and events sent. A ping or an end comes in the first round."""
    looks = [numbers("before", 0.5), numbers("quiet", 5, 1, 1)]
    looks += [numbers("quiet", 6 + number, *each) for number, each in enumerate(shown)]
    refusals = [
        line
        for number in range(len(shown))
        for line in stream(at=5.5 + number, conn=20 + number, scene=SCENE, token=e.TokenKind.GARBAGE, status=401)
    ]
    ends = (5.6, e.EndKind.CLOSED) if closed else None
    ended = stream((0.2, snapshot()), at=0.1, conn=9, scene="other", ends=ends)
    lines = [*looks, told((3.0, NEWS), *[(5.6, PING)] * ping), ended, *refusals]
    return verdict("metrics.counts-no-refusals", *lines).outcome


@pytest.mark.parametrize(
    ("disturbed", "shown"),
    [({"ping": True}, [(1, 2), (1, 3), (1, 4)]), ({"closed": True}, [(1, 1), (2, 1), (3, 1)])],
    ids=["a ping", "an end"],
)
def test_what_grew_in_two_undisturbed_rounds_counts_refusals(disturbed, shown):
    assert rounds(*shown, **disturbed) is Outcome.FAIL
    assert rounds(*shown[:2], **disturbed) is Outcome.PASS  # one may be somebody else's doing
    assert rounds(*shown[:2], shown[1], **disturbed) is Outcome.PASS


def test_what_grew_by_a_refusal_is_not_the_doing_of_a_ping_beside_it():
    looks = [numbers("before", 0.5), numbers("quiet", 5, 1, 1), numbers("quiet", 7, 1, 2), numbers("quiet", 9, 1, 2)]
    # Somebody else's event, published beside the second ping, makes the look at it less clear than that at the first.
    other = published(8.5, scene="other", number=9)
    lines = [*looks, told((3.0, NEWS), (6.5, PING), (8.0, PING)), refused(6), other]
    assert verdict("metrics.counts-no-pings", *lines).outcome is Outcome.PASS
