"""The attempts of one scene on the stream route: within the budget, in their turn, and taken down."""

import contextlib
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace

from sse_conform import entries as e
from sse_conform.driver.budget import Place
from sse_conform.driver.credentials import Credentials, otherwise
from sse_conform.driver.gate import Gate
from sse_conform.driver.queue import MOST_WINDOWS
from sse_conform.driver.stream_call import Variation, stream_request
from sse_conform.driver.stream_reader import open_stream
from sse_conform.driver.subscription import LiveSubscription
from sse_conform.driver.trust import http2_context
from sse_conform.driver.world import World
from sse_conform.entries import TokenKind
from sse_conform.run_events import Waiting
from sse_conform.scenario import Scenario
from sse_conform.schedule import PREFLIGHT

#: How long the transport may take to come up, in seconds.
CONNECT_TIMEOUT = 5.0
#: A head later than this is none; far beyond any latency budget, so that lateness is seen as lateness.
HEAD_TIMEOUT = 10.0
#: Ends of attempts that never reached the target: its silence proves nothing then.
NOT_REACHED = frozenset(
    {
        e.EndKind.REFUSED,
        e.EndKind.UNREACHABLE,
        e.EndKind.CONNECT_TIMEOUT,
        e.EndKind.PROXY_ERROR,
        e.EndKind.TLS_ERROR,
    }
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Attempt:
    """
    What an attempt is to be, however often it takes to be admitted.

    ``user`` is the label of its account, ``beside`` that of another one whose token goes along in the cookie;
    ``crosswise`` its own goes there alone, or in the header where it is in the cookie otherwise.
    ``urgent`` ones wait for nothing, and a 429 is what they are after.
    """

    user: str
    username: str
    part: str
    token: TokenKind
    beside: str
    crosswise: bool
    variation: Variation
    receive_buffer: int | None
    urgent: bool


class Attempts:
    """
    Makes attempts. ``made`` counts them, each once.

    ``limited`` says that one within the limit was refused for good, ``unreached`` why one never got to the target.
    """

    def __init__(
        self,
        world: World,
        scene: Scenario,
        *,
        credentials: Credentials,
        places: list[Place],
        gate: Gate,
        address: str | None,
    ) -> None:
        self._world = world
        self._scene = scene
        self._places = places
        self._gate = gate
        self._address = address
        self._open: list[LiveSubscription] = []
        self._credentials = credentials
        self.made = 0
        self.limited = False
        self.unreached = ""

    async def make(self, attempt: Attempt) -> LiveSubscription:
        """Make an attempt and give what came of it. LookupError where its token cannot be made."""
        subscription = await self._admitted(attempt)
        self.made += 1
        if not attempt.urgent:
            self.limited |= subscription.status == 429
            if subscription.end is not None and subscription.end.kind in NOT_REACHED:
                self.unreached = subscription.end.detail
        return subscription

    async def close(self) -> None:
        """Close what is still open."""
        for subscription in self._open:
            await subscription.close()

    async def _admitted(self, attempt: Attempt) -> LiveSubscription:
        """Where it meets the limiter though it is within the limit, it is made as often as waiting may help."""
        queue, began, repeats = self._world.queue, time.monotonic(), None
        while True:
            place = await self._place(urgent=attempt.urgent)
            async with self._turn(attempt, place.address):
                subscription = await self._once(attempt, place, repeats)
                final = attempt.urgent or self._scene.id == PREFLIGHT  # which says in its own words what to do
                if final or subscription.status != 429 or subscription.head is None:
                    return subscription
                waited = time.monotonic() - began
                again = queue.refused(place.address, subscription.head.headers, waited=waited)
            if not again:
                return subscription
            await subscription.close()
            repeats = subscription.conn

    @contextlib.asynccontextmanager
    async def _turn(self, attempt: Attempt, address: str) -> AsyncIterator[None]:
        """At once; or, where the target refuses what is within its limit, in the queue."""
        queue = self._world.queue
        if attempt.urgent or not queue.stands_before(address):
            yield
            return
        what = "the target, which refuses attempts within its limit (429)"
        longest = MOST_WINDOWS * self._world.terms.rate_window
        self._world.listener(Waiting(scene=self._scene.id, what=what, elapsed=0.0, seconds=longest))
        async with self._gate.aside(self._scene, for_others=True):
            await queue.enter(address)
        try:
            yield
        finally:
            queue.leave(address)

    async def _place(self, *, urgent: bool) -> Place:
        """The place of the next attempt: one that the scene reserved, else one more, or one that does not wait."""
        budget = self._world.budget
        if urgent:
            return budget.count(self._address if self._address is not None else budget.addresses[0])
        if not self._places:
            async with self._gate.aside(self._scene, for_others=True):
                self._places += await budget.reserve(1)
        place = self._places.pop(0)
        place.used = True
        return place

    async def _once(self, attempt: Attempt, place: Place, repeats: int | None) -> LiveSubscription:
        """Make it, and take it down; ``repeats`` is the one that was refused before."""
        world, credentials, variation = self._world, self._credentials, attempt.variation
        # Made only now: one that is about to expire would age while waiting for its place.
        credential = credentials.of(attempt.user, attempt.token)
        subscription = LiveSubscription(
            world.recorder.next("conn"), world.recorder, world.clock, world.terms, on_lost=world.liveness.suspect
        )
        if attempt.beside:
            both = credentials.both(credential, world.profile.auth.parameter, attempt.beside)
            variation = replace(variation, headers=(*variation.headers, *both))
        if attempt.crosswise and credential is not None:
            alone = otherwise(world.profile.auth, credential)
            variation, credential = replace(variation, headers=(*variation.headers, alone)), None
        request = stream_request(
            world.profile,
            credential,
            variation,
            tls=http2_context(world.profile.tls) if variation.http2 and world.tls else world.tls,
            address=place.address,
            proxy=world.proxy,
        )
        world.recorder.add(
            e.Attempted(
                t=world.clock.now(),
                conn=subscription.conn,
                scene=self._scene.id,
                part=attempt.part,
                user=attempt.username,
                token=attempt.token,
                method=request.method,
                target=request.target,
                headers=request.headers,
                address=place.address,
                instance=world.profile.other_instance if variation.elsewhere else "",
                repeats=repeats,
            )
        )
        self._open.append(subscription)
        world.streams.append(subscription)
        try:
            subscription.stream = await open_stream(
                request,
                subscription,
                clock=world.clock,
                connect_timeout=CONNECT_TIMEOUT,
                head_timeout=HEAD_TIMEOUT,
                receive_buffer=attempt.receive_buffer,
                room=lambda: subscription.room,
            )
        finally:
            world.budget.answered(place)
        if subscription.head is not None:
            world.liveness.met()
            world.mint.heed(dict(subscription.head.headers).get("date", ""))
        credentials.answered(attempt.user, attempt.token, subscription.status)
        return subscription
