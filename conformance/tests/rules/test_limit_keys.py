"""What evades a limit: more attempts in a disguise than a bucket refills, after one that was refused."""

import pytest

from sse_conform.rules import BY_ID
from sse_conform.spec import Capability
from sse_conform.terms import Terms
from sse_conform.verdict import Outcome, judge

from ..records import completed, stream, transcript

SCENE = "rate_limit.burst"
#: One attempt is refilled in six seconds.
TERMS = Terms(rate_limit=10, rate_window=60.0, capabilities=tuple(Capability))


def attempts(part, *statuses, at, conn, step=0.01, **more):
    fields = {"scene": SCENE, "part": part, "address": "127.0.0.1"} | more
    return [
        line
        for number, status in enumerate(statuses)
        for line in stream(conn=conn + number, at=at + step * number, status=status, **fields)
    ]


BURST = attempts("burst", *[200] * 10, 429, at=10.0, conn=1)


def verdict(rule, *lines, burst=BURST):
    return judge(BY_ID[rule], transcript(burst, *lines, completed(SCENE), terms=TERMS))


def beyond(status=429):
    return attempts("beyond", status, at=12.0, conn=50)


@pytest.mark.parametrize(
    ("rule", "part"), [("rate_limit.forwarded-for", "spoofed"), ("rate_limit.by-address", "other-user")]
)
class TestDisguises:
    def outcome(self, rule, *lines, burst=BURST):
        return verdict(rule, *lines, burst=burst).outcome

    @pytest.mark.parametrize(
        ("statuses", "wanted"),
        [
            ((200, 200), Outcome.FAIL),
            ((200, 429), Outcome.PASS),
            ((429, 200), Outcome.PASS),
            ((200,), Outcome.PASS),
            ((), Outcome.UNTESTED),
            ((None, None), Outcome.UNTESTED),
        ],
        ids=str,
    )
    def test_it_evades_where_all_are_admitted_and_more_than_a_bucket_has(self, rule, part, statuses, wanted):
        assert self.outcome(rule, beyond(), attempts(part, *statuses, at=12.5, conn=60)) is wanted

    @pytest.mark.parametrize(("at", "wanted"), [(17.9, Outcome.FAIL), (18.1, Outcome.PASS)])
    def test_a_bucket_refills_meanwhile(self, rule, part, at, wanted):
        assert self.outcome(rule, beyond(), attempts(part, 200, 200, at=at, conn=60)) is wanted

    def test_it_refills_from_the_last_refusal_on(self, rule, part):
        earlier = attempts("beyond", 429, at=11.0, conn=40)
        assert self.outcome(rule, earlier, beyond(), attempts(part, 200, 200, at=17.5, conn=60)) is Outcome.FAIL

    @pytest.mark.parametrize(
        "lines",
        [
            beyond(200),
            [],
            attempts("beyond", 429, at=13.0, conn=50),
            [*beyond(), *attempts("beyond", 200, at=12.2, conn=55)],
        ],
        ids=["admitted before", "nothing before", "refused afterwards", "admitted again before"],
    )
    def test_only_after_a_refusal_it_evades_anything(self, rule, part, lines):
        assert self.outcome(rule, lines, attempts(part, 200, 200, at=12.5, conn=60)) is Outcome.UNTESTED

    def test_where_no_limit_showed_there_is_none_to_evade(self, rule, part):
        burst = attempts("burst", *[200] * 30, at=10.0, conn=1)
        disguised = [*attempts("beyond", 200, at=12.0, conn=50), *attempts(part, 200, 200, at=12.5, conn=60)]
        assert self.outcome(rule, disguised, burst=burst) is Outcome.UNTESTED

    def test_where_one_in_every_disguise_was_refused_none_helps(self, rule, part):
        assert self.outcome(rule, attempts("disguised", 429, at=12.5, conn=60)) is Outcome.PASS
        assert self.outcome(rule, attempts("disguised", 200, at=12.5, conn=60)) is Outcome.UNTESTED


def test_a_finding_names_the_disguise():
    lines = (beyond(), attempts("resumed", 200, 200, at=12.5, conn=60))
    (breach,) = verdict("rate_limit.by-address", *lines).breaches
    assert breach.actual == "all 2 attempts with a Last-Event-ID were admitted"
    assert verdict("rate_limit.forwarded-for", *lines).outcome is Outcome.UNTESTED


def test_around_the_border_of_a_window_twice_the_limit_is_admitted_and_a_bucket_refills():
    """Ten of the burst count, as it is within the window, and thirty seconds refill five."""
    again = attempts("again", *[200] * 15, 429, at=40.0, conn=60, step=0.0)
    assert verdict("rate_limit.lasts", again).outcome is Outcome.PASS


def test_more_than_that_is_a_limit_of_another_unit():
    again = attempts("again", *[200] * 16, at=40.0, conn=60, step=0.0)
    (breach,) = verdict("rate_limit.lasts", again).breaches
    assert (breach.expected, breach.actual) == ("at most 25 admitted within 30.0 s", "26 admitted")
    assert breach.evidence.conn == 75  # the last of them


@pytest.mark.parametrize(
    "changes", [{"at": 70.05}, {"address": "127.0.0.2"}], ids=["the burst is a window ago", "another address"]
)
def test_only_the_window_before_from_the_same_address_counts(changes):
    again = attempts("again", *[200] * 16, **{"at": 40.0, "conn": 60, "step": 0.0} | changes)
    assert verdict("rate_limit.lasts", again).outcome is Outcome.PASS
