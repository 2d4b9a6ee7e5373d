"""A rule that found nothing to look at says what was asked for in vain."""

from sse_conform import entries as e
from sse_conform.spec import Capability
from sse_conform.terms import Terms
from sse_conform.verdict import judge

from .records import completed, published, rule_of, snapshot, stream, transcript

NOTHING = rule_of(over=lambda recorded: ())
RESIGNED = e.TokenKind.RESIGNED


def test_publishes_that_were_refused_are_counted_and_the_first_is_quoted():
    refused = [published(number, accepted=False, status=401, error="401 'who are you?'") for number in (1, 2)]
    assert judge(NOTHING, transcript(*refused, published(3), completed())).reason == (
        "nothing to look at was recorded: 2 of 3 publishes were not accepted, the first: 401 'who are you?' "
        "(conform doctor tries the triggers)"
    )


def test_where_nothing_was_refused_there_is_no_more_to_say():
    assert judge(NOTHING, transcript(published(3), completed())).reason == "nothing to look at was recorded"


def test_publishes_of_a_kind_that_the_rule_does_not_need_are_no_reason():
    refused = published(kind=e.EventKind.ALERT, accepted=False, status=403, error="403 'no'")
    taken = published(kind=e.EventKind.VULNERABILITY)
    terms = Terms(capabilities=(Capability.ALERT, Capability.VULNERABILITY))
    recorded = transcript(refused, taken, completed(), terms=terms)
    assert "403 'no'" in judge(rule_of(over=lambda _: (), needs={Capability.ALERT}), recorded).reason
    assert "403" not in judge(rule_of(over=lambda _: (), needs={Capability.VULNERABILITY}), recorded).reason


def test_a_key_with_which_no_token_is_taken_is_named():
    refused = stream(token=RESIGNED, status=401, headers=())
    assert "auth.key, was answered with 401" in judge(NOTHING, transcript(refused, completed())).reason


def test_a_key_with_which_a_token_was_taken_is_none_of_the_reasons():
    taken = stream((1, snapshot()), conn=1, token=RESIGNED)
    refused = stream(conn=2, at=2.0, token=RESIGNED, status=401, headers=())
    assert "auth.key" not in judge(NOTHING, transcript(taken, refused, completed())).reason
