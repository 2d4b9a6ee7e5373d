from sse_conform.scenario import Nature, Stage, scenario
from sse_conform.spec import Capability
from sse_conform.terms import Terms


def test_a_coroutine_becomes_a_scene_that_is_titled_by_its_docstring():
    @scenario("idle.stream", attempts=2)
    async def idle(stage: Stage) -> None:
        """
        Nothing happens for a while.

        More is said here.
        """

    assert (idle.id, idle.title, idle.attempts) == ("idle.stream", "Nothing happens for a while.", 2)


def test_a_scene_asks_for_nothing_unless_it_says_so():
    @scenario("idle.stream", attempts=1)
    async def idle(stage: Stage) -> None:
        """Nothing happens."""

    assert (idle.users, idle.fresh, idle.needs, idle.nature) == ((), frozenset(), frozenset(), Nature.PLAIN)
    assert idle.waits(Terms()) == 0.0


def test_attempts_are_a_number_or_follow_what_is_promised():
    @scenario("burst", attempts=lambda terms: 3 * terms.rate_limit, usually=lambda terms: terms.rate_limit + 2)
    async def burst(stage: Stage) -> None:
        """Many come."""

    @scenario("pair", attempts=2)
    async def pair(stage: Stage) -> None:
        """Two come."""

    terms = Terms(rate_limit=7)
    assert (burst.most(terms), burst.expected(terms)) == (21, 9)
    assert (pair.most(terms), pair.expected(terms)) == (2, 2)


def test_what_a_scene_asks_for_is_kept():
    @scenario(
        "auth.expiry",
        attempts=3,
        users=("alice", "bob"),
        fresh=["bob"],
        needs=[Capability.SIGNING_KEY],
        nature=Nature.LOUD,
        waits=lambda terms: 2 * terms.heartbeat,
    )
    async def expiry(stage: Stage) -> None:
        """A token expires."""

    assert (expiry.users, expiry.fresh, expiry.needs) == (("alice", "bob"), {"bob"}, {Capability.SIGNING_KEY})
    assert (expiry.nature, expiry.waits(Terms(heartbeat=2.0))) == (Nature.LOUD, 4.0)
