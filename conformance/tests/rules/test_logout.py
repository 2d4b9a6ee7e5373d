"""After a logout its token opens nothing, and what it opened ends within a heartbeat."""

import pytest

from sse_conform import entries as e
from sse_conform.rules import BY_ID
from sse_conform.spec import Capability
from sse_conform.terms import Terms
from sse_conform.verdict import Outcome, judge

from ..records import completed, disturbed, exchanged, ns, stream, transcript

SCENE = "auth.logout"
#: The longest silence is 12 seconds.
TERMS = Terms(heartbeat=10.0, capabilities=tuple(set(Capability) - {Capability.MULTI_INSTANCE}))
TWO = Terms(heartbeat=10.0, capabilities=tuple(Capability))


def verdict(rule, *lines, logout=None, ends=(6.0, e.EndKind.COMPLETE), before=200, terms=TERMS):
    out = exchanged(**{"t": ns(4), "answered": ns(5), "scene": SCENE, "part": "logout", "status": 204} | (logout or {}))
    own = stream(scene=SCENE, part="before", status=before, ends=ends)
    return judge(BY_ID[rule], transcript(own, out, *lines, completed(SCENE), terms=terms))


def after(status):
    return stream(scene=SCENE, part="after", conn=2, at=7, status=status)


@pytest.mark.parametrize(
    ("status", "wanted"),
    [
        (401, Outcome.PASS),
        (403, Outcome.PASS),
        (200, Outcome.FAIL),
        (302, Outcome.FAIL),
        (500, Outcome.FAIL),
        (429, Outcome.UNTESTED),
        (None, Outcome.UNTESTED),
    ],
)
def test_the_token_is_refused_afterwards(status, wanted):
    assert verdict("auth.logout-refuses", after(status)).outcome is wanted


@pytest.mark.parametrize(
    ("logout", "wanted"),
    [
        ({"status": 200}, Outcome.FAIL),
        ({"status": 302}, Outcome.FAIL),
        ({"status": 399}, Outcome.FAIL),
        ({"status": 400}, Outcome.UNTESTED),
        ({"status": 199}, Outcome.UNTESTED),
        ({"part": "login"}, Outcome.UNTESTED),
        ({"scene": "auth.refusals"}, Outcome.UNTESTED),
    ],
    ids=str,
)
def test_only_a_logout_that_worked_says_anything(logout, wanted):
    assert verdict("auth.logout-refuses", after(200), logout=logout).outcome is wanted


@pytest.mark.parametrize(
    ("before", "ends", "wanted"),
    [
        (200, (4.0, e.EndKind.COMPLETE), Outcome.FAIL),
        (200, (3.9, e.EndKind.COMPLETE), Outcome.UNTESTED),
        (500, (6.0, e.EndKind.COMPLETE), Outcome.UNTESTED),
    ],
    ids=["open until then", "over before", "never opened"],
)
def test_the_token_has_to_have_had_an_open_stream(before, ends, wanted):
    assert verdict("auth.logout-refuses", after(200), before=before, ends=ends).outcome is wanted


POLLED = {"t": ns(3), "answered": ns(3.1), "scene": SCENE, "part": "poll-before"}


@pytest.mark.parametrize(
    ("before", "status", "wanted"),
    [
        (200, 401, Outcome.PASS),
        (200, 200, Outcome.FAIL),
        (200, 500, Outcome.FAIL),
        (200, 429, Outcome.UNTESTED),
        (200, 0, Outcome.UNTESTED),
        (404, 200, Outcome.UNTESTED),
    ],
)
def test_a_page_is_refused_afterwards_where_one_was_given_before(before, status, wanted):
    polls = [exchanged(**POLLED, status=before)]
    polls.append(exchanged(**POLLED | {"t": ns(8), "answered": ns(8.1), "part": "poll-after"}, status=status))
    assert verdict("auth.logout-refuses", *polls).outcome is wanted


@pytest.mark.parametrize(
    ("ends", "wanted"),
    [
        ((17.0, e.EndKind.COMPLETE), Outcome.PASS),
        ((17.5, e.EndKind.CLOSED), Outcome.FAIL),
        ((3.9, e.EndKind.COMPLETE), Outcome.PASS),
    ],
    ids=["in time", "left open", "over before"],
)
def test_each_stream_of_the_token_ends(ends, wanted):
    other = stream(scene=SCENE, part="before-too", conn=2, ends=ends)
    assert verdict("auth.logout-closes", other).outcome is wanted


@pytest.mark.parametrize(
    ("ends", "wanted"), [((17.0, e.EndKind.COMPLETE), Outcome.PASS), ((17.5, e.EndKind.CLOSED), Outcome.FAIL)]
)
def test_of_two_instances_the_second_stream_is_the_others(ends, wanted):
    far = stream(scene=SCENE, part="before-too", conn=2, ends=ends)
    assert verdict("multi_instance.logout", far, terms=TWO).outcome is wanted
    assert verdict("auth.logout-closes", far, terms=TWO).outcome is Outcome.PASS
    assert verdict("multi_instance.logout", far).outcome is Outcome.NOT_APPLICABLE
    assert verdict("multi_instance.logout", terms=TWO).outcome is Outcome.UNTESTED


def test_its_stream_ends_within_one_heartbeat():
    assert verdict("auth.logout-closes", ends=(17.0, e.EndKind.COMPLETE)).outcome is Outcome.PASS
    (late,) = verdict("auth.logout-closes", ends=(17.5, e.EndKind.COMPLETE)).breaches
    assert late.actual == "open for 12.500 s after the logout"
    (never,) = verdict("auth.logout-closes", ends=(25.0, e.EndKind.CLOSED)).breaches
    assert never.actual == "still open 20.000 s after the logout"


@pytest.mark.parametrize(("lag", "wanted"), [(0.4, Outcome.FAIL), (0.6, Outcome.INCONCLUSIVE)])
def test_lag_explains_it_where_it_was_as_long_as_the_end_was_late(lag, wanted):
    lagged = disturbed(10, 10 + lag)
    assert verdict("auth.logout-closes", lagged, ends=(17.5, e.EndKind.COMPLETE)).outcome is wanted
