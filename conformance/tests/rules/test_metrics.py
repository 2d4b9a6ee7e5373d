"""A look at the metrics is compared with what was certainly, or possibly, open beside it."""

import pytest

from sse_conform import entries as e
from sse_conform.verdict import Outcome

from ..records import disturbed, ns
from .scrapes import SCENE, gauge, life, look, verdict


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


@pytest.mark.parametrize(("value", "wanted"), [(1, Outcome.PASS), (2, Outcome.PASS), (0, Outcome.FAIL)])
def test_streams_of_another_instance_may_be_counted_or_not(value, wanted):
    streams = (life(1, 20), life(1, 20, conn=2, instance="http://other"))
    assert verdict("metrics.gauge-rises", *streams, gauge("meanwhile", value, at=10)).outcome is wanted


@pytest.mark.parametrize(
    ("disturbance", "wanted"), [(e.Disturbance.PAUSE, Outcome.PASS), (e.Disturbance.LAG, Outcome.FAIL)]
)
def test_a_stream_whose_reader_slept_may_have_ended_unnoticed(disturbance, wanted):
    streams = (life(1, 20), life(1, 20, conn=2))
    slept = disturbed(3, 4, conn=2, kind=disturbance)
    assert verdict("metrics.gauge-rises", *streams, slept, gauge("meanwhile", 1, at=10)).outcome is wanted


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
