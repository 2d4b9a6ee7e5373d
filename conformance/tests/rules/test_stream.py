"""Which answers of the stream route count as answers to a valid token."""

from sse_conform.entries import TokenKind
from sse_conform.rules.stream import answers_200
from sse_conform.verdict import Outcome, judge

from ..records import completed, snapshot, stream, transcript

SCENES = ("preflight", "idle.stream")


def judged(*streams):
    idle = stream((1.1, snapshot()), conn=9, at=1.0, scene="idle.stream")
    return judge(answers_200, transcript(idle, *streams, *map(completed, SCENES), scenes=SCENES)).outcome


def signed_anew(conn, *, at, status):
    kind = TokenKind.RESIGNED
    return stream(conn=conn, at=at, scene="auth.refusals", part="control", token=kind, status=status, headers=())


def test_a_key_that_is_not_the_targets_is_no_fault_of_the_target():
    assert judged(signed_anew(1, at=2.0, status=401), signed_anew(2, at=3.0, status=401)) is Outcome.PASS


def test_a_target_that_no_longer_takes_what_it_took_fails():
    opened = stream((2.1, snapshot()), conn=1, at=2.0, scene="auth.refusals", token=TokenKind.RESIGNED)
    assert judged(opened, signed_anew(2, at=3.0, status=401)) is Outcome.FAIL


def test_the_genuine_token_must_be_taken():
    assert judged(stream(conn=1, at=2.0, scene="delivery.live", status=401, headers=())) is Outcome.FAIL
