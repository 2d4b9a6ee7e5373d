"""The browsers of one scene: made when it asks for them, closed when it is over, counted in the budget."""

from contextlib import AsyncExitStack

from sse_conform.driver.accounts import Identity
from sse_conform.driver.any_of import any_of
from sse_conform.driver.browser_device import LiveDevice
from sse_conform.driver.browser_rest import PageRest
from sse_conform.driver.browser_surroundings import Owner, Surroundings
from sse_conform.driver.browser_tab import LiveTab, Passing
from sse_conform.driver.budget import AttemptBudget, Place
from sse_conform.driver.proxy_inspection import Inspection, shown
from sse_conform.driver.stream_records import format_endpoint
from sse_conform.driver.world import World
from sse_conform.entries import TokenKind
from sse_conform.scenario import Nature, Scenario

#: A browser says within so many seconds that it lost a page.
CRASH_SECONDS = 1.0


class SceneDevices:
    """Makes devices; ``limited`` says that the target answered 429 to one of them within its limit."""

    def __init__(
        self,
        world: World,
        scene: Scenario,
        places: list[Place],
        budget: AttemptBudget,
        address: str,
        *,
        passing: Passing,
    ) -> None:
        self._world = world
        self._scene = scene
        self._places = places
        self._budget = budget
        self._address = address
        self._passing = passing
        self._devices: list[LiveDevice] = []
        self.limited = False

    async def make(self, identity: Identity | None, token: TokenKind) -> LiveDevice:
        """A new device, with a token of this kind of that account, or nobody's."""
        world = self._world
        assert world.process is not None
        owner = Owner()
        if identity is not None:
            credential = world.mint.make(token, identity.token)
            if credential is not None:
                world.recorder.redactor.keep(credential, "token")
            owner = Owner(username=identity.username, password=identity.password, credential=credential, token=token)
        around = Surroundings(
            profile=world.profile,
            terms=world.terms,
            clock=world.clock,
            recorder=world.recorder,
            process=world.process,
            scene=self._scene.id,
            address=self._address,
            inspection=_inspection(world),
            mint=world.mint,
            pictures=world.pictures,
            traces=world.traces,
            spend=self._spend,
            settle=self._settle,
            passing=self._passing,
        )
        device = LiveDevice(around, owner)
        self._devices.append(device)
        await device.start()
        return device

    def rest_of(self, tab: LiveTab) -> PageRest:
        """Requests as this tab makes them."""
        world = self._world
        device = next(device for device in self._devices if device.has(tab))
        return PageRest(world.profile, world.clock, world.recorder.redactor, device, tab)

    @property
    def crash(self) -> str:
        """Where the browser crashed; empty where it did not."""
        return next((device.crash for device in self._devices if device.crash), "")

    async def crashed(self) -> bool:
        """Whether the browser crashed: what is asked of a page fails a moment before the browser says so."""
        return await any_of([device.until_crashed(seconds=CRASH_SECONDS) for device in self._devices])

    async def close(self) -> None:
        """Close them all."""
        async with AsyncExitStack() as stack:
            for device in self._devices:
                stack.push_async_callback(device.close)

    def _spend(self) -> Place:
        """The place of an attempt that a browser makes on its own: a reserved one, else one that nobody foresaw."""
        place = next((place for place in self._places if place.address == self._address), None)
        if place is None:
            return self._budget.count(self._address)
        self._places.remove(place)
        place.used = True
        return place

    def _settle(self, place: Place, status: int) -> None:
        self._budget.answered(place)
        self.limited |= status == 429 and self._scene.nature is not Nature.LIMITER


def _inspection(world: World) -> Inspection | None:
    """How tunnels to the target are opened; None where it speaks no TLS."""
    if world.tls is None:
        return None
    authority = format_endpoint(world.profile.host, world.profile.port)
    return Inspection(authority=authority, shown=shown(), context=world.tls)
