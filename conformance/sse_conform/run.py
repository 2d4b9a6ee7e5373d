"""A run from profile to report: it joins the parts and decides nothing about the target."""

import asyncio
import contextlib
import signal
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from sse_conform import entries as e
from sse_conform.driver.world import World
from sse_conform.errors import ConformError
from sse_conform.profile_file import LoadedProfile
from sse_conform.report import Report, report_of
from sse_conform.rule import Rule
from sse_conform.run_events import Judged, Listener
from sse_conform.schedule import Plan
from sse_conform.transcript import Transcript
from sse_conform.troupe import Troupe
from sse_conform.verdict import Verdict, judge_all

#: Scenes that ended like this would do so again.
_SETTLED = frozenset({e.SceneOutcome.COMPLETED, e.SceneOutcome.SKIPPED})


@dataclass(frozen=True, kw_only=True, slots=True)
class RunResult:
    """
    What a run leaves behind: ``pictures`` are its screenshots (PNG) by the names that the transcript knows, ``traces``
    those of browsers in whose scenes something was in breach, by their places beside it.
    """

    report: Report
    transcript: Transcript
    pictures: Mapping[str, bytes] = field(default_factory=dict)
    traces: Mapping[str, bytes] = field(default_factory=dict)


async def run(loaded: LoadedProfile, plan: Plan, *, listener: Listener, strict: bool = False) -> RunResult:
    """
    Play the scenes of the plan against the target and judge what was recorded.

    An interrupt (SIGINT, SIGTERM) ends the scenes and judges what there is. TargetError and the like carry nothing
    away: what was recorded until then hangs on the exception as ``result``.
    """
    troupe = Troupe(loaded, plan, listener)
    trouble: ConformError | None = None
    transcript: Transcript | None = None
    verdicts: tuple[Verdict, ...] = ()
    async with troupe.equipped() as world:
        playing = asyncio.ensure_future(_play(troupe, world, plan.rules))
        with _interrupts(playing):
            try:
                transcript, verdicts = await playing
            except asyncio.CancelledError:
                transcript = world.recorder.transcript(troupe.header, interrupted=True)
            except ConformError as caught:
                trouble = caught
                trouble.message = troupe.redacted(trouble.message)
            except Exception as caught:  # noqa: BLE001 - a bug of ours: what was recorded until then is kept
                trouble = troupe.bug(caught)
        transcript = transcript or world.recorder.transcript(troupe.header)
    verdicts = verdicts or judge_all(plan.rules, transcript)
    report = report_of(transcript, verdicts, strict=strict, trouble="; ".join(troupe.troubles))
    traces = troupe.telling(world, report)
    result = RunResult(report=report, transcript=transcript, pictures=world.pictures, traces=traces)
    if trouble is not None:
        trouble.result = result
        raise trouble
    for verdict in report.verdicts:
        listener(Judged(verdict=verdict))
    return result


async def _play(troupe: Troupe, world: World, rules: Iterable[Rule]) -> tuple[Transcript, tuple[Verdict, ...]]:
    """
    Every scene, and those once more whose first take left a rule open that a second one may settle.

    With the verdicts on them, where they were judged already.
    """
    await troupe.play(world)
    transcript = world.recorder.transcript(troupe.header)
    verdicts = judge_all(rules, transcript) if _may_change(transcript) else ()
    again = _worth_repeating(verdicts)
    if not again:
        return transcript, verdicts  # with all that judging made of it, which takes as much memory as the record
    await troupe.repeat(world, again)
    return world.recorder.transcript(troupe.header), ()


def _may_change(transcript: Transcript) -> bool:
    """Whether a second take might tell more: the target lives, and something disturbed the first one."""
    died = transcript.of(e.Died)
    commanded = [entry for entry in transcript.of(e.Commanded) if entry.order in {e.Order.STOP, e.Order.START}]
    if (died and not died[-1].back) or (commanded and not commanded[-1].answers):
        return False
    lagged = any(disturbed.kind is e.Disturbance.LAG for disturbed in transcript.disturbances)
    settled = _SETTLED.issuperset(ended.outcome for ended in transcript.outcomes.values())
    return bool(lagged or died or not settled)


def _worth_repeating(verdicts: Iterable[Verdict]) -> dict[str, str]:
    """The scenes to play again, in the order of the rules that they left open, each with the reason."""
    reasons: dict[str, str] = {}
    further: Counter[str] = Counter()
    for verdict in verdicts:
        for scene in verdict.repeatable:
            further[scene] += scene in reasons
            reasons.setdefault(scene, f"{verdict.rule} is {verdict.outcome.value}: {verdict.reason}")
    return {
        scene: reason + (f" (and {further[scene]} more rules)" if further[scene] else "")
        for scene, reason in reasons.items()
    }


@contextlib.contextmanager
def _interrupts(playing: "asyncio.Future[Any]") -> Iterator[None]:
    """While playing, an interrupt ends the play instead of the program."""
    loop = asyncio.get_running_loop()
    handled: list[signal.Signals] = []
    with contextlib.suppress(NotImplementedError, RuntimeError, ValueError):  # not in the main thread, or no Unix
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, playing.cancel)
            handled.append(number)
    try:
        yield
    finally:
        for number in handled:
            loop.remove_signal_handler(number)
