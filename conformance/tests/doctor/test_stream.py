import datetime as dt
from email.utils import format_datetime

import pytest

from sse_conform.doctor.check import Check
from sse_conform.doctor.stream import stream_checks
from sse_conform.terms import Terms
from sse_conform.transcript import Stream

from ..records import only, transcript
from ..records import stream as recorded

STARTED = dt.datetime(2024, 5, 1, 12, 0, tzinfo=dt.UTC)


def control(*headers: tuple[str, str], body: bytes = b"") -> Stream:
    return only(transcript(recorded((2, body), at=1, headers=headers)))


def checks(stream: Stream) -> dict[str, Check]:
    return {check.name: check for check in stream_checks(stream, Terms(), STARTED.isoformat())}


@pytest.mark.parametrize(
    ("offset", "ok", "said"),
    [(0, True, "agrees"), (29, True, "agrees"), (120, False, "120 s ahead of ours"), (-90, False, "90 s behind ours")],
)
def test_the_clock_is_read_off_the_date_header(offset: int, ok: bool, said: str) -> None:
    date = format_datetime(STARTED + dt.timedelta(seconds=1 + offset), usegmt=True)
    clock = checks(control(("date", date)))["clock"]
    assert clock.ok is ok
    assert said in clock.said


def test_without_a_date_nothing_is_said_against_the_clock() -> None:
    clock = checks(control())["clock"]
    assert clock.ok
    assert "no Date header" in clock.said


def test_another_media_type_and_a_missing_snapshot_are_problems() -> None:
    said = checks(control(("content-type", "text/plain"), body=b"data: hello\n\n"))
    assert "text/plain instead of text/event-stream" in said["content type"].said
    assert "message came" in said["snapshot"].said


@pytest.mark.parametrize(
    ("policy", "fix"),
    [
        ("20;w=60", ""),
        ("20", ""),
        ("10;w=60", "set numbers.rate_limit = 10 and numbers.rate_window = 60, where this is the stream route's"),
        ("5", "set numbers.rate_limit = 5, where this is the stream route's"),
    ],
)
def test_a_limit_that_the_answer_names_is_compared_with_the_profile(policy: str, fix: str) -> None:
    assert checks(control(("ratelimit-policy", policy)))["rate limit"].fix == fix


def test_nothing_is_said_of_a_limit_that_no_answer_names() -> None:
    assert "rate limit" not in checks(control())
