"""A refusal means something only where the valid twin of its token was taken before and after it."""

import msgspec
import pytest

from sse_conform.entries import TokenKind
from sse_conform.evidence import admitted
from sse_conform.rules import BY_ID
from sse_conform.spec import Capability
from sse_conform.terms import Terms
from sse_conform.verdict import Outcome, judge

from ..records import EVENT_STREAM, completed, stream, transcript

SCENE = "auth.refusals"
TERMS = Terms(capabilities=tuple(Capability))


def outcome(rule, *controls, **refusal):
    lines = [
        stream(scene=SCENE, part=f"control-{part}", conn=conn, status=status, repeats=repeats[0] if repeats else None)
        for part, conn, status, *repeats in controls
    ]
    fields = {"status": 401, "headers": (), "token": TokenKind.EXPIRED, "part": "expired"} | refusal
    return judge(BY_ID[rule], transcript(*lines, stream(scene=SCENE, **fields), completed(SCENE), terms=TERMS)).outcome


BEFORE, AFTER = ("before", 2, 200), ("after", 3, 200)


@pytest.mark.parametrize(
    ("controls", "wanted"),
    [
        ((BEFORE, AFTER), Outcome.PASS),
        ((BEFORE,), Outcome.UNTESTED),
        ((BEFORE, ("after", 3, 500)), Outcome.UNTESTED),
        ((("before", 2, 401), AFTER), Outcome.UNTESTED),
        ((BEFORE, ("after", 3, 429), ("after", 4, 200, 3)), Outcome.PASS),
    ],
    ids=["both", "one was not tried", "the last failed", "the first failed", "the limiter delayed the last"],
)
def test_both_controls_have_to_work(controls, wanted):
    assert outcome("auth.refuses-expired", *controls) is wanted


@pytest.mark.parametrize(
    ("refusal", "wanted"),
    [
        ({"status": 403}, Outcome.PASS),
        ({"status": 200}, Outcome.FAIL),
        ({"status": 302}, Outcome.FAIL),
        ({"status": 500}, Outcome.FAIL),
        ({"headers": EVENT_STREAM}, Outcome.FAIL),
        ({"status": 429}, Outcome.UNTESTED),
        ({"status": None}, Outcome.UNTESTED),
        ({"method": "HEAD"}, Outcome.UNTESTED),
        ({"part": "other-door"}, Outcome.UNTESTED),
    ],
    ids=str,
)
def test_a_refusal_is_4xx_and_no_event_stream(refusal, wanted):
    assert outcome("auth.refuses-expired", BEFORE, AFTER, **refusal) is wanted


BY_COOKIE = (("cookie", "session=<token>"),)
BURST = "rate_limit.burst"


def by_cookie(**fields):
    attempt, *rest = stream(scene=BURST, **fields)
    return [msgspec.structs.replace(attempt, headers=BY_COOKIE), *rest]


@pytest.mark.parametrize(
    ("control", "status", "said"),
    [
        ({"status": 200}, 401, []),
        ({"status": 200}, 200, ["200 to a wrong-key token in the cookie"]),
        ({"status": 401}, 200, None),
        ({"status": 200, "token": TokenKind.EXPIRED}, 200, None),
        (None, 200, None),
    ],
    ids=["refused", "taken", "none is taken there", "no valid one is taken there", "no valid one was tried there"],
)
def test_a_token_in_another_place_is_judged_where_a_valid_one_is_taken_there(control, status, said):
    controls = [stream(scene=SCENE, part=f"control-{part}", conn=conn) for part, conn, _ in (BEFORE, AFTER)]
    if control:
        controls.append(by_cookie(part="crosswise-control", conn=4, **control))
    bad = by_cookie(part="guess", token=TokenKind.WRONG_KEY, status=status, headers=())
    found = judge(BY_ID["auth.refuses-wrong-key"], transcript(*controls, bad, completed(SCENE), terms=TERMS))
    if said is None:
        assert found.outcome is Outcome.UNTESTED
    else:
        assert [breach.actual for breach in found.breaches] == said
        assert found.observations == 1


def test_a_token_that_brings_its_own_key_is_one_of_another_key():
    brought = {"token": TokenKind.EMBEDDED_KEY, "part": "guess"}
    found = [outcome("auth.refuses-wrong-key", BEFORE, AFTER, status=status, **brought) for status in (401, 200, 429)]
    assert found == [Outcome.PASS, Outcome.FAIL, Outcome.UNTESTED]


@pytest.mark.parametrize("scene", [SCENE, BURST])
def test_a_service_that_takes_no_token_in_another_place_has_broken_no_promise(scene):
    refused = stream(scene=scene, part="crosswise-control", status=401, headers=())
    recorded = transcript(refused, stream(conn=2), completed(scene), terms=TERMS)
    assert [each.attempt.part for each in admitted(recorded)] == ["tab"]


def test_only_401_says_that_a_login_would_help_and_what_is_no_refusal_is_for_another_rule():
    found = [outcome("auth.expired-401", BEFORE, AFTER, status=status) for status in (401, 403, 400, 500, 200)]
    assert found == [Outcome.PASS, Outcome.FAIL, Outcome.FAIL, Outcome.PASS, Outcome.PASS]


def test_tokens_that_the_suite_makes_need_the_key():
    needing = {kind for kind in TokenKind if kind.invalid and Capability.SIGNING_KEY in _needs(kind)}
    assert needing == {kind for kind in TokenKind if kind.invalid and kind.minted}


def _needs(kind):
    made = BY_ID.get(f"auth.refuses-{kind.value}")
    return made.needs if made else {Capability.SIGNING_KEY} if kind.minted else set()
