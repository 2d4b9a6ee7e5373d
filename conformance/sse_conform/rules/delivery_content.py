"""Rules on what is delivered: each event once, in order, none lost in a burst, none that was refused."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sse_conform import entries as e
from sse_conform.evidence import HOSTILE, NOTIFICATION, Delivery, deliveries, opened, refuses
from sse_conform.rule import Finding, rule
from sse_conform.rules.delivery import calm, heard_or_lost, missing
from sse_conform.spec import Capability, Level, plan
from sse_conform.terms import Terms
from sse_conform.transcript import Event, Stream, Transcript

_GOALS, _FORMAT = plan("Goals"), plan("Data Format")
_LIVE, _BURST = "delivery.live", "delivery.burst"
_RETURNS = ("reconnect.drops", "reconnect.replay", "snapshot.overflow")
_SILENT = ("idle.stream", "heartbeat.after-events")
_SCENE_NEEDS = frozenset({Capability.TRIGGERS, Capability.SECOND_USER})


def told(transcript: Transcript) -> Iterator[Stream]:
    """Every opened stream on which a notification came, those with hostile texts left out: these may forge some."""
    for stream in opened(transcript):
        if stream.attempt.scene != HOSTILE and any(event.type == NOTIFICATION for event in stream.events):
            yield stream


@rule(
    "delivery.once",
    level=Level.MUST,
    spec=_GOALS,
    over=told,
    scenes=(_LIVE, _BURST),
    needs=_SCENE_NEEDS,
    hint="a listener is registered twice, or once more on each connect, or a replay overlaps with what comes live",
)
def comes_once(stream: Stream) -> Iterator[Finding]:
    """
    No event comes twice on one connection.

    Compared by id: an assignment may speak of the same text as the creation before it.
    """
    seen: set[tuple[str, Any]] = set()
    for event in stream.events:
        identity = (str(event.payload.get("id")), event.payload.get("message"))
        if event.type != NOTIFICATION or event.payload.get("id") is None:
            continue
        if identity in seen:
            yield Finding(expected="one copy", actual=f"another copy of id {identity[0]}", at=event)
            return
        seen.add(identity)


@dataclass(frozen=True, kw_only=True, slots=True)
class Sequence:
    """Events published one after another's acknowledgement, as one stream heard them."""

    heard: tuple[tuple[e.Published, Event], ...]


def sequences(transcript: Transcript) -> Iterator[Sequence]:
    """For each stream of the live scene the sequence it heard."""
    per_stream: dict[int, list[Delivery]] = {}
    for delivery in calm(transcript):
        if delivery.published.part == "sequence" and delivery.copies:
            per_stream.setdefault(delivery.stream.conn, []).append(delivery)
    for heard in per_stream.values():
        if len(heard) > 1:
            yield Sequence(heard=tuple((d.published, d.copies[0]) for d in heard))


@rule(
    "delivery.in-order",
    level=Level.MUST,
    spec=_GOALS,
    over=sequences,
    scenes=_LIVE,
    needs=_SCENE_NEEDS,
    hint="a task or thread for each publish",
)
def comes_in_order(sequence: Sequence) -> Iterator[Finding]:
    """
    Events published one after another's acknowledgement arrive in that order.

    The page shows the last one on top.
    """
    for (earlier, first), (_, second) in zip(sequence.heard, sequence.heard[1:], strict=False):
        if second.frame.start < first.frame.start:
            yield Finding(expected=f"publish {earlier.number} first", actual="a later one before it", at=second)


@rule(
    "delivery.burst",
    level=Level.MUST,
    spec=_GOALS,
    over=lambda transcript: heard_or_lost(d for d in deliveries(transcript, _BURST) if d.published.part == "burst"),
    scenes=_BURST,
    needs={Capability.TRIGGERS},
    hint="a bounded queue drops, or events that coincide are merged",
)
def burst_is_complete(delivery: Delivery, terms: Terms) -> Iterator[Finding]:
    """
    A burst of events loses none.

    An import or a scan creates many vulnerabilities at once; each is somebody's to hear of.
    """
    yield from missing(delivery, terms)


@rule(
    "delivery.unique-ids",
    level=Level.MUST,
    spec=_FORMAT,
    over=lambda transcript: (
        s for s in transcript.streams if s.opened and any(ev.type == NOTIFICATION for ev in s.events)
    ),
    scenes=_LIVE,
    needs=_SCENE_NEEDS,
    hint="ids are counted per process, per kind or per connection",
)
def ids_are_unique(stream: Stream) -> Iterator[Finding]:
    """
    Different notifications have different ids.

    Clients drop what they have seen by id: a reused one makes a new notification vanish.
    """
    seen: dict[str, Event] = {}
    for event in stream.events:
        value = event.payload
        if event.type != NOTIFICATION or value.get("id") is None:
            continue
        one = str(value["id"])
        if one in seen and seen[one].payload.get("message") != value.get("message"):
            yield Finding(expected="a new id", actual=f"id {one} for two different messages", at=event)
        seen.setdefault(one, event)


def refused_publishes(transcript: Transcript) -> Iterator[tuple[e.Published, tuple[Event, ...]]]:
    """Publishes that were refused with 4xx, with what came of them; only where a later publish was heard."""
    heard = any(d.copies for d in calm(transcript) if d.published.part == "sequence")
    for published in transcript.publishes:
        if published.part == "invalid" and published.marker and refuses(published.status) and heard:
            told = tuple(event for stream in transcript.streams for event in stream.mentions(published))
            yield published, told


@rule(
    "delivery.refused-publish",
    level=Level.MUST,
    spec=_GOALS,
    over=refused_publishes,
    scenes=_LIVE,
    needs=_SCENE_NEEDS | {Capability.INVALID_TRIGGER},
    hint="the event is published before the request is validated or the transaction committed",
)
def refused_publish_is_silent(subject: tuple[e.Published, tuple[Event, ...]]) -> Iterator[Finding]:
    """
    A publish that is refused with 4xx delivers nothing.

    Users would be told of things that never were.
    """
    published, told = subject
    for event in told[:1]:
        yield Finding(expected="nothing", actual=f"an event of the publish refused with {published.status}", at=event)


@rule(
    "delivery.after-silence",
    level=Level.MUST,
    spec=(_GOALS, plan("Backend Design")),
    over=lambda transcript: (d for d in deliveries(transcript, *_SILENT) if d.published.part == "after-silence"),
    scenes=_SILENT,
    needs={Capability.TRIGGERS},
    hint="a heartbeat replaces the listener, or the subscription at the broker ends with its own time-out",
)
def silence_deafens_nobody(delivery: Delivery, terms: Terms) -> Iterator[Finding]:
    """
    An event reaches streams on which nothing happened for several heartbeats.

    A stream that pings and tells nothing looks alive: nobody notices until it is reloaded.
    """
    yield from missing(delivery, terms)


def resumed(transcript: Transcript) -> Iterator[Delivery]:
    """Deliveries to clients that had been away, those that were asleep meanwhile left out."""
    slept = {disturbed.conn for disturbed in transcript.disturbances if disturbed.kind is e.Disturbance.PAUSE}
    return (d for d in deliveries(transcript, *_RETURNS) if d.stream.conn not in slept)


@rule(
    "delivery.after-return",
    level=Level.MUST,
    spec=(_GOALS, plan("Testing")),
    over=resumed,
    scenes="reconnect.drops",
    needs={Capability.TRIGGERS},
    hint="the connection is subscribed on one path alone: not after a replay, or not while an older one seems alive",
)
def return_deafens_nobody(delivery: Delivery, terms: Terms) -> Iterator[Finding]:
    """
    An event reaches a client that had been away and came back.

    It was told what it missed, by the snapshot or by replay, and now it must hear what happens next.
    """
    yield from missing(delivery, terms)


RULES = (
    comes_once,
    comes_in_order,
    burst_is_complete,
    ids_are_unique,
    refused_publish_is_silent,
    silence_deafens_nobody,
    return_deafens_nobody,
)
