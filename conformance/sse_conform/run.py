"""A run from profile to report: it joins the parts and decides nothing about the target."""

import asyncio
import contextlib
import secrets
import signal
import traceback
from collections.abc import AsyncIterator, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from sse_conform import __version__, preflight
from sse_conform import entries as e
from sse_conform.driver.accounts import Accounts, Identity
from sse_conform.driver.browser_process import BrowserProcess
from sse_conform.driver.budget import AttemptBudget, Place
from sse_conform.driver.clock import Clock
from sse_conform.driver.gate import Gate
from sse_conform.driver.lag_probe import LagProbe
from sse_conform.driver.queue import AttemptQueue
from sse_conform.driver.rest import Rest
from sse_conform.driver.stage import LiveStage
from sse_conform.driver.tokens import TokenMint
from sse_conform.driver.trust import client_context
from sse_conform.driver.world import World
from sse_conform.errors import ConformError, SilentTargetError
from sse_conform.profile_file import LoadedProfile
from sse_conform.recorder import Recorder
from sse_conform.redaction import Redactor
from sse_conform.report import Report, SceneSummary, Timing
from sse_conform.rule import Rule
from sse_conform.run_events import Judged, Listener, Message, Planned, SceneFinished, SceneStarted
from sse_conform.scenario import Nature, Scenario
from sse_conform.schedule import Plan, bound_of, share_out
from sse_conform.transcript import Transcript, TranscriptHeader
from sse_conform.verdict import Verdict, judge

#: A scene that takes longer than this beside its waits stands still, in seconds; a slow target needs far less.
SCENE_SECONDS = 900.0


@dataclass(frozen=True, kw_only=True, slots=True)
class RunResult:
    """What a run leaves behind."""

    report: Report
    transcript: Transcript


async def run(loaded: LoadedProfile, plan: Plan, *, listener: Listener, strict: bool = False) -> RunResult:
    """
    Play the scenes of the plan against the target and judge what was recorded.

    An interrupt (SIGINT, SIGTERM) ends the scenes and judges what there is. TargetError and the like carry nothing
    away: what was recorded until then hangs on the exception as ``result``.
    """
    troupe = _Troupe(loaded, plan, listener)
    trouble: ConformError | None = None
    interrupted = False
    async with troupe.equipped() as world:
        playing = asyncio.ensure_future(troupe.play(world))
        with _interrupts(playing):
            try:
                await playing
            except asyncio.CancelledError:
                interrupted = True
            except ConformError as caught:
                trouble = caught
                trouble.message = troupe.redacted(trouble.message)
            except Exception as caught:  # noqa: BLE001 - a bug of ours: what was recorded until then is kept
                trouble = troupe.bug(caught)
        transcript = world.recorder.transcript(troupe.header, interrupted=interrupted)
    report = report_of(transcript, plan.rules, strict=strict, trouble="; ".join(troupe.troubles))
    result = RunResult(report=report, transcript=transcript)
    if trouble is not None:
        trouble.result = result
        raise trouble
    for verdict in report.verdicts:
        listener(Judged(verdict=verdict))
    return result


def judge_all(rules: Iterable[Rule], transcript: Transcript) -> tuple[Verdict, ...]:
    """Judge every rule over one transcript: the same verdicts live and offline."""
    return tuple(judge(rule, transcript) for rule in rules)


def report_of(transcript: Transcript, rules: Iterable[Rule], *, strict: bool = False, trouble: str = "") -> Report:
    """The report on a transcript."""
    attempts = transcript.of(e.Attempted)
    instants = [entry.t for entry in transcript.entries] or [0]
    return Report(
        header=transcript.header,
        verdicts=judge_all(rules, transcript),
        scenes=tuple(
            SceneSummary(id=ended.scene, outcome=ended.outcome.value, detail=ended.detail)
            for ended in transcript.outcomes.values()
        ),
        timing=Timing(
            wall=round(max(instants) / 1e9, 3),
            lower_bound=round(bound_of(transcript), 3),
            attempts=len(attempts),
        ),
        strict=strict,
        interrupted=transcript.footer.interrupted,
        trouble=trouble,
    )


@contextlib.contextmanager
def _interrupts(playing: "asyncio.Future[None]") -> Iterator[None]:
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


class _Troupe:
    """Plays the scenes of one plan, as many at once as budget, accounts and natures allow."""

    def __init__(self, loaded: LoadedProfile, plan: Plan, listener: Listener) -> None:
        self._profile = loaded.profile
        self._plan = plan
        self._listener = listener
        self._redactor = Redactor()
        for secret in loaded.secrets:
            self._redactor.keep(secret, "secret")
        self._clock = Clock()
        self._browses = any(scene.in_browser for scene in plan.scenes)
        self._addresses = share_out(
            self._profile.source_addresses,
            limiter=any(scene.nature is Nature.LIMITER for scene in plan.scenes),
            browser=self._browses,
        )
        self._gate = Gate(scene.id for scene in plan.scenes if scene.nature is not Nature.LIMITER)
        self.troubles: list[str] = []
        self.header = TranscriptHeader(
            suite=__version__,
            target=self._profile.url,
            name=self._profile.name,
            started_at=self._clock.started_at.isoformat(timespec="milliseconds"),
            terms=self._profile.terms,
            rules=tuple(rule.id for rule in plan.rules),
            scenes=(preflight.SCENE.id, *(scene.id for scene in plan.scenes)),
            left_out=tuple(rule.id for rule in plan.left_out),
            limiters=tuple(scene.id for scene in plan.scenes if scene.nature is Nature.LIMITER),
        )

    def redacted(self, text: str) -> str:
        """A text without secrets."""
        return self._redactor.text(text)

    def bug(self, caught: Exception) -> ConformError:
        """Our own trouble, with the redacted traceback as a note."""
        while isinstance(caught, ExceptionGroup):
            caught = caught.exceptions[0]
        hint = "this is a bug of the suite, not of the target: run again with -v and report it"
        trouble = ConformError(self.redacted(f"{type(caught).__name__}: {caught}"), hint=hint)
        trouble.add_note(self.redacted("".join(traceback.format_exception(caught))))
        return trouble

    @contextlib.asynccontextmanager
    async def equipped(self) -> AsyncIterator[World]:
        """Everything that the scenes share, given back at the end."""
        profile, clock = self._profile, self._clock
        recorder = Recorder(self._redactor)
        tls = client_context(profile.tls) if profile.secure else None
        rest = Rest(profile, clock, recorder, tls, tell=lambda text: self._listener(Message(text=text)))
        budget = self._budget(self._addresses.ordinary)
        browsers = self._addresses.browser
        world = World(
            profile=profile,
            terms=profile.terms,
            clock=clock,
            recorder=recorder,
            rest=rest,
            accounts=Accounts(profile, rest, self._redactor, nonce=secrets.token_hex(3)),
            budget=budget,
            browser_budget=budget if browsers is None else self._budget((browsers,)),
            queue=AttemptQueue(window=profile.numbers.rate_window),
            mint=TokenMint(profile.auth),
            tls=tls,
            listener=self._listener,
            process=BrowserProcess(profile.browser) if self._browses else None,
        )

        def lagged(since: int, until: int) -> None:
            recorder.add(e.Disturbed(t=since, until=until, kind=e.Disturbance.LAG))

        loop = asyncio.get_running_loop()
        loop.set_exception_handler(self._note_failure)
        try:
            async with world.process or contextlib.nullcontext(), LagProbe(clock, on_lag=lagged):
                yield world
        finally:
            loop.set_exception_handler(None)
            await rest.close()

    def _budget(self, addresses: tuple[str, ...]) -> AttemptBudget:
        numbers = self._profile.numbers
        return AttemptBudget(limit=numbers.rate_limit, window=numbers.rate_window, addresses=addresses)

    def _note_failure(self, _loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        """What fails in a callback of the loop is our trouble as well, and must not pass for the target's."""
        failure = context.get("exception") or context.get("message", "unknown")
        self.troubles.append(self._redactor.text(f"in the event loop: {type(failure).__name__}: {failure}"))

    async def play(self, world: World) -> None:
        """The preflight, then every scene."""
        plan = self._plan
        self._listener(
            Planned(
                scenes=len(plan.scenes) + 1,
                rules=len(plan.rules),
                attempts=plan.attempts,
                most=plan.most,
                seconds=plan.seconds,
            )
        )
        for name, reason in plan.skipped:
            self._end(world, name, e.SceneOutcome.SKIPPED, reason)
        await self._play(world, preflight.SCENE)
        async with asyncio.TaskGroup() as group:
            for scene in plan.scenes:
                group.create_task(self._play_in_turn(world, scene))

    async def _play_in_turn(self, world: World, scene: Scenario) -> None:
        limiter = scene.nature is Nature.LIMITER
        if limiter and self._addresses.limiter is None:
            await self._gate.all_settled()
        # A scene that broke is recorded as such; the others go on.
        with contextlib.suppress(ConformError):
            await self._play(world, scene)
        if not limiter:
            await self._gate.settle(scene.id)

    async def _play(self, world: World, scene: Scenario) -> None:
        """Play one scene and record how it ended; raises the ConformError that broke it."""
        if reason := _obstacle(world, scene):
            self._end(world, scene.id, e.SceneOutcome.SKIPPED, reason)
            return
        places: list[Place] = []
        cast: dict[str, Identity] = {}
        outcome, detail = e.SceneOutcome.INTERRUPTED, "the run was interrupted"
        try:
            await _equip(world, scene, cast, places)
            async with self._gate.admit(scene):
                if world.accounts.capacity is None:
                    cast |= await world.accounts.lease(scene)
                outcome, detail = await self._perform(world, scene, cast, places)
        except SilentTargetError:
            outcome, detail = e.SceneOutcome.COMPLETED, ""  # what it recorded is judged
            raise
        except ConformError as trouble:
            outcome, detail = e.SceneOutcome.BROKEN, trouble.message
            raise
        except Exception as trouble:  # noqa: BLE001 - a bug in a scene is our trouble: named, and the others go on
            detail = f"the scene itself failed: {type(trouble).__name__}: {trouble}"
            outcome = e.SceneOutcome.BROKEN
            self.troubles.append(self._redactor.text(f"{scene.id}: {detail}"))
        finally:
            world.budget_of(scene).give_back(places)
            await world.accounts.release(cast.values())
            self._end(world, scene.id, outcome, detail)

    async def _perform(
        self, world: World, scene: Scenario, cast: dict[str, Identity], places: list[Place]
    ) -> tuple[e.SceneOutcome, str]:
        address = self._addresses.limiter if scene.nature is Nature.LIMITER else None
        stage = LiveStage(world, scene, cast, places=places, gate=self._gate, address=address)
        world.recorder.add(e.SceneBegan(t=world.clock.now(), scene=scene.id))
        self._listener(SceneStarted(scene=scene.id, title=scene.title))
        seconds = scene.waits(world.terms) + SCENE_SECONDS
        try:
            async with asyncio.timeout(seconds) as timer:
                await scene.play(stage)
        except TimeoutError as late:
            if not timer.expired():
                raise
            raise ConformError(f"the scene did not come to its end within {seconds:.0f} s") from late
        finally:
            await stage.close_all()
        if stage.unreached:
            return e.SceneOutcome.BROKEN, stage.unreached
        if stage.limited:
            return e.SceneOutcome.LIMITED, "the target answered 429 to an attempt within its limit"
        return e.SceneOutcome.COMPLETED, ""

    def _end(self, world: World, scene: str, outcome: e.SceneOutcome, detail: str) -> None:
        world.recorder.add(e.SceneEnded(t=world.clock.now(), scene=scene, outcome=outcome, detail=detail))
        self._listener(SceneFinished(scene=scene, outcome=outcome, detail=self._redactor.text(detail)))


async def _equip(world: World, scene: Scenario, cast: dict[str, Identity], places: list[Place]) -> None:
    """
    Fill in the given accounts of a scene and its places, so that a failure in between loses neither.

    Given accounts come first: whoever holds places can always go on, and no two scenes wait for each other. Accounts
    that are made come later, when the scene begins to act, so that their tokens are fresh.
    """
    if world.accounts.capacity is not None:
        cast |= await world.accounts.lease(scene)
    if scene.nature is not Nature.LIMITER:
        places += await world.budget_of(scene).reserve(scene.expected(world.terms))


def _obstacle(world: World, scene: Scenario) -> str:
    """Why a scene cannot be played; empty where it can."""
    capacity = world.accounts.capacity
    if capacity is not None and capacity < len(scene.users):
        return f"it needs {len(scene.users)} accounts at once, the profile gives {capacity}: add [[users.accounts]]"
    if scene.in_browser and world.process and world.process.trouble:
        return f"{world.process.trouble.message}: {world.process.trouble.hint}"
    return ""
