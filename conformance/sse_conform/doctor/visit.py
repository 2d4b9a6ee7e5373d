"""One visit to the target: all that its checks share, and the record of what they did."""

import contextlib
from collections.abc import AsyncIterator

from sse_conform import __version__, preflight
from sse_conform.driver.accounts import Identity
from sse_conform.driver.clock import Clock
from sse_conform.driver.gate import Gate
from sse_conform.driver.stage import LiveStage
from sse_conform.driver.world import World
from sse_conform.entries import Attempted
from sse_conform.equipment import equipped
from sse_conform.listening import Subscription
from sse_conform.profile import Profile
from sse_conform.profile_file import LoadedProfile
from sse_conform.redaction import Redactor
from sse_conform.run_events import Listener
from sse_conform.scenario import Nature, Scenario
from sse_conform.schedule import share_out
from sse_conform.transcript import Stream, Transcript, TranscriptHeader

SCENE = "doctor"
#: Who tries everything, and the second user.
ONE, OTHER = "one", "other"
#: What a visit costs at the most: two of the preflight, a stream of each user, a token that was signed here, one that
#: has expired, a page of another origin, and the return after the logout; and three of the service's own page.
MOST_ATTEMPTS = 8
PAGE_ATTEMPTS = 3


async def _nothing(_stage: object) -> None:
    """The checks act one by one."""


_SCENE = Scenario(
    id=SCENE,
    title="Each part is tried.",
    play=_nothing,
    users=(ONE, OTHER),
    attempts=MOST_ATTEMPTS + PAGE_ATTEMPTS,
    nature=Nature.PLAIN,
)


class Visit:
    """
    The stage of one visit.

    ``cast`` has who could log in and ``streams`` what they hold open, by label; ``troubles`` are the suite's own.
    """

    def __init__(self, world: World, gate: Gate, troubles: list[str]) -> None:
        self.profile: Profile = world.profile
        self.world = world
        self.cast: dict[str, Identity] = {}
        self.streams: dict[str, Subscription] = {}
        self.troubles = troubles
        self.stage = LiveStage(world, _SCENE, self.cast, places=[], gate=gate)
        self._gate = gate

    @property
    def browses(self) -> bool:
        """Whether there is a page to look at, and a browser to do so."""
        process = self.world.process
        return self.profile.ui is not None and process is not None and process.trouble is None

    @property
    def record(self) -> Transcript:
        """All that was done and seen so far."""
        header = TranscriptHeader(
            suite=__version__,
            target=self.profile.url,
            name=self.profile.name,
            started_at=self.world.clock.started_at.isoformat(timespec="milliseconds"),
            terms=self.profile.terms,
            rules=(),
            scenes=(preflight.SCENE.id, SCENE),
        )
        return self.world.recorder.transcript(header)

    @property
    def attempts(self) -> int:
        """How many attempts on the stream route were made."""
        return len(self.record.of(Attempted))

    async def knock(self) -> Stream:
        """The preflight: a stranger, and one with the genuine token, whose stream this is. TargetError as in a run."""
        self.cast[preflight.PROBE] = self.cast[ONE]
        async with self._gate.admit(preflight.SCENE):
            stage = LiveStage(self.world, preflight.SCENE, self.cast, places=[], gate=self._gate)
            try:
                await preflight.SCENE.play(stage)
            finally:
                await stage.close_all()
        return self.stream("control")

    @property
    def refused(self) -> bool:
        """Whether the preflight's genuine token was."""
        return any(s.status in {401, 403} for s in self.record.streams_in(preflight.SCENE.id, "control"))

    def stream(self, part: str) -> Stream:
        """The record of the attempt of this part."""
        return next(stream for stream in reversed(self.record.streams) if stream.attempt.part == part)


@contextlib.asynccontextmanager
async def visiting(loaded: LoadedProfile, listener: Listener) -> AsyncIterator[Visit]:
    """A visit for as long as the block lasts; what it opened is closed."""
    profile, redactor, troubles = loaded.profile, Redactor(), list[str]()
    for secret in loaded.secrets:
        redactor.keep(secret, "secret")
    addresses = share_out(profile.source_addresses, limiter=False, browser=False)
    world_of = equipped(
        profile,
        addresses,
        clock=Clock(),
        redactor=redactor,
        listener=listener,
        browses=profile.ui is not None and profile.browser.engine is not None,
        on_trouble=troubles.append,
    )
    gate = Gate(())
    async with world_of as world, gate.admit(_SCENE):
        if world.process:
            await world.process.started()
        visit = Visit(world, gate, troubles)
        try:
            yield visit
        finally:
            await visit.stage.close_all()
