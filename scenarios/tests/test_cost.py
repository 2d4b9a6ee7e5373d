"""What runs cost on the plan's numbers: connections to the target are scarce, and so is the time of those who wait."""

import pytest

from sse_conform.embedded import Embedded
from sse_conform.profile import Profile
from sse_conform.profile_file import load_profile
from sse_conform.rules import ALL
from sse_conform.schedule import Plan
from sse_conform.selection import plan_of, without_browser

#: A run takes at most so many times its bound: `reports/benchmarks/wall.py` measures it.
SLACK = 1.15
ONE, SPREAD = ["127.0.0.1"], ["127.0.0.1", "127.0.0.2", "127.0.0.3", "127.0.0.4", "127.0.0.5"]


def promising_all(**overrides: object) -> Profile:
    """The profile of the reference server, which declares all that can be judged without a browser."""
    server = Embedded()
    asked = {**server.overrides, "url": "https://127.0.0.1", **overrides}
    return load_profile(file=server.profile_file(), overrides=asked, environ=server.secrets).profile


def planned(*, quick: bool, addresses: list[str]) -> Plan:
    return plan_of(promising_all(quick=quick, source_addresses=addresses), without_browser(ALL))


@pytest.mark.parametrize(("quick", "most"), [(False, 90), (True, 36)])
def test_a_pass_makes_no_more_attempts_than_a_target_can_be_asked_for(quick, most):
    plan = planned(quick=quick, addresses=ONE)
    assert plan.skipped == ()
    assert plan.attempts <= most


@pytest.mark.parametrize(
    ("quick", "addresses", "seconds"),
    [
        (False, ONE, 360 / SLACK),
        (
            False,
            SPREAD,
            83,
        ),  # of the 90 that it may take: nothing but three heartbeats on an idle stream, and a restart
        (True, ONE, 140 / SLACK),
    ],
)
def test_a_pass_takes_no_longer_than_people_wait(quick, addresses, seconds):
    assert planned(quick=quick, addresses=addresses).seconds <= seconds


@pytest.mark.parametrize("quick", [False, True])
def test_the_numbers_are_those_of_the_plan(quick):
    numbers = promising_all(quick=quick).numbers
    assert (numbers.heartbeat, numbers.rate_limit, numbers.rate_window) == (25.0, 20, 60.0)
