"""A refusal means something only where the valid twin of its token was taken before and after it."""

import pytest

from sse_conform.entries import TokenKind
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


def test_only_401_says_that_a_login_would_help_and_what_is_no_refusal_is_for_another_rule():
    found = [outcome("auth.expired-401", BEFORE, AFTER, status=status) for status in (401, 403, 400, 500, 200)]
    assert found == [Outcome.PASS, Outcome.FAIL, Outcome.FAIL, Outcome.PASS, Outcome.PASS]


def test_tokens_that_the_suite_makes_need_the_key():
    needing = {kind for kind in TokenKind if kind.invalid and Capability.SIGNING_KEY in _needs(kind)}
    assert needing == {kind for kind in TokenKind if kind.invalid and kind.minted}


def _needs(kind):
    made = BY_ID.get(f"auth.refuses-{kind.value}")
    return made.needs if made else {Capability.SIGNING_KEY} if kind.minted else set()
