"""
What a person sees while a run goes on, on standard error.

At a terminal a live display with a line per running scene; elsewhere, in a log, one plain line per finished scene and
per verdict that is not a pass.
"""

import os
from contextlib import AbstractContextManager, nullcontext
from typing import TextIO, assert_never

from sse_conform import run_events as r
from sse_conform.printable import printable
from sse_conform.verdict import Outcome, Verdict


def follow(out: TextIO) -> AbstractContextManager[r.Listener]:
    """
    A listener for one run that reports to ``out``; it listens inside the ``with`` block.

    ``with follow(sys.stderr) as listener: listener(event)``
    """
    if out.isatty() and os.environ.get("TERM") != "dumb":
        from sse_conform.writers.live_progress import LiveProgress  # noqa: PLC0415 - rich is for terminals only

        return LiveProgress(out)
    return nullcontext(PlainProgress(out))


class PlainProgress:
    """One line for each thing worth keeping in a log."""

    def __init__(self, out: TextIO) -> None:
        self._out = out
        self._unheard = False

    def __call__(self, event: r.RunEvent, /) -> None:
        """Write the line of an event, if it has one, at once."""
        line = _line(event)
        if line and not self._unheard:
            try:
                print(printable(line), file=self._out, flush=True)
            except OSError:  # nobody reads it any more, and the run does not hang on that
                self._unheard = True


def _line(event: r.RunEvent) -> str:
    match event:
        case r.Planned():
            return planned(event)
        case r.SceneFinished():
            return finished(event)
        case r.SceneRepeated():
            return repeated(event)
        case r.Judged():
            return judged(event.verdict)
        case r.Message():
            return event.text
        case r.SceneStarted() | r.Waiting():
            return ""
        case _:
            assert_never(event)


def planned(plan: r.Planned) -> str:
    """The plan of a run in one line."""
    attempts = f"{plan.attempts} attempts" + (f" (at most {plan.most})" if plan.most > plan.attempts else "")
    return f"{plan.scenes} scenes for {plan.rules} rules, {attempts}, about {plan.seconds:.0f} s"


def finished(scene: r.SceneFinished) -> str:
    """The end of a scene in one line."""
    return f"scene {scene.scene} {scene.outcome.value}{scene.detail and ': '}{scene.detail}"


def repeated(scene: r.SceneRepeated) -> str:
    """That a scene is played again, in one line."""
    return f"scene {scene.scene} is played again: {scene.reason}"


def judged(verdict: Verdict) -> str:
    """A verdict in one line; empty for a pass and for what is not applicable."""
    match verdict.outcome:
        case Outcome.PASS | Outcome.NOT_APPLICABLE:
            return ""
        case Outcome.FAIL | Outcome.WARN:
            first = verdict.breaches[0]
            why = f"expected {first.expected}, received {first.actual}"
        case Outcome.UNTESTED | Outcome.INCONCLUSIVE | Outcome.ERROR:
            why = verdict.reason
        case _:
            assert_never(verdict.outcome)
    word = verdict.outcome.value
    return f"{word.upper() if verdict.outcome is Outcome.FAIL else word} {verdict.rule}: {why}"
