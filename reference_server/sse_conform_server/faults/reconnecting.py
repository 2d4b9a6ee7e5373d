"""Faults of `retry` and of resuming after Last-Event-ID."""

import html
import json
import re
from collections.abc import Callable, Sequence
from dataclasses import replace

from sse_conform_server.auth import Identity
from sse_conform_server.encoder import Event, EventName, to_json
from sse_conform_server.faults.fault import Fault, fault
from sse_conform_server.models import Notification
from sse_conform_server.parts import Parts
from sse_conform_server.snapshot import Opening

_RETRY = re.compile(rb"^retry: .*\n", re.MULTILINE)


def _retry_line(line: Callable[[int], bytes]) -> Callable[[Parts], Parts]:
    """Write the retry field differently; an empty line leaves it out."""

    def apply(parts: Parts) -> Parts:
        def encode(event: Event) -> bytes:
            frame = parts.encode(event)
            return frame if event.retry is None else _RETRY.sub(line(event.retry), frame)

        return replace(parts, encode=encode)

    return apply


def _nameless(event: Event) -> Event:
    return event if event.name == EventName.SNAPSHOT else replace(event, id=None)


#: An id that a database can compare.
_SHORT_ID = re.compile(r"[0-9]{1,18}", re.ASCII)


def _inclusive(parts: Parts) -> Parts:
    async def missed(inner: Parts, user_id: str, last_event_id: str | None) -> Sequence[Notification]:
        later = await parts.missed(inner, user_id, last_event_id)
        seen = int(last_event_id) if last_event_id and _SHORT_ID.fullmatch(last_event_id) else 0
        if not await inner.store.owns(user_id, seen):
            return later
        return (await inner.store.after(user_id, seen - 1, inner.settings.replay_limit)).items

    return replace(parts, missed=missed)


def _without_replay(parts: Parts) -> Parts:
    async def missed(_parts: Parts, _user_id: str, _last_event_id: str | None) -> Sequence[Notification]:
        return ()

    return replace(parts, missed=missed)


def _one_short(parts: Parts) -> Parts:
    async def missed(inner: Parts, user_id: str, last_event_id: str | None) -> Sequence[Notification]:
        return (await parts.missed(inner, user_id, last_event_id))[1:]

    return replace(parts, missed=missed)


def _newest_first(parts: Parts) -> Parts:
    async def missed(inner: Parts, user_id: str, last_event_id: str | None) -> Sequence[Notification]:
        return (await parts.missed(inner, user_id, last_event_id))[::-1]

    return replace(parts, missed=missed)


def _crash_on_odd_id(parts: Parts) -> Parts:
    async def missed(inner: Parts, user_id: str, last_event_id: str | None) -> Sequence[Notification]:
        if last_event_id is not None:
            int(last_event_id)
        return await parts.missed(inner, user_id, last_event_id)

    return replace(parts, missed=missed)


def _silence_on_unknown_id(parts: Parts) -> Parts:
    async def open_stream(inner: Parts, identity: Identity, last_event_id: str | None) -> Opening:
        opening = await parts.open_stream(inner, identity, last_event_id)
        known = last_event_id is None or (
            last_event_id.isdecimal() and await inner.store.owns(identity.user.id, int(last_event_id[:15]))
        )
        return opening if known else replace(opening, events=())

    return replace(parts, open_stream=open_stream)


def _replay_twice(parts: Parts) -> Parts:
    async def open_stream(inner: Parts, identity: Identity, last_event_id: str | None) -> Opening:
        opening = await parts.open_stream(inner, identity, last_event_id)
        return replace(opening, events=[*opening.events, *opening.events[1:]])

    return replace(parts, open_stream=open_stream)


def _ten_at_most(parts: Parts) -> Parts:
    async def missed(inner: Parts, user_id: str, last_event_id: str | None) -> Sequence[Notification]:
        return (await parts.missed(inner, user_id, last_event_id))[:10]

    return replace(parts, missed=missed)


def _replaying(change: Callable[[Event, Event], Event]) -> Callable[[Parts], Parts]:
    """Change each replayed event, given the last of them as well."""

    def apply(parts: Parts) -> Parts:
        async def open_stream(inner: Parts, identity: Identity, last_event_id: str | None) -> Opening:
            opening = await parts.open_stream(inner, identity, last_event_id)
            first, *replayed = opening.events
            return replace(opening, events=[first, *(change(event, replayed[-1]) for event in replayed)])

        return replace(parts, open_stream=open_stream)

    return apply


def _saying(change: Callable[[str], str]) -> Callable[[Event, Event], Event]:
    """Change the message of an event."""

    def changed(event: Event, _: Event) -> Event:
        payload = json.loads(event.data)
        return replace(event, data=to_json(payload | {"message": change(payload["message"])}))

    return changed


FAULTS: tuple[Fault, ...] = (
    fault(
        "no-retry",
        "No reconnection delay is ever given.",
        _retry_line(lambda _: b""),
        "reconnect.retry-sent",
    ),
    fault(
        "retry-with-unit",
        "The delay is written with its unit (`5000ms`): not digits, so clients ignore it.",
        _retry_line(lambda delay: b"retry: %dms\n" % delay),
        "reconnect.retry-digits",
    ),
    fault(
        "retry-in-seconds",
        "The delay is given in seconds where milliseconds are meant: clients hammer the server.",
        _retry_line(lambda delay: b"retry: %d\n" % (delay // 1000)),
        "reconnect.retry-value",
    ),
    fault(
        "retry-in-microseconds",
        "The delay is given in microseconds where milliseconds are meant: clients stay away.",
        _retry_line(lambda delay: b"retry: %d\n" % (1000 * delay)),
        "reconnect.retry-value",
        "client.honours-retry-native",
        "client.honours-retry-ui",
        perhaps=("client.backs-off-ui",),
    ),
    fault(
        "replay-ignored",
        "Last-Event-ID is not read: what exceeds the snapshot is not replayed.",
        _without_replay,
        "reconnect.replay-exact",
    ),
    fault(
        "replay-inclusive",
        "Replay starts with the event already seen instead of the one after it.",
        _inclusive,
        "reconnect.replay-exact",
        "reconnect.replay-nothing-new",
    ),
    fault(
        "replay-one-short",
        "Replay leaves out the first event missed.",
        _one_short,
        "reconnect.replay-exact",
    ),
    fault(
        "replay-newest-first",
        "What was missed is replayed in the order of the list on the screen, newest first.",
        _newest_first,
        "reconnect.replay-exact",
    ),
    fault(
        "live-without-id",
        "Live events carry no id, so that a client resumes from wherever its snapshot ended.",
        lambda parts: replace(parts, encode=lambda event: parts.encode(_nameless(event))),
        "reconnect.replay-ids",
        "reconnect.replay-exact",
    ),
    fault(
        "replay-twice",
        "Replayed events are sent twice, from the history and once more from the queue.",
        _replay_twice,
        "reconnect.replay-exact",
        "delivery.once",
    ),
    fault(
        "replay-stops-at-ten",
        "Replay ends after ten events and does not say so; what was missed after them is skipped.",
        _ten_at_most,
        "reconnect.replay-exact",
    ),
    fault(
        "replay-by-newest-id",
        "Every replayed event carries the newest id: whoever is cut off amid them skips the rest.",
        _replaying(lambda event, newest: replace(event, id=newest.id)),
        "reconnect.replay-exact",
    ),
    fault(
        "replay-escapes-markup",
        "Messages are escaped for HTML where they are replayed, and nowhere else.",
        _replaying(_saying(html.escape)),
        "framing.text-intact",
    ),
    fault(
        "replay-in-latin1",
        "The history is a table in Latin-1: emoji are question marks where they are replayed, and nowhere else.",
        _replaying(_saying(lambda text: text.encode("latin-1", "replace").decode("latin-1"))),
        "framing.text-intact",
    ),
    fault(
        "crash-on-odd-id",
        "A Last-Event-ID that is no number raises an error nobody handles.",
        _crash_on_odd_id,
        "reconnect.unknown-id",
    ),
    fault(
        "silence-on-unknown-id",
        "After an unknown Last-Event-ID the stream opens but says nothing about the present state.",
        _silence_on_unknown_id,
        "reconnect.unknown-id",
        "reconnect.retry-sent",
        "snapshot.first",
    ),
)
