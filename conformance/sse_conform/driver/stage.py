"""The stage: what scenes can do, done to a real target, and taken down."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterable
from dataclasses import replace

from sse_conform import entries as e
from sse_conform.browsing import Device, OwnPage, Tab
from sse_conform.corpus import Alias
from sse_conform.driver import restarting
from sse_conform.driver.accounts import Identity
from sse_conform.driver.any_of import any_of
from sse_conform.driver.attempts import Attempt, Attempts
from sse_conform.driver.browser_tab import LiveTab
from sse_conform.driver.budget import Place
from sse_conform.driver.credentials import Credentials
from sse_conform.driver.gate import Gate
from sse_conform.driver.own_page import LiveOwnPage
from sse_conform.driver.publishing import Act, alike, choose, fill_in, perform
from sse_conform.driver.scene_devices import SceneDevices
from sse_conform.driver.stream_call import Variation, path_naming
from sse_conform.driver.subscription import LiveSubscription
from sse_conform.driver.world import World
from sse_conform.entries import EventKind, Published, TokenKind
from sse_conform.evidence import SECOND
from sse_conform.json_pointer import resolve
from sse_conform.listening import Subscription
from sse_conform.profile import RequestTemplate
from sse_conform.run_events import Waiting
from sse_conform.scenario import Reply, Scenario, User, Variant
from sse_conform.spec import Capability
from sse_conform.spelling import Spelling
from sse_conform.terms import Terms

#: A stream is not watched longer beyond what its scene lets pass, in seconds.
LONGEST_SECONDS = 600.0


class LiveStage:
    """The stage of one scene; see :class:`sse_conform.scenario.Stage`."""

    def __init__(
        self,
        world: World,
        scene: Scenario,
        cast: dict[str, Identity],
        *,
        places: list[Place],
        gate: Gate,
        address: str | None = None,
    ) -> None:
        self._world = world
        self._scene = scene
        self._cast = cast
        self._gate = gate
        self._credentials = Credentials(world.mint, world.recorder.redactor, cast)
        self._attempts = Attempts(
            world, scene, credentials=self._credentials, places=places, gate=gate, address=address
        )
        budget = world.budget_of(scene)
        reserved = places[0].address if places else budget.addresses[0]
        self._devices = SceneDevices(world, scene, places, budget, address or reserved, passing=self._passing)

    @property
    def limited(self) -> bool:
        """Whether the target answered 429 to an attempt within its limit."""
        return self._attempts.limited or self._devices.limited

    @property
    def unreached(self) -> str:
        """Why an attempt never got to the target; empty where all did."""
        return self._attempts.unreached

    @property
    def crash(self) -> str:
        """Where the browser crashed; empty where it did not."""
        return self._devices.crash

    async def crashed(self) -> bool:
        """Whether the browser crashed, which it may say only after something else failed."""
        return await self._devices.crashed()

    @property
    def terms(self) -> Terms:
        """The numbers of this run."""
        return self._world.terms

    @property
    def kinds(self) -> tuple[EventKind, ...]:
        """The kinds of event that can be caused; see the protocol."""
        return alike(self._world.profile.triggers)

    def has(self, capability: Capability) -> bool:
        """Whether the target declares or the profile provides ``capability``; a browser has to be running."""
        process = self._world.process
        running = capability is not Capability.BROWSER or (process is not None and process.trouble is None)
        return running and self.terms.has(capability)

    def user(self, label: str) -> User:
        """The leased account of this label."""
        return self._cast[label].as_user(label)

    async def namesake(self, user: str, alias: Alias) -> bool:
        """Make an account whose name is this alias of the user's; see the protocol."""
        made = await self._world.accounts.namesake(self._cast[user], alias)
        if made is not None:
            self._cast[alias.name] = made
        return made is not None

    async def second_login(self, user: str) -> str:
        """Log the user in once more; see the protocol."""
        made = await self._world.accounts.second_login(self._cast[user]) if self.has(Capability.REST) else None
        if made is None:
            return user
        if not 200 <= await self.rest(user, part="first-login") < 300:
            self._world.accounts.succeed(made)
            self._cast[user] = made
            self._credentials.forget()
            return user
        label = f"{user}-again"
        self._cast[label] = made
        return label

    def makes(self, token: TokenKind) -> bool:
        """Whether a token of this kind can be made."""
        return self._credentials.makes(token)

    # the stream route

    async def subscribe(
        self,
        user: str,
        *,
        part: str = "",
        token: TokenKind = TokenKind.GENUINE,
        method: str = "GET",
        query: str = "",
        headers: Iterable[tuple[str, str]] = (),
        without: Iterable[str] = (),
        scheme: str = "Bearer",
        last_event_id: str | None = None,
        receive_buffer: int | None = None,
        urgent: bool = False,
        beside: str = "",
        crosswise: bool = False,
        path_of: str = "",
        spelling: Spelling = Spelling.PLAIN,
        http2: bool = False,
        elsewhere: bool = False,
    ) -> Subscription:
        """One attempt on the stream route; see the protocol. LookupError where the token cannot be made."""
        variation = Variation(
            method=method,
            query=query,
            headers=tuple(headers),
            without=tuple(without),
            scheme=scheme,
            last_event_id=last_event_id,
            path=self._path(path_of, spelling),
            http2=http2,
            elsewhere=elsewhere,
        )
        attempt = Attempt(
            user=user,
            username=self._cast[user].username,
            part=part or user,
            token=token,
            beside=beside,
            crosswise=crosswise,
            variation=variation,
            receive_buffer=receive_buffer,
            urgent=urgent,
        )
        subscription = await self._attempts.make(attempt)
        if self._attempts.made == self._scene.most(self.terms):
            await self._gate.settle(self._scene.id)
        return subscription

    def _path(self, path_of: str, spelling: Spelling) -> str:
        """The path of the stream, or the one that names a user, so written."""
        profile = self._world.profile
        return spelling.of(path_naming(profile, self.user(path_of)) if path_of else profile.paths.stream)

    async def close_all(self) -> None:
        """Close what the scene left open."""
        await self._devices.close()
        await self._attempts.close()

    # browsers

    async def device(self, user: str = "", *, token: TokenKind = TokenKind.GENUINE) -> Device:
        """A browser of its own; see the protocol."""
        return await self._devices.make(self._cast[user] if user else None, token)

    # REST

    async def publish(
        self,
        to: str,
        *,
        kind: EventKind | None = None,
        part: str = "",
        text: str = "",
        variant: Variant = Variant.ORDINARY,
        via: Tab | OwnPage | None = None,
        times: int = 1,
    ) -> Published:
        """Cause one event for the user labelled ``to``; see the protocol."""
        world, target = self._world, self._cast[to]
        kind, trigger = choose(world.profile.triggers, kind, variant)
        sender = await world.accounts.sender(trigger.by) or target
        act = Act(
            kind=kind,
            trigger=trigger,
            target=target,
            sender=sender,
            text=text,
            variant=variant,
            sensitive_fields=world.profile.sensitive_fields,
            times=times,
        )
        number, scene = world.recorder.next("publish"), self._scene.id
        if isinstance(via, LiveOwnPage) and via.creates:
            published = await fill_in(act, via, number=number, scene=scene, part=part)
        else:
            rest = self._devices.rest_of(via) if isinstance(via, LiveTab) else world.rest
            published = await perform(act, rest, number=number, scene=scene, part=part)
        world.recorder.add(published)
        return published

    async def log_out(self, user: str) -> int:
        """Make the service forget the user's token; see the protocol."""
        request = self._world.profile.auth.logout
        assert request is not None
        reply = await self._exchange(request, "logout", user, TokenKind.GENUINE)
        self._world.accounts.forget(self._cast[user].username)
        return reply.status

    async def rest(
        self, user: str, *, part: str = "", token: TokenKind = TokenKind.GENUINE, via: Tab | None = None
    ) -> int:
        """One cheap REST request; see the protocol."""
        probe = self._world.profile.rest_probe
        assert probe is not None
        return (await self._exchange(probe, part, user, token, via=via)).status

    async def poll(
        self,
        user: str,
        *,
        part: str = "",
        query: str = "",
        token: TokenKind = TokenKind.GENUINE,
        origin: str = "",
        spelling: Spelling = Spelling.PLAIN,
    ) -> Reply:
        """One polling request; see the protocol."""
        path = spelling.of(self._world.profile.paths.polling) + (f"?{query}" if query else "")
        template = RequestTemplate(method="GET", path=path, headers={"origin": origin} if origin else {})
        reply = await self._exchange(template, part, user, token)
        with contextlib.suppress(LookupError):
            return replace(reply, document=resolve(reply.document, self.terms.polling_page))
        return replace(reply, document=None)

    async def scrape(self, *, part: str = "") -> Reply:
        """One look at the metrics."""
        return await self._exchange(RequestTemplate(method="GET", path=self._world.profile.paths.metrics), part)

    async def _exchange(
        self,
        template: RequestTemplate,
        part: str,
        user: str = "",
        token: TokenKind = TokenKind.MISSING,
        *,
        via: Tab | None = None,
    ) -> Reply:
        credential = self._credentials.of(user, token) if user else None
        rest = self._devices.rest_of(via) if isinstance(via, LiveTab) else self._world.rest
        answer = await rest.send(template, {}, credential)
        username = self._cast[user].username if credential is not None else ""
        self._world.rest.record(answer, template, scene=self._scene.id, part=part, user=username)
        return Reply(status=answer.status, document=answer.document, text=answer.body.decode("utf-8", "replace"))

    # time

    async def watch(self, subscription: Subscription, seconds: float, what: str) -> bool:
        """Watch a stream for so long, or until it ends."""
        async with self._passing(seconds, what):
            return not await subscription.until_ended(seconds=seconds)

    async def outlast(self, subscription: Subscription) -> None:
        """Watch a stream for as long as other scenes have attempts to make; see the protocol."""
        async with self._gate.aside(self._scene):
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(LONGEST_SECONDS):
                    ended = subscription.until_ended(seconds=LONGEST_SECONDS)
                    await any_of([self._gate.all_settled(), self._world.accounts.wanted(), ended])

    async def until_heard(self, name: str, seconds: float, what: str) -> bool:
        """Wait for one more event of this type on any open stream of the run; see the protocol."""
        async with self._passing(seconds, what, aside=False):
            return await any_of([stream.until_event(name, seconds=seconds) for stream in self._world.streams])

    @property
    def open_streams(self) -> int:
        """How many streams of the run are open now; see the protocol."""
        return sum(stream.is_open for stream in self._world.streams)

    def heard(self, name: str) -> int:
        """How many events of this type came so far; see the protocol."""
        return sum(stream.heard(name) for stream in self._world.streams)

    async def pass_time(self, seconds: float, what: str) -> None:
        """Let time pass on purpose."""
        async with self._passing(seconds, what):
            await asyncio.sleep(seconds)

    @contextlib.asynccontextmanager
    async def _passing(self, seconds: float, what: str, *, aside: bool = True) -> AsyncIterator[None]:
        world, since = self._world, self._world.clock.now()
        world.listener(Waiting(scene=self._scene.id, what=what, elapsed=0.0, seconds=seconds))
        try:
            async with self._gate.aside(self._scene) if aside else contextlib.nullcontext():
                yield
        finally:
            # What took longer than it was meant to is no part of the bound.
            until = min(world.clock.now(), since + round(seconds * SECOND))
            world.recorder.add(e.Waited(t=since, scene=self._scene.id, until=until, what=what))

    # the target's operator

    async def command(self, order: e.Order) -> None:
        """Have whoever operates the target stop or start it, or its broker; see the protocol."""
        async with self._passing(LONGEST_SECONDS, order.awaited):
            await restarting.carry_out(self._world, self._scene.id, order)
        if order is e.Order.START:
            for label, identity in self._cast.items():
                self._cast[label] = await self._world.accounts.again(identity)
            self._credentials.forget()

    def note(self, name: str, subscription: Subscription | None = None, value: str = "") -> None:
        """Mark an instant for the rules."""
        conn = subscription.conn if isinstance(subscription, LiveSubscription) else 0
        world = self._world
        world.recorder.add(e.Noted(t=world.clock.now(), scene=self._scene.id, name=name, conn=conn, value=value))
