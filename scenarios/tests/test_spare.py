"""Attempts by other doors are the guesses of the limit's scene; without a limit they stand in scenes of their kind."""

from dataclasses import dataclass

import pytest

from sse_conform.entries import TokenKind
from sse_conform.spec import Capability
from sse_conform.terms import Terms
from sse_conform_scenarios import SCENARIOS

from .rehearsal import Rehearsal, Tab

SCENES = {scene.id: scene for scene in SCENARIOS}
ALL = frozenset(Capability) - {Capability.BROWSER}
BURST = "rate_limit.burst"

DOORS = {
    (TokenKind.EMBEDDED_KEY, "GET", False),
    (TokenKind.CUT_SIGNATURE, "GET", False),
    (TokenKind.EMPTY_SUBJECT, "GET", False),
    (TokenKind.WRONG_KEY, "GET", True),
    (TokenKind.ALG_NONE, "GET", True),
    (TokenKind.EXPIRED, "GET", True),
    (TokenKind.GENUINE, "PUT", False),
    (TokenKind.GENUINE, "DELETE", False),
    (TokenKind.GENUINE, "GET", True),
}


@dataclass
class Limiting(Rehearsal):
    """A target that takes `room` attempts until the window has passed, and then as many as it promises."""

    room: int = 20

    def has(self, capability: Capability) -> bool:
        return self.terms.has(capability)

    async def subscribe(self, user: str, **attempt: object) -> Tab:
        self.room -= 1
        status = 200 if self.room >= 0 else 429
        self.attempts.append({"user": user, "status": status, **attempt})
        return Tab(status=status)

    async def pass_time(self, seconds: float, what: str) -> None:
        if seconds >= self.terms.rate_window:
            self.room = self.terms.rate_limit


def promised(*, without: Capability | None = None, **numbers: object) -> Terms:
    return Terms(capabilities=tuple(ALL - {without}), **numbers)  # type: ignore[arg-type]


def door(attempt: dict) -> tuple:
    kind, method = attempt.get("token", TokenKind.GENUINE), attempt.get("method", "GET")
    return kind, method, attempt.get("crosswise", False)


def answered(stage: Rehearsal) -> list[tuple]:
    return [door(attempt) for attempt in stage.attempts if attempt.get("status") != 429]


async def test_the_guesses_come_by_every_other_door_and_cost_nothing():
    stage = Limiting(terms=promised())
    await SCENES[BURST].play(stage)
    assert {each for each in answered(stage) if each in DOORS} == DOORS
    assert len(stage.attempts) == SCENES[BURST].expected(stage.terms)


@pytest.mark.parametrize("room", [1, 3, 6, 9, 12])
async def test_what_met_the_limit_at_such_a_door_comes_again_when_that_is_over(room):
    stage = Limiting(terms=promised(), room=room)
    await SCENES[BURST].play(stage)
    assert sorted(each for each in answered(stage) if each in DOORS) == sorted(DOORS)


@pytest.mark.parametrize("limit", [1, 2, 4, 6, 10, 20, 100])
async def test_with_any_limit_the_burst_costs_what_it_declares(limit):
    terms = promised(rate_limit=limit)
    stage = Limiting(terms=terms, room=limit)
    await SCENES[BURST].play(stage)
    assert len(stage.attempts) <= SCENES[BURST].expected(terms) <= SCENES[BURST].most(terms)


async def test_a_quarter_of_the_limit_is_refused_beside_what_a_careless_verifier_takes():
    stage = Limiting(terms=promised())
    await SCENES[BURST].play(stage)
    guesses = [door(attempt) for attempt in stage.attempts if attempt.get("part") == "guess"]
    unsigned = {
        (TokenKind.EMBEDDED_KEY, "GET", False),
        (TokenKind.CUT_SIGNATURE, "GET", False),
        (TokenKind.WRONG_KEY, "GET", True),
        (TokenKind.ALG_NONE, "GET", True),
    }
    assert 4 * len([each for each in guesses if each not in unsigned]) >= stage.terms.rate_limit


async def played(terms: Terms) -> set[tuple]:
    stage = Limiting(terms=terms, room=1000)
    for name in ("auth.refusals", "stream.methods"):
        await SCENES[name].play(stage)
    assert len(stage.attempts) == sum(SCENES[n].expected(terms) for n in ("auth.refusals", "stream.methods"))
    return set(answered(stage))


async def test_without_a_limit_the_scenes_of_their_kind_make_them():
    assert await played(promised(without=Capability.RATE_LIMIT)) >= DOORS


async def test_with_a_limit_or_in_a_quick_run_they_do_not():
    for terms in (promised(), promised(quick=True), promised(quick=True, without=Capability.RATE_LIMIT)):
        assert not DOORS & await played(terms)


async def test_where_one_place_alone_is_read_no_token_comes_in_the_other():
    found = await played(promised(without=Capability.RATE_LIMIT)) - await played(
        Terms(capabilities=tuple(ALL - {Capability.RATE_LIMIT, Capability.HEADER_AND_COOKIE}))
    )
    assert found == {each for each in DOORS if each[2]}
