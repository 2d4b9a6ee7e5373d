import contextlib
import io
import os
import pty
from concurrent.futures import ThreadPoolExecutor

import pytest

from sse_conform import run_events as r
from sse_conform.entries import SceneOutcome
from sse_conform.verdict import Outcome
from sse_conform.writers.live_progress import LiveProgress
from sse_conform.writers.progress import PlainProgress, follow

PLANNED = r.Planned(scenes=12, rules=38, attempts=36, most=50, seconds=74.4)


class Clock:
    """A clock that a test sets."""

    def __init__(self):
        self.now = 100.0

    def __call__(self):
        return self.now


def read_until_closed(terminal):
    """All that was written to a pseudo-terminal; reading fails when its other side is closed."""
    text = b""
    with os.fdopen(terminal, "rb", buffering=0) as reader, contextlib.suppress(OSError):
        while piece := reader.read(65536):
            text += piece
    return text.decode()


@pytest.fixture
def events(report):
    return [
        PLANNED,
        r.SceneStarted(scene="idle.long", title="A stream is left alone"),
        r.Waiting(scene="idle.long", what="second heartbeat", elapsed=0, seconds=25),
        r.SceneFinished(scene="idle.long", outcome=SceneOutcome.COMPLETED),
        r.SceneFinished(scene="burst", outcome=SceneOutcome.LIMITED, detail="429 after 18\x1b[2J"),
        r.SceneRepeated(scene="burst", reason="limited"),
        *(r.Judged(verdict=verdict) for verdict in report.verdicts),
        r.Message(text="the report is in conform-report"),
    ]


def test_a_log_has_a_line_for_each_finished_scene_and_each_verdict_that_is_not_a_pass(events):
    out = io.StringIO()
    with follow(out) as listener:
        for event in events:
            listener(event)
    lines = out.getvalue().splitlines()
    assert [line.split(":")[0] for line in lines] == [
        "12 scenes for 38 rules, 36 attempts (at most 50), about 74 s",
        "scene idle.long completed",
        "scene burst limited",
        "scene burst is played again",
        "FAIL heartbeat.has-data",
        "FAIL stream.content-type",
        "warn stream.proxy-hint",
        "untested snapshot.fresh",
        "untested auth.expired",
        "inconclusive delivery.in-time",
        "error framing.utf8",
        "the report is in conform-report",
    ]
    assert "FAIL heartbeat.has-data: expected a data field, received event: ping\\n\\n" in lines


def test_a_log_holds_no_control_characters_of_the_target(events):
    out = io.StringIO()
    listener = PlainProgress(out)
    for event in events:
        listener(event)
    assert not [c for c in out.getvalue() if c != "\n" and not c.isprintable()]


def test_a_dumb_terminal_is_treated_as_a_log(monkeypatch):
    monkeypatch.setenv("TERM", "dumb")
    ours, theirs = pty.openpty()
    with os.fdopen(ours, "rb"), os.fdopen(theirs, "w") as out, follow(out) as listener:
        assert isinstance(listener, PlainProgress)


def test_a_terminal_shows_what_each_running_scene_waits_for():
    clock = Clock()
    display = LiveProgress(io.StringIO(), clock=clock)
    display(PLANNED)
    display(r.SceneStarted(scene="idle.long", title="A stream is left alone"))
    display(r.SceneStarted(scene="burst", title="Twenty attempts at once"))
    display(r.Waiting(scene="idle.long", what="second heartbeat", elapsed=2, seconds=25))
    clock.now += 10
    assert list(display.lines()) == [
        "0 / 12 scenes; 12 scenes for 38 rules, 36 attempts (at most 50), about 74 s",
        "  idle.long: second heartbeat, 12 / 25 s",
        "  burst: Twenty attempts at once",
    ]


def test_a_wait_never_shows_more_than_its_length():
    clock = Clock()
    display = LiveProgress(io.StringIO(), clock=clock)
    display(r.SceneStarted(scene="idle.long", title="A stream is left alone"))
    display(r.Waiting(scene="idle.long", what="second heartbeat", elapsed=0, seconds=25))
    clock.now += 1000
    assert list(display.lines()) == ["  idle.long: second heartbeat, 25 / 25 s"]


def test_a_finished_scene_leaves_the_display_and_counts():
    display = LiveProgress(io.StringIO())
    display(PLANNED)
    display(r.SceneStarted(scene="head", title="The head"))
    display(r.Waiting(scene="head", what="the answer", elapsed=0, seconds=2))
    display(r.SceneFinished(scene="head", outcome=SceneOutcome.COMPLETED))
    assert [line.split(";")[0] for line in display.lines()] == ["1 / 12 scenes"]


def test_a_scene_that_is_played_again_counts_once_more_and_the_reason_stays():
    out = io.StringIO()
    display = LiveProgress(out)
    display(PLANNED)
    display(r.SceneRepeated(scene="burst", reason="it was disturbed"))
    assert [line.split(";")[0] for line in display.lines()] == ["0 / 13 scenes"]
    assert "scene burst is played again: it was disturbed" in out.getvalue()


def test_a_real_terminal_shows_failures_above_the_display(events, monkeypatch):
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLUMNS", "120")
    ours, theirs = pty.openpty()
    with ThreadPoolExecutor() as pool:
        shown = pool.submit(read_until_closed, ours)
        with os.fdopen(theirs, "w", encoding="utf-8") as out, follow(out) as listener:
            assert isinstance(listener, LiveProgress)
            failure = next(e for e in events if isinstance(e, r.Judged) and e.verdict.outcome is Outcome.FAIL)
            for event in (events[0], events[1], events[2], events[4], failure):
                listener(event)
        text = shown.result()
    assert "idle.long: second heartbeat, 0 / 25 s" in text
    assert "scene burst limited: 429 after 18\\x1b[2J" in text
    assert "FAIL heartbeat.has-data: expected a data field" in text
    assert "\x1b[2J" not in text
    assert text.endswith("\x1b[2K")  # the display is erased at the end
