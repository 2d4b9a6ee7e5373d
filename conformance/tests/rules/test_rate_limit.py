"""How many attempts a limiter has admitted depends on what it counts."""

import pytest

from sse_conform import entries as e
from sse_conform.rules import BY_ID
from sse_conform.rules.rate_limit import admits_enough, open_stream_survives, rest_goes_on
from sse_conform.spec import Capability
from sse_conform.terms import Terms
from sse_conform.verdict import Outcome, judge

from ..records import completed, exchanged, notification, ns, published, stream, transcript

SCENE = "rate_limit.burst"
TERMS = Terms(rate_limit=20, rate_window=60.0, capabilities=(Capability.RATE_LIMIT,))


def judged(*, earlier, burst, refused_at=200.0):
    """Attempts of other scenes at these instants, then so many of the burst within a tenth of a second, then 429."""
    instants = [*((at, "another.scene", 200) for at in earlier)]
    instants += [(refused_at - 0.1 + n / 1000, SCENE, 200) for n in range(burst)]
    lines = [
        stream(conn=number, at=at, scene=scene, part="burst", status=status, address="127.0.0.1")
        for number, (at, scene, status) in enumerate([*instants, (refused_at, SCENE, 429)], start=1)
    ]
    recorded = transcript(*lines, completed(SCENE), terms=TERMS, scenes=(SCENE,))
    return judge(admits_enough, recorded).outcome


def test_as_many_as_promised_are_enough():
    assert judged(earlier=(), burst=20) is Outcome.PASS


def test_attempts_of_other_scenes_in_the_same_window_count():
    assert judged(earlier=[150.0] * 10, burst=10) is Outcome.PASS


def test_half_as_many_are_too_few():
    assert judged(earlier=(), burst=10) is Outcome.FAIL


def test_what_lies_two_windows_back_explains_nothing():
    assert judged(earlier=[70.0] * 18, burst=10) is Outcome.FAIL


@pytest.mark.parametrize(("age", "admits"), [(61.0, 3), (90.0, 11)])
def test_a_sliding_window_counter_counts_a_share_of_the_window_before(age, admits):
    assert judged(earlier=[200.0 - age] * 18, burst=admits) is Outcome.PASS


def test_that_share_does_not_excuse_a_limiter_that_admits_next_to_nothing():
    assert judged(earlier=[140.0 - 50.0] * 18, burst=3) is Outcome.FAIL


def rest_while_limited(*, before, limited):
    """How the verdict falls when REST answers with these statuses before the limit shows and while it holds."""
    refusals = [
        stream(conn=n, at=n / 10, scene=SCENE, part="burst", status=429 if n > 20 else 200) for n in range(1, 25)
    ]
    asked = [
        exchanged(t=ns(at), scene=SCENE, part=part, status=status)
        for at, part, status in ((0.05, "unlimited", before), (2.5, "limited", limited))
    ]
    capabilities = (Capability.RATE_LIMIT, Capability.REST)
    terms = Terms(rate_limit=20, rate_window=60.0, capabilities=capabilities)
    return judge(rest_goes_on, transcript(*refusals, asked, completed(SCENE), terms=terms, scenes=(SCENE,))).outcome


def test_rest_that_is_refused_while_the_limit_holds_fails():
    assert rest_while_limited(before=200, limited=429) is Outcome.FAIL


@pytest.mark.parametrize(
    ("status", "wanted"),
    [(199, Outcome.FAIL), (200, Outcome.PASS), (299, Outcome.PASS), (300, Outcome.FAIL), (0, Outcome.FAIL)],
)
def test_rest_goes_on_while_the_limit_holds_where_it_succeeds(status, wanted):
    assert rest_while_limited(before=200, limited=status) is wanted


def test_rest_that_was_refused_before_as_well_says_nothing_about_the_limit():
    assert rest_while_limited(before=401, limited=401) is Outcome.UNTESTED


@pytest.mark.parametrize(
    ("before", "limited", "wanted"),
    [(201, 201, Outcome.PASS), (201, 429, Outcome.FAIL), (201, 0, Outcome.FAIL), (500, 500, Outcome.UNTESTED)],
)
def test_publishing_goes_on_while_the_limit_holds(before, limited, wanted):
    caused = [
        published(at, number=number, scene=SCENE, part=part, status=status, accepted=status == 201)
        for number, (at, part, status) in enumerate([(9.5, "told", before), (12.0, "held-limited", limited)])
    ]
    assert burst("rate_limit.spares-rest", *[200] * 20, 429, more=caused).outcome is wanted


def held_stream(*heard):
    """How the verdict falls on a stream that was open when the limit showed and heard these of two events."""
    refusals = [
        stream(conn=n, at=n / 10, scene=SCENE, part="burst", status=429 if n > 20 else 200) for n in range(2, 25)
    ]
    told = published(0.05, number=1, scene=SCENE, part="told")
    later = published(4.0, number=2, scene=SCENE, part="held-alive")
    said = [(each.t / 1e9, notification(each.marker)) for each in (told, later) if each.number in heard]
    held = stream(*said, scene=SCENE, part="held")
    terms = Terms(rate_limit=20, rate_window=60.0, capabilities=(Capability.RATE_LIMIT, Capability.TRIGGERS))
    recorded = transcript(held, *refusals, told, later, completed(SCENE), terms=terms, scenes=(SCENE,))
    return judge(open_stream_survives, recorded).outcome


def test_an_open_stream_that_goes_deaf_when_the_limit_shows_fails():
    assert held_stream(1) is Outcome.FAIL
    assert held_stream(1, 2) is Outcome.PASS


def test_a_stream_that_was_deaf_before_the_limit_showed_is_not_the_limiters_doing():
    assert held_stream() is Outcome.PASS


# the burst itself


def burst(rule, *statuses, more=(), step=0.01, **fields):
    """The verdict on a burst with these answers that begins at second 10."""
    lines = [
        stream(**{"conn": n, "at": 10 + n * step, "scene": SCENE, "part": "burst", "status": status} | fields)
        for n, status in enumerate(statuses, start=1)
    ]
    terms = Terms(rate_limit=20, rate_window=60.0, latency=2.0, capabilities=tuple(Capability))
    return judge(BY_ID[rule], transcript(*lines, *more, completed(SCENE), terms=terms))


@pytest.mark.parametrize(
    ("statuses", "wanted"),
    [
        ([200] * 20 + [429], Outcome.PASS),
        ([200] * 40 + [429], Outcome.PASS),
        ([200] * 41 + [429], Outcome.FAIL),
        ([200] * 41, Outcome.FAIL),
        ([200] * 40, Outcome.UNTESTED),
        ([200] * 20 + [None] * 21, Outcome.UNTESTED),
        ([429], Outcome.UNTESTED),
        ([429, 429], Outcome.PASS),
    ],
    ids=["the limit", "twice", "more", "no limit", "too few to tell", "unanswered", "one attempt", "none admitted"],
)
def test_a_fixed_window_may_admit_twice_the_limit_and_no_more(statuses, wanted):
    assert burst("rate_limit.exists", *statuses).outcome is wanted


def test_a_bucket_refills_while_the_burst_lasts():
    """Three seconds refill one of twenty a minute."""
    assert burst("rate_limit.exists", *[200] * 41, 429, step=3.2 / 42).outcome is Outcome.PASS
    assert burst("rate_limit.exists", *[200] * 41, 429, step=2.8 / 42).outcome is Outcome.FAIL


def test_only_attempts_from_the_same_address_in_one_window_count():
    elsewhere = [stream(conn=100 + n, at=9, scene="other", address="127.0.0.9") for n in range(30)]
    long_ago = [stream(conn=200 + n, at=10.41 - 60, scene="other") for n in range(30)]
    just_so = [stream(conn=300 + n, at=10.42 - 60, scene="other") for n in range(30)]
    statuses = [200] * 40 + [429]
    assert burst("rate_limit.exists", *statuses, more=elsewhere).outcome is Outcome.PASS
    assert burst("rate_limit.exists", *statuses, more=long_ago).outcome is Outcome.PASS
    assert burst("rate_limit.exists", *statuses, more=just_so).outcome is Outcome.FAIL


@pytest.mark.parametrize(("admitted", "wanted"), [(16, Outcome.PASS), (15, Outcome.FAIL)])
def test_a_limiter_may_admit_a_fifth_less_than_promised(admitted, wanted):
    assert burst("rate_limit.not-too-tight", *[200] * admitted, 429).outcome is wanted


PLAIN, EVENTS = (("content-type", "text/plain"),), (("content-type", "text/event-stream"),)


@pytest.mark.parametrize(
    ("rule", "headers", "wanted"),
    [
        ("rate_limit.plain-refusal", PLAIN, Outcome.PASS),
        ("rate_limit.plain-refusal", EVENTS, Outcome.FAIL),
        ("rate_limit.retry-after", PLAIN, Outcome.WARN),
        ("rate_limit.retry-after", (*PLAIN, ("retry-after", "9")), Outcome.PASS),
        ("rate_limit.retry-after", (*PLAIN, ("retry-after", "Sun, 06 Nov 1994 08:49:37 GMT")), Outcome.PASS),
        ("rate_limit.retry-after", (*PLAIN, ("retry-after", "soon")), Outcome.WARN),
        ("rate_limit.retry-after", (*PLAIN, ("retry-after", "2.5")), Outcome.WARN),
        ("rate_limit.retry-after", (*PLAIN, ("retry-after", "120")), Outcome.PASS),
        ("rate_limit.retry-after", (*PLAIN, ("retry-after", "121")), Outcome.WARN),
    ],
)
def test_what_a_refusal_has_to_say(rule, headers, wanted):
    assert burst(rule, *[200] * 20, 429, headers=headers).outcome is wanted


@pytest.mark.parametrize(
    ("ends", "wanted"),
    [
        ((10.21, e.EndKind.RESET), Outcome.FAIL),
        ((12.21, e.EndKind.RESET), Outcome.FAIL),
        ((12.22, e.EndKind.RESET), Outcome.PASS),
        ((10.20, e.EndKind.RESET), Outcome.PASS),
        ((11.00, e.EndKind.CLOSED), Outcome.PASS),
        (None, Outcome.PASS),
    ],
    ids=["with the refusal", "soon", "long after", "before", "by us", "open"],
)
def test_a_stream_that_ends_when_the_limit_trips_was_not_spared(ends, wanted):
    held = stream(conn=90, at=9.0, scene=SCENE, part="held", ends=ends)
    assert burst("rate_limit.spares-open-streams", *[200] * 20, 429, more=[held]).outcome is wanted


@pytest.mark.parametrize(
    ("status", "wanted"),
    [(200, Outcome.PASS), (429, Outcome.FAIL), (503, Outcome.FAIL), (None, Outcome.UNTESTED)],
)
def test_after_a_window_the_address_is_admitted_again(status, wanted):
    later = stream(conn=90, at=80.0, scene=SCENE, part="recovered", status=status)
    assert burst("rate_limit.ends", *[200] * 20, 429, more=[later]).outcome is wanted
    assert burst("rate_limit.ends", *[200] * 20, more=[later]).outcome is Outcome.UNTESTED


@pytest.mark.parametrize(("status", "wanted"), [(200, Outcome.PASS), (299, Outcome.PASS), (300, Outcome.FAIL)])
def test_rest_is_well_with_any_2xx(status, wanted):
    assert rest_while_limited(before=200, limited=status) is wanted
    assert rest_while_limited(before=status, limited=200) is (Outcome.PASS if status < 300 else Outcome.UNTESTED)


def test_where_no_limit_showed_rest_is_not_asked_about_it():
    asked = [
        exchanged(t=ns(at), scene=SCENE, part=part, status=status)
        for at, part, status in ((9.0, "unlimited", 200), (12.0, "limited", 500))
    ]
    assert burst("rate_limit.spares-rest", *[200] * 20, more=asked).outcome is Outcome.UNTESTED
    assert burst("rate_limit.spares-rest", *[200] * 20, 429, more=asked).outcome is Outcome.FAIL
