"""Which streams are open, and the bounded queue of each."""

import asyncio
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from enum import StrEnum
from typing import Any

from sse_conform_server.encoder import Event, to_json


class Ending(StrEnum):
    """Why a stream ends."""

    EXPIRED = "expired"
    LOGGED_OUT = "logged out"
    SHUTDOWN = "shutdown"
    OVERFLOW = "overflow"
    GONE = "gone"
    UNCERTAIN = "uncertain"


class Subscription:
    """The queue of one open stream. When it is full the stream is ended: an event is never skipped in silence."""

    def __init__(self, *, user_id: str, token_id: str, max_events: int, max_chars: int) -> None:
        self.user_id = user_id
        self.token_id = token_id
        self.ending: Ending | None = None
        self.on_overflow: Callable[[], None] = lambda: None
        self._events: deque[Event] = deque()
        self._chars = 0
        self._max_events = max_events
        self._max_chars = max_chars
        self._changed = asyncio.Event()

    @property
    def waiting(self) -> int:
        """How many events are queued."""
        return len(self._events)

    def offer(self, event: Event) -> None:
        """Queue an event; never waits."""
        if self.ending is not None:
            return
        full = len(self._events) >= self._max_events or self._chars + len(event.data) > self._max_chars
        # A single event beyond the bound is let through when nothing is waiting: it would never fit otherwise.
        if full and self._events:
            self.overflow()
            return
        self._events.append(event)
        self._chars += len(event.data)
        self._changed.set()

    def overflow(self) -> None:
        """Cut the stream: its reader is too far behind."""
        self.end(Ending.OVERFLOW)
        self.on_overflow()

    def end(self, ending: Ending) -> None:
        """End the stream; the first reason stands."""
        if self.ending is None:
            self.ending = ending
            self._changed.set()

    async def next(self, patience: float) -> Event | None:
        """
        The next event, or `None` after `patience` seconds of silence or when the stream has ended.

        At shutdown what is already queued is still handed out; any other ending counts at once.
        """
        if not self._events and self.ending is None:
            self._changed.clear()
            try:
                async with asyncio.timeout(patience):
                    await self._changed.wait()
            except TimeoutError:
                return None
        if not self._events or self.ending not in (None, Ending.SHUTDOWN):
            return None
        event = self._events.popleft()
        self._chars -= len(event.data)
        return event


class Hub:
    """The plan's map from user to open streams; also the in-memory `Publisher`."""

    subscription_type = Subscription

    def __init__(self, *, max_events: int, max_chars: int) -> None:
        self._max_events = max_events
        self._max_chars = max_chars
        self._streams: dict[str, list[Subscription]] = {}
        self._draining = False

    def subscribe(self, user_id: str, token_id: str) -> Subscription:
        """Start queueing for a new stream; from here on no event is missed."""
        subscription = self.subscription_type(
            user_id=user_id, token_id=token_id, max_events=self._max_events, max_chars=self._max_chars
        )
        self._streams.setdefault(user_id, []).append(subscription)
        if self._draining:
            subscription.end(Ending.SHUTDOWN)
        return subscription

    def unsubscribe(self, subscription: Subscription) -> None:
        """Forget a stream."""
        mine = self._streams.get(subscription.user_id, [])
        if subscription in mine:
            mine.remove(subscription)
        if not mine:
            self._streams.pop(subscription.user_id, None)

    def audience(self, user_id: str) -> Iterable[Subscription]:
        """The streams that get what is published to this user."""
        return tuple(self._streams.get(user_id, ()))

    def everyone(self) -> Iterable[Subscription]:
        """Every open stream."""
        return tuple(subscription for mine in self._streams.values() for subscription in mine)

    async def publish(self, user_id: str, event_name: str, payload: Mapping[str, Any]) -> None:
        """Queue the event on each stream of the user, serialised once."""
        event = Event(name=event_name, data=to_json(payload), id=payload.get("id"))
        for subscription in self.audience(user_id):
            subscription.offer(event)

    def end_token(self, user_id: str, token_id: str) -> None:
        """End the streams opened with this token."""
        for subscription in tuple(self._streams.get(user_id, ())):
            if subscription.token_id == token_id:
                subscription.end(Ending.LOGGED_OUT)

    def drain(self) -> None:
        """End every stream, now and from now on, after what is queued."""
        self._draining = True
        for subscription in self.everyone():
            subscription.end(Ending.SHUTDOWN)
