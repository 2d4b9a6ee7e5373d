"""Those who play the scenes of a run: at the same time as far as budget, accounts and natures allow."""

import asyncio
import contextlib
import traceback
from collections.abc import Iterable, Mapping, Sequence

from sse_conform import __version__, preflight
from sse_conform import entries as e
from sse_conform.driver.accounts import Identity
from sse_conform.driver.budget import Place
from sse_conform.driver.clock import Clock
from sse_conform.driver.gate import Gate
from sse_conform.driver.queue import MOST_WINDOWS
from sse_conform.driver.stage import LiveStage
from sse_conform.driver.world import World
from sse_conform.equipment import equipped
from sse_conform.errors import ConformError, SilentTargetError
from sse_conform.profile_file import LoadedProfile
from sse_conform.redaction import Redactor
from sse_conform.report import Report
from sse_conform.run_events import Listener, Planned, SceneFinished, SceneRepeated, SceneStarted
from sse_conform.scenario import Nature, Scenario
from sse_conform.schedule import Plan, share_out
from sse_conform.traces import telling
from sse_conform.transcript import TranscriptHeader

#: A scene that takes longer than this beside its waits stands still, in seconds; a slow target needs far less.
SCENE_SECONDS = 900.0


class Troupe:
    """Plays the scenes of one plan, as many at once as budget, accounts and natures allow."""

    def __init__(self, loaded: LoadedProfile, plan: Plan, listener: Listener) -> None:
        self._profile = loaded.profile
        self._operator = loaded.operator
        self._plan = plan
        self._listener = listener
        self._redactor = Redactor()
        for secret in loaded.secrets:
            self._redactor.keep(secret, "secret")
        self._clock = Clock()
        in_browser = any(scene.in_browser for scene in plan.scenes)
        self._browses = in_browser or any(rule.in_browser for rule in plan.rules)
        limiters, outages = (
            tuple(scene.id for scene in plan.scenes if scene.nature is nature)
            for nature in (Nature.LIMITER, Nature.OUTAGE)
        )
        self._addresses = share_out(self._profile.source_addresses, limiter=bool(limiters), browser=in_browser)
        self._gate = Gate(())
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
            limiters=limiters,
            outages=outages,
        )

    def redacted(self, text: str) -> str:
        """A text without secrets."""
        return self._redactor.text(text)

    def telling(self, world: World, report: Report) -> Mapping[str, bytes]:
        """The traces of browsers that a breach makes worth keeping, without secrets."""
        return telling(world.traces, report, self._redactor)

    def bug(self, caught: Exception) -> ConformError:
        """Our own trouble, with the redacted traceback as a note."""
        while isinstance(caught, ExceptionGroup):
            caught = caught.exceptions[0]
        hint = "this is a bug of the suite, not of the target: run again with -v and report it"
        trouble = ConformError(self.redacted(f"{type(caught).__name__}: {caught}"), hint=hint)
        trouble.add_note(self.redacted("".join(traceback.format_exception(caught))))
        return trouble

    def equipped(self) -> contextlib.AbstractAsyncContextManager[World]:
        """Everything that the scenes share, given back at the end."""
        return equipped(
            self._profile,
            self._addresses,
            clock=self._clock,
            redactor=self._redactor,
            listener=self._listener,
            operator=self._operator,
            browses=self._browses,
            on_trouble=self.troubles.append,
        )

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
        await self._play_all(world, plan.scenes)

    async def repeat(self, world: World, reasons: Mapping[str, str]) -> None:
        """Play scenes again, each for its reason. The first takes stay: what breaks the second ones takes nothing."""
        again = [scene for scene in (preflight.SCENE, *self._plan.scenes) if scene.id in reasons]
        for scene in again:
            reason = reasons[scene.id]
            world.recorder.add(e.Repeated(t=world.clock.now(), scene=scene.id, reason=reason))
            self._listener(SceneRepeated(scene=scene.id, reason=self._redactor.text(reason)))
        # Some limiters remember the window before the last one too, and what the first take left there is not seen.
        limiter_after = MOST_WINDOWS * world.terms.rate_window
        if not world.liveness.died:
            await self._play_all(world, again, limiter_after=limiter_after)
            return
        for scene in again:  # which of them the target dies of shows only where each plays alone
            await self._play_all(world, [scene], limiter_after=limiter_after)

    async def _play_all(self, world: World, scenes: Sequence[Scenario], *, limiter_after: float = 0.0) -> None:
        """Play scenes together, the limiter's one not before so many seconds have passed; then each outage alone."""
        outages = [scene for scene in scenes if scene.nature is Nature.OUTAGE]
        together = [scene for scene in scenes if scene not in outages]
        for act in (together, *([scene] for scene in outages)):
            expected = [scene.id for scene in act if scene.nature is not Nature.LIMITER]
            # Its window is among the longest waits, and it needs the browser first: no timed one is to overtake it.
            ahead = self._plan_ahead(world, act) if not limiter_after else ()
            self._gate = Gate(expected, order=line_of(act), ahead=ahead)
            async with asyncio.TaskGroup() as group:
                for scene in act:
                    group.create_task(self._play_in_turn(world, scene, limiter_after))
            await world.liveness.returned()

    def _plan_ahead(self, world: World, act: Sequence[Scenario]) -> tuple[str, ...]:
        """The limiter's scene, where it waits for no other: neither for attempts to end nor for given accounts."""
        free = self._addresses.limiter is not None and world.accounts.capacity is None
        return tuple(scene.id for scene in act if free and scene.nature is Nature.LIMITER)

    async def _play_in_turn(self, world: World, scene: Scenario, limiter_after: float) -> None:
        limiter = scene.nature is Nature.LIMITER
        if limiter and limiter_after:
            await asyncio.sleep(limiter_after)
        if limiter and self._addresses.limiter is None:
            await self._gate.all_settled()
        # A scene that broke is recorded as such; the others go on.
        with contextlib.suppress(ConformError):
            await self._play(world, scene)
        await self._gate.settle(scene.id)

    async def _play(self, world: World, scene: Scenario) -> None:
        """Play one scene and record how it ended; raises the ConformError that broke it."""
        if world.process and (scene.in_browser or scene.nature in {Nature.LIMITER, Nature.OUTAGE}):
            await world.process.started()
        if reason := _obstacle(world, scene):
            self._end(world, scene.id, e.SceneOutcome.SKIPPED, reason)
            return
        places: list[Place] = []
        cast: dict[str, Identity] = {}
        outcome, detail = e.SceneOutcome.INTERRUPTED, "the run was interrupted"
        try:
            await world.liveness.returned()
            await _equip(world, scene, cast, places)
            async with self._gate.admit(scene):
                await world.liveness.returned()
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
                await world.liveness.during(scene.play(stage))
        except TimeoutError as late:
            if not timer.expired():
                raise
            raise ConformError(f"the scene did not come to its end within {seconds:.0f} s") from late
        except Exception:
            if not await stage.crashed():  # what a scene wants of a page that is gone fails in many ways
                raise
        finally:
            await stage.close_all()
        if stage.crash or stage.unreached:
            return e.SceneOutcome.BROKEN, stage.crash or stage.unreached
        if stage.limited:
            return e.SceneOutcome.LIMITED, "the target answered 429 to an attempt within its limit"
        return e.SceneOutcome.COMPLETED, ""

    def _end(self, world: World, scene: str, outcome: e.SceneOutcome, detail: str) -> None:
        world.recorder.add(e.SceneEnded(t=world.clock.now(), scene=scene, outcome=outcome, detail=detail))
        self._listener(SceneFinished(scene=scene, outcome=outcome, detail=self._redactor.text(detail)))


def line_of(scenes: Iterable[Scenario]) -> list[str]:
    """
    In which order scenes wait for their turn to act.

    Those in a browser begin first: they wait more than they act, and what they wait for needs the processor. Loud ones
    are at work all the time, and how long that takes nobody can declare.
    """
    line = sorted(scenes, key=lambda scene: (not scene.in_browser, scene.nature is not Nature.LOUD))
    return [scene.id for scene in line]


async def _equip(world: World, scene: Scenario, cast: dict[str, Identity], places: list[Place]) -> None:
    """
    Fill in the given accounts of a scene and its places, so that a failure in between loses neither.

    Given accounts come first: whoever holds places can always go on, and no two scenes wait for each other. Accounts
    that are made come later, when the scene begins to act, so that their tokens are fresh.
    """
    if world.accounts.capacity is not None:
        cast |= await world.accounts.lease(scene)
    if scene.nature is not Nature.LIMITER:
        budget, attempts = world.budget_of(scene), scene.expected(world.terms)
        places += await budget.reserve(attempts, together=scene.in_browser)


def _obstacle(world: World, scene: Scenario) -> str:
    """Why a scene cannot be played; empty where it can."""
    capacity = world.accounts.capacity
    if capacity is not None and capacity < len(scene.users):
        return f"it needs {len(scene.users)} accounts at once, the profile gives {capacity}: add [[users.accounts]]"
    if scene.in_browser and world.process and world.process.trouble:
        return f"{world.process.trouble.message}: {world.process.trouble.hint}"
    return ""
