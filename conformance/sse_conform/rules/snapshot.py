"""Rules on the form of the snapshot: the first thing on every connection, in its shape; its content is judged apart."""

from collections.abc import Iterator
from typing import Any

from sse_conform.evidence import (
    SECOND,
    SNAPSHOT,
    first_snapshot,
    items,
    names,
    opened,
    plain_conversations,
    quoted,
    snapshots,
)
from sse_conform.rule import Finding, rule
from sse_conform.spec import Capability, Level, plan
from sse_conform.terms import Terms
from sse_conform.transcript import Event, Stream, Transcript

_PLAN = plan("Data Format")
_BASIC = ("preflight", "idle.stream")
_OVERFLOW = "snapshot.overflow"


def introductions(transcript: Transcript) -> Iterator[Stream]:
    """Conversations with an event, and those without any that the suite did not end before the snapshot was due."""
    budget = round(transcript.terms.latency * SECOND)
    for stream in plain_conversations(transcript):
        hung_up = stream.cut_short and stream.watched_until - stream.t < budget
        if stream.events or not hung_up:
            yield stream


@rule(
    "snapshot.first",
    level=Level.MUST,
    spec=_PLAN,
    over=introductions,
    scenes=_BASIC,
    hint="a greeting is sent as an event, or live events are sent before the snapshot is read",
)
def comes_first(stream: Stream) -> Iterator[Finding]:
    """
    The first dispatched event of every connection is the snapshot.

    A client replaces its list by it; what came before would be lost or shown out of order.
    """
    if not stream.events:
        yield Finding(expected="event: snapshot", actual="no event was dispatched", at=stream)
    elif stream.events[0].type != SNAPSHOT:
        yield Finding(expected="event: snapshot", actual=f"event: {stream.events[0].type}", at=stream.events[0])


@rule(
    "snapshot.shape",
    level=Level.MUST,
    spec=_PLAN,
    over=snapshots,
    scenes=_BASIC,
    hint="a missing default: null instead of 0 or []",
)
def has_its_shape(event: Event) -> Iterator[Finding]:
    """
    A snapshot is {"unread": integer >= 0, "items": [...]}.

    Further keys are legal; a missing, null or negative one breaks the page that shows it.
    """
    value = event.document
    if not isinstance(value, dict):
        return
    unread, listed = value.get("unread"), value.get("items")
    if not isinstance(unread, int) or isinstance(unread, bool) or unread < 0:
        yield Finding(expected='"unread": an integer >= 0', actual=f'"unread": {unread!r}', at=event)
    if not isinstance(listed, list):
        yield Finding(expected='"items": a list', actual=f'"items": {quoted(listed)}', at=event)


def _listed(snapshot: Event) -> list[Any]:
    """What a snapshot lists, in whatever shape; nothing where it is no list, which a rule of its own judges."""
    listed = snapshot.payload.get("items")
    return listed if isinstance(listed, list) else []


@rule(
    "snapshot.item-shape",
    level=Level.MUST,
    spec=_PLAN,
    over=lambda transcript: (event for event in snapshots(transcript) if _listed(event)),
    scenes=_OVERFLOW,
    needs={Capability.TRIGGERS},
    hint="the snapshot serialises rows, live events another object",
)
def items_have_their_shape(event: Event) -> Iterator[Finding]:
    """
    Every item has id, type and message.

    The page draws the list from snapshots and from live events with the same code.
    """
    for item in _listed(event):
        missing = [key for key in ("id", "type", "message") if not isinstance(item, dict) or item.get(key) is None]
        if missing:
            yield Finding(
                expected="id, type and message", actual=f"without {', '.join(missing)}: {quoted(item)}", at=event
            )
            return


@rule(
    "snapshot.length",
    level=Level.MUST,
    spec=_PLAN,
    over=snapshots,
    scenes=_OVERFLOW,
    needs={Capability.TRIGGERS},
    hint="the query has no limit, or another one",
)
def is_not_longer(event: Event, terms: Terms) -> Iterator[Finding]:
    """
    A snapshot lists at most the promised number of items.

    An account with thousands of notifications would send them all on each reconnect.
    """
    if len(items(event)) > terms.snapshot_items:
        yield Finding(expected=f"at most {terms.snapshot_items} items", actual=f"{len(items(event))} items", at=event)


@rule(
    "snapshot.unique-items",
    level=Level.MUST,
    spec=_PLAN,
    over=lambda transcript: (event for event in snapshots(transcript) if items(event)),
    scenes=_OVERFLOW,
    needs={Capability.TRIGGERS},
    hint="a join multiplies rows, or ids are counted per process",
)
def items_are_unique(event: Event) -> Iterator[Finding]:
    """
    No id is listed twice in a snapshot.

    The page keys its list by id.
    """
    ids = [str(item["id"]) for item in items(event) if item.get("id") is not None]
    twice = sorted({one for one in ids if ids.count(one) > 1})
    if twice:
        yield Finding(expected="different ids", actual=f"twice: {', '.join(twice[:5])}", at=event)


def newcomers(transcript: Transcript) -> Iterator[Event]:
    """
    The first snapshot of each user, all of whom are new, where nothing that concerns the user was published before it.

    Those that list what was published to others are left out: rules on isolation judge them.
    """
    met: set[str] = set()
    accepted = [p for p in transcript.publishes if p.accepted]
    for stream in opened(transcript):
        user, snapshot = stream.attempt.user, first_snapshot(stream)
        if user in met or snapshot is None:
            continue
        met.add(user)
        concerned = any(p.t < snapshot.t and (p.everyone or user in {p.to, p.sender}) for p in accepted)
        if not concerned and not any(names(p, item) for p in accepted for item in items(snapshot)):
            yield snapshot


@rule(
    "snapshot.fresh-user",
    level=Level.MUST,
    spec=_PLAN,
    over=newcomers,
    scenes="idle.stream",
    needs={Capability.FRESH_USERS},
    hint="the list of another user, of everybody, or of the process is shown",
)
def is_empty_for_newcomers(event: Event) -> Iterator[Finding]:
    """
    A new user gets {"unread": 0, "items": []}.

    Anything else was meant for somebody else.
    """
    # What is no count and no list is for the rule on the shape.
    unread, listed = event.payload.get("unread"), event.payload.get("items")
    if (isinstance(unread, int) and unread) or (isinstance(listed, list) and listed):
        yield Finding(expected='{"unread": 0, "items": []}', actual=quoted(event.data or ""), at=event)


def reconnections(transcript: Transcript) -> Iterator[Stream]:
    """Streams of a user who had been connected before in the same scene, and was sent a snapshot then."""
    served = {s.attempt.user for s in transcript.streams_in(_OVERFLOW) if first_snapshot(s)}
    for stream in transcript.streams_in(_OVERFLOW, "after", "again"):
        if stream.opened and stream.attempt.user in served:
            yield stream


@rule(
    "snapshot.on-reconnect",
    level=Level.MUST,
    spec=(_PLAN, plan("Testing")),
    over=reconnections,
    scenes=_OVERFLOW,
    needs={Capability.TRIGGERS},
    hint="the snapshot is sent once per user or process, or left out where Last-Event-ID is given",
)
def is_sent_again(stream: Stream) -> Iterator[Finding]:
    """
    The snapshot is sent again on each reconnect.

    It is how a client without replay learns what it missed.
    """
    if first_snapshot(stream) is None:
        yield Finding(expected="a snapshot", actual="none on a reconnect", at=stream)


RULES = (
    comes_first,
    has_its_shape,
    items_have_their_shape,
    is_not_longer,
    items_are_unique,
    is_empty_for_newcomers,
    is_sent_again,
)
