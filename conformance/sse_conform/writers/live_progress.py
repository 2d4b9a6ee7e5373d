"""The live display of a run at a terminal: the plan, and a line per running scene that says what is waited for."""

import threading
import time
from collections.abc import Callable, Iterator
from types import TracebackType
from typing import NamedTuple, TextIO, assert_never

from rich.console import Console, ConsoleOptions, RenderResult
from rich.live import Live
from rich.text import Text

from sse_conform import run_events as r
from sse_conform.entries import SceneOutcome
from sse_conform.printable import printable
from sse_conform.verdict import Outcome
from sse_conform.writers.progress import finished, judged, planned, repeated

_PER_SECOND = 4


class _Wait(NamedTuple):
    what: str
    began: float
    seconds: float


class LiveProgress:
    """
    Follows a run inside its ``with`` block.

    Scenes that were not completed and verdicts that are not passes stay above the display as plain lines; the display
    itself is gone at the end. ``clock`` gives seconds on a monotonic scale. The display is drawn by a thread of its
    own, which looks at the running scenes under a lock.
    """

    def __init__(self, out: TextIO, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._plan: r.Planned | None = None
        self._done = 0
        self._repeated = 0
        self._running: dict[str, str] = {}
        self._waits: dict[str, _Wait] = {}
        self._console = Console(file=out)
        self._live = Live(
            self, console=self._console, refresh_per_second=_PER_SECOND, transient=True, redirect_stdout=False
        )

    def __enter__(self) -> "LiveProgress":
        self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._live.stop()

    def __call__(self, event: r.RunEvent, /) -> None:
        """Take note of one event."""
        match event:
            case r.Planned():
                with self._lock:
                    self._plan = event
            case r.SceneStarted():
                with self._lock:
                    self._running[event.scene] = event.title
            case r.Waiting():
                wait = _Wait(event.what, self._clock() - event.elapsed, event.seconds)
                with self._lock:
                    self._waits[event.scene] = wait
            case r.SceneFinished():
                self._finish(event)
            case r.SceneRepeated():
                with self._lock:
                    self._repeated += 1
                self._print(repeated(event))
            case r.Judged():
                self._print(judged(event.verdict), "bold red" if event.verdict.outcome is Outcome.FAIL else "")
            case r.Message():
                self._print(event.text)
            case _:
                assert_never(event)

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Draw the display as it is now, a line each, cut at the edge of the terminal."""
        for line in self.lines():
            yield Text(printable(line), no_wrap=True, overflow="ellipsis")

    def lines(self) -> Iterator[str]:
        """The display as text: the plan and how far it is, then each running scene."""
        with self._lock:
            plan, done, more = self._plan, self._done, self._repeated
            running, waits = dict(self._running), dict(self._waits)
        if plan is not None:
            yield f"{done} / {plan.scenes + more} scenes; {planned(plan)}"
        for scene, title in running.items():
            yield f"  {scene}: {self._waiting(waits[scene]) if scene in waits else title}"

    def _waiting(self, wait: _Wait) -> str:
        elapsed = min(self._clock() - wait.began, wait.seconds)
        return f"{wait.what}, {elapsed:.0f} / {wait.seconds:.0f} s"

    def _finish(self, event: r.SceneFinished) -> None:
        with self._lock:
            self._done += 1
            self._running.pop(event.scene, None)
            self._waits.pop(event.scene, None)
        if event.outcome is not SceneOutcome.COMPLETED:
            self._print(finished(event))

    def _print(self, line: str, style: str = "") -> None:
        if line:
            self._console.print(Text(printable(line), style=style), soft_wrap=True)
