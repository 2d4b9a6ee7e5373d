"""Rules on delivery: every event, to every open stream of every user it concerns, soon, once, in order, in shape."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from sse_conform import entries as e
from sse_conform.evidence import (
    NOTIFICATION,
    SECOND,
    Delivery,
    deliveries,
    notifications,
)
from sse_conform.rule import Finding, Rule, rule
from sse_conform.spec import Capability, Level, plan, whatwg
from sse_conform.terms import Terms
from sse_conform.transcript import Event, Transcript

_GOALS, _FORMAT = plan("Goals"), plan("Data Format")
_LIVE, _BURST, _CROWD = "delivery.live", "delivery.burst", "rate_limit.burst"
_SCENE_NEEDS = frozenset({Capability.TRIGGERS, Capability.SECOND_USER})


def calm(transcript: Transcript) -> Iterator[Delivery]:
    """Deliveries outside bursts and hostile texts."""
    return deliveries(transcript, _LIVE)


def of_kind(kind: e.EventKind) -> Callable[[Transcript], Iterator[Delivery]]:
    """The deliveries of one kind of event."""
    return lambda transcript: heard_or_lost(
        d for d in calm(transcript) if d.published.kind is kind and d.published.part in {"round", "same-text"}
    )


def heard_or_lost(expected: Iterable[Delivery]) -> Iterator[Delivery]:
    """Deliveries, save those that failed on one tab and not on another: that is for ``delivery.every-tab``."""
    due = tuple(expected)
    heard = {delivery.published.number for delivery in due if delivery.copies}
    return (delivery for delivery in due if delivery.copies or delivery.published.number not in heard)


def missing(delivery: Delivery, terms: Terms) -> Iterator[Finding]:
    """The finding where an event never came, or not as often as it was caused."""
    published, came = delivery.published, len(delivery.copies)
    if not came:
        yield Finding(
            expected=f"the {published.kind.value} event on {delivery.stream.attempt.part} "
            f"within {terms.latency:g} s of its acknowledgement",
            actual=f"it never came to connection {delivery.stream.conn}",
            at=published,
        )
    elif came < published.times:
        yield Finding(
            expected=f"{published.times} events of one text, which was published so often",
            actual=f"{came} on connection {delivery.stream.conn}",
            at=delivery.copies[0],
        )


def _reaches(kind: e.EventKind, needs: Capability, what: str) -> Rule:
    def check(delivery: Delivery, terms: Terms) -> Iterator[Finding]:
        return missing(delivery, terms)

    check.__doc__ = (
        f"{what} reaches the open streams of the users it concerns.\n\n"
        "Each of the plan's events is pushed, and one that says the same as another is an event of its own."
    )
    return rule(
        f"delivery.{kind.value}",
        level=Level.MUST,
        spec=_GOALS,
        over=of_kind(kind),
        scenes=_LIVE,
        needs=_SCENE_NEEDS | {needs},
        hint="this path stores the notification but does not publish it",
    )(check)


_KINDS = (
    _reaches(e.EventKind.VULNERABILITY, Capability.VULNERABILITY, "A new vulnerability"),
    _reaches(e.EventKind.ASSIGNMENT, Capability.ASSIGNMENT, "A changed assignment"),
    _reaches(e.EventKind.ALERT, Capability.ALERT, "An admin alert"),
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Fanout:
    """One publish and everybody who should have heard of it on several streams of one user."""

    published: e.Published
    heard: tuple[Delivery, ...]


def read_by_all(transcript: Transcript) -> Iterator[Delivery]:
    """Deliveries while every tab was being read: what was sent beside a reader that slept is judged apart."""
    asleep = {"large", "after-waking", "after-leaving"}
    return (d for d in deliveries(transcript, _LIVE, _BURST, _CROWD) if d.published.part not in asleep)


def fanouts(transcript: Transcript) -> Iterator[Fanout]:
    """Publishes that concern a user with more than one open stream."""
    by_publish: dict[int, list[Delivery]] = {}
    for delivery in read_by_all(transcript):
        if delivery.stream.attempt.user == delivery.published.to:
            by_publish.setdefault(delivery.published.number, []).append(delivery)
    for heard in by_publish.values():
        if len(heard) > 1:
            yield Fanout(published=heard[0].published, heard=tuple(heard))


@rule(
    "delivery.every-tab",
    level=Level.MUST,
    spec=plan("Backend Design"),
    over=fanouts,
    scenes=_LIVE,
    needs=_SCENE_NEEDS,
    hint="a map from user to one response instead of a set, or a queue shared by the tabs",
)
def reaches_every_tab(fanout: Fanout) -> Iterator[Finding]:
    """
    All open streams of a user get each event.

    The plan keeps a set of responses for each user: a second tab neither replaces the first nor shares with it.
    """
    # A tab that was closed before the event came to another cannot have heard it.
    came = min((d.copies[0].t for d in fanout.heard if d.copies), default=0)
    deaf = [
        d.stream for d in fanout.heard if not d.copies and not (d.stream.cut_short and d.stream.watched_until < came)
    ]
    if deaf and len(deaf) < len(fanout.heard):
        yield Finding(
            expected=f"the event on all {len(fanout.heard)} streams of {fanout.published.to}",
            actual=f"not on {', '.join(f'{s.attempt.part} (connection {s.conn})' for s in deaf)}",
            at=fanout.published,
        )


def after_a_tab_closed(transcript: Transcript) -> Iterator[Delivery]:
    """Deliveries to the tab that stayed when another was closed."""
    return (d for d in calm(transcript) if d.published.part == "one-tab-closed")


@rule(
    "delivery.closed-tab",
    level=Level.MUST,
    spec=plan("Backend Design"),
    over=after_a_tab_closed,
    scenes=_LIVE,
    needs=_SCENE_NEEDS,
    hint="closing one stream removes the whole user, or a write to the closed one ends the loop",
)
def closed_tab_silences_none(delivery: Delivery, terms: Terms) -> Iterator[Finding]:
    """
    One closed tab silences no other.

    On disconnect one response is removed, not the user.
    """
    yield from missing(delivery, terms)


def _heard(transcript: Transcript) -> Iterator[Delivery]:
    return (delivery for delivery in calm(transcript) if delivery.copies)


@rule(
    "delivery.in-time",
    level=Level.MUST,
    spec=_GOALS,
    over=_heard,
    scenes=_LIVE,
    needs=_SCENE_NEEDS,
    timed=True,
    hint="events wait for a poll, a batch, a buffer or the next write",
)
def comes_in_time(delivery: Delivery, terms: Terms) -> Iterator[Finding]:
    """
    An event arrives within the latency budget after its publish was acknowledged.

    Nothing is written after it until it came, so that no later write can release it in time.
    """
    first, acked = delivery.copies[0], delivery.published.acked
    if first.t - acked > terms.latency * SECOND:
        late = (first.t - acked) / SECOND
        yield Finding(
            expected=f"within {terms.latency:g} s of the acknowledgement",
            actual=f"after {late:.3f} s",
            at=first,
            since=acked,
            until=first.t,
            excess=first.t - acked - round(terms.latency * SECOND),
        )


@rule(
    "delivery.in-time-of-sending",
    level=Level.SHOULD,
    spec=_GOALS,
    over=_heard,
    scenes=_LIVE,
    needs=_SCENE_NEEDS,
    timed=True,
    hint="the publish itself is slow: it is acknowledged late",
)
def comes_in_time_of_sending(delivery: Delivery, terms: Terms) -> Iterator[Finding]:
    """
    An event arrives within the latency budget after its publish was sent.

    The person who waits counts from the click, not from the acknowledgement.
    """
    first, sent = delivery.copies[0], delivery.published.t
    if first.t - sent > terms.latency * SECOND:
        late = (first.t - sent) / SECOND
        yield Finding(
            expected=f"within {terms.latency:g} s of sending",
            actual=f"after {late:.3f} s",
            at=first,
            since=sent,
            until=first.t,
            excess=first.t - sent - round(terms.latency * SECOND),
        )


@rule(
    "delivery.event-name",
    level=Level.MUST,
    spec=(_FORMAT, whatwg("9.2.6 Interpreting an event stream", "event-stream-interpretation")),
    over=_heard,
    scenes=_LIVE,
    needs=_SCENE_NEEDS,
    hint="the event line is missing, or the type of the notification is used as the event's name",
)
def is_named_notification(delivery: Delivery) -> Iterator[Finding]:
    """
    An event is dispatched as event: notification.

    Listeners are registered by name; any other name falls on deaf ears.
    """
    for event in delivery.copies:
        if event.type != NOTIFICATION:
            yield Finding(expected="event: notification", actual=f"event: {event.type}", at=event)


@rule(
    "delivery.shape",
    level=Level.MUST,
    spec=_FORMAT,
    over=notifications,
    scenes=_LIVE,
    needs=_SCENE_NEEDS,
    hint="the row or the message of the bus is sent as it is",
)
def has_its_shape(event: Event) -> Iterator[Finding]:
    """
    A notification has id, type and message.

    The plan's format; further keys are legal.
    """
    value = event.document
    if isinstance(value, dict):
        absent = [key for key in ("id", "type", "message") if value.get(key) is None]
        if absent:
            yield Finding(expected="id, type and message", actual=f"without {', '.join(absent)}", at=event)


RULES = (
    *_KINDS,
    reaches_every_tab,
    closed_tab_silences_none,
    comes_in_time,
    comes_in_time_of_sending,
    is_named_notification,
    has_its_shape,
)
