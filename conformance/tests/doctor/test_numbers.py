import pytest

from sse_conform.doctor.check import Check, Standing
from sse_conform.doctor.numbers import heartbeat_checks, retry_checks
from sse_conform.entries import EndKind
from sse_conform.terms import Terms
from sse_conform.transcript import Stream

from ..records import event, ns, only, snapshot, transcript
from ..records import stream as recorded

PING = event("ping", {})


def heard(*pieces: tuple[float, bytes]) -> Stream:
    return only(transcript(recorded(*pieces)))


@pytest.mark.parametrize(
    ("line", "promised", "standing", "said", "fix"),
    [
        (b"retry: 5000\n", 5000, Standing.OK, "says 5000 ms", ""),
        (b"retry: 6000\n", 5000, Standing.OK, "says 6000 ms", ""),
        (b"retry: 500\n", 5000, Standing.PROBLEM, "says 500 ms, numbers.retry is 5000 ms", "set numbers.retry = 500"),
        (b"", 5000, Standing.PROBLEM, "has no retry line", "leave numbers.retry out"),
        (b"retry: 3000\n", None, Standing.NOTE, "numbers.retry = 3000 would promise it", ""),
    ],
)
def test_the_retry_line_is_compared_with_what_was_promised(
    line: bytes, promised: int | None, standing: Standing, said: str, fix: str
) -> None:
    (check,) = retry_checks(heard((1, line + snapshot())), Terms(retry=promised))
    assert check.standing is standing
    assert said in check.said
    assert fix in check.fix


def test_where_nothing_was_promised_and_nothing_said_there_is_nothing_to_say() -> None:
    assert list(retry_checks(heard((1, snapshot())), Terms())) == []


def beats(stream: Stream, *, until: float) -> list[Check]:
    return list(heartbeat_checks(stream, Terms(heartbeat=10.0), until=ns(until)))


def test_a_ping_that_came_is_told_with_the_silence_before_it() -> None:
    (check,) = beats(heard((1, snapshot()), (9.5, PING)), until=10)
    assert check.ok
    assert check.said == "a ping came 8.5 s after what came before it; numbers.heartbeat is 10 s"


def test_a_silence_in_which_a_ping_was_due_is_a_problem() -> None:
    (check,) = beats(heard((1, snapshot())), until=14)
    assert check.standing is Standing.PROBLEM
    assert "no ping came in a silence of 13.0 s" in check.said
    assert "numbers.heartbeat" in check.fix


def test_a_ping_that_came_late_is_a_problem() -> None:
    (check,) = beats(heard((1, snapshot()), (20, PING)), until=21)
    assert check.standing is Standing.PROBLEM
    assert "no ping came in a silence of 19.0 s" in check.said


def test_a_stream_that_ended_owes_no_ping() -> None:
    ended = only(transcript(recorded((1, snapshot()), ends=(3, EndKind.COMPLETE))))
    assert beats(ended, until=30) == []


def test_before_a_ping_is_due_nothing_is_said() -> None:
    assert beats(heard((1, snapshot())), until=12.5) == []
