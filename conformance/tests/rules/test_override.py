"""Another user's events count as stolen where that user is known to have them."""

import json

import pytest

from sse_conform.rules import BY_ID
from sse_conform.spec import Capability
from sse_conform.terms import Terms
from sse_conform.verdict import Outcome, judge

from ..records import completed, exchanged, notification, published, snapshot, stream, transcript

SCENE = "auth.override"
TERMS = Terms(capabilities=tuple(Capability))
BAIT = published(1.0, scene=SCENE, part="bait", to="bob", number=1)
OWN = published(1.1, scene=SCENE, part="own", number=2)


def item(sent):
    return {"id": sent.number, "type": "alert", "message": sent.marker}


CONTROL = stream((2.0, snapshot(item(BAIT))), scene=SCENE, part="control", user="bob", conn=9)


def outcome(rule, part, *shown, control=CONTROL, status=200):
    claim = stream((3.0, snapshot(*map(item, shown))), scene=SCENE, part=part, status=status)
    recorded = transcript(BAIT, OWN, control, claim, completed(SCENE), terms=TERMS)
    return judge(BY_ID[rule], recorded).outcome


@pytest.mark.parametrize(("rule", "part"), [("auth.no-override", "override"), ("auth.path-overrides-nothing", "path")])
def test_a_claim_shows_nothing_of_the_other_user(rule, part):
    assert outcome(rule, part) is Outcome.PASS
    assert outcome(rule, part, OWN) is Outcome.PASS
    assert outcome(rule, part, OWN, BAIT) is Outcome.FAIL


@pytest.mark.parametrize(
    ("shown", "mixed", "header"),
    [
        ((), Outcome.PASS, Outcome.PASS),
        ((OWN,), Outcome.PASS, Outcome.PASS),
        ((BAIT,), Outcome.PASS, Outcome.WARN),
        ((OWN, BAIT), Outcome.FAIL, Outcome.PASS),
    ],
    ids=["nothing", "the header's", "the cookie's", "both"],
)
def test_two_credentials_are_never_mixed_and_the_header_decides(shown, mixed, header):
    assert outcome("auth.two-credentials", "both", *shown) is mixed
    assert outcome("auth.two-credentials-header", "both", *shown) is header


@pytest.mark.parametrize(
    ("rule", "shown"),
    [("auth.two-credentials", (BAIT, OWN)), ("auth.two-credentials-header", (BAIT,))],
)
def test_a_finding_points_at_the_first_event_that_was_stolen(rule, shown):
    later = published(1.2, scene=SCENE, part="bait", to="bob", number=3)
    told = (3.0, snapshot(*map(item, shown))), (3.5, notification(later.marker))
    recorded = transcript(
        BAIT, later, OWN, CONTROL, stream(*told, scene=SCENE, part="both"), completed(SCENE), terms=TERMS
    )
    (breach,) = judge(BY_ID[rule], recorded).breaches
    assert breach.evidence.start == 0


def polled(*listed, **changes):
    body = json.dumps({"items": list(map(item, listed))}).encode()
    return exchanged(**{"scene": SCENE, "part": "control", "user": "bob", "body": body} | changes)


@pytest.mark.parametrize(
    ("control", "wanted"),
    [
        (polled(BAIT), Outcome.PASS),
        (polled(OWN), Outcome.UNTESTED),
        (polled(BAIT, status=500), Outcome.UNTESTED),
        (polled(BAIT, part="other"), Outcome.UNTESTED),
        (polled(BAIT, scene="polling.pages"), Outcome.UNTESTED),
        (stream((2.0, snapshot()), scene=SCENE, part="control", conn=9), Outcome.UNTESTED),
        (stream(scene=SCENE, part="control", conn=9), Outcome.UNTESTED),
    ],
    ids=["polled", "something else", "failed", "another part", "another scene", "an empty snapshot", "no snapshot"],
)
def test_the_other_user_has_to_see_what_was_to_be_stolen(control, wanted):
    assert outcome("auth.no-override", "override", control=control) is wanted


def test_an_attempt_that_the_limiter_refused_claims_nothing():
    assert outcome("auth.no-override", "override", status=429) is Outcome.UNTESTED
    assert outcome("auth.no-override", "override", status=403) is Outcome.PASS
