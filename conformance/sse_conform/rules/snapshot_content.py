"""Rules on what a snapshot tells: the newest items, all unread counted, nothing lost between it and what comes live."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sse_conform import entries as e
from sse_conform.evidence import SNAPSHOT, first_snapshot, is_list, items, names, oldest_listed
from sse_conform.rule import Finding, rule
from sse_conform.spec import Capability, Level, plan, whatwg
from sse_conform.terms import Terms
from sse_conform.transcript import Event, Stream, Transcript

_PLAN = plan("Data Format")
_OVERFLOW, _DROPS = "snapshot.overflow", "reconnect.drops"


@dataclass(frozen=True, kw_only=True, slots=True)
class Overflow:
    """A snapshot before and one after more publishes than a snapshot lists, oldest first."""

    before: Event
    after: Event
    missed: tuple[e.Published, ...]


def overflows(transcript: Transcript) -> Iterator[Overflow]:
    """The overflow of the run, where both snapshots came and enough publishes were accepted."""
    before, after = (
        next((snap for s in transcript.streams_in(_OVERFLOW, part) if (snap := first_snapshot(s))), None)
        for part in ("before", "after")
    )
    missed = tuple(p for p in transcript.publishes if p.scene == _OVERFLOW and p.part == "missed" and p.accepted)
    if before and after and is_list(after) and len(missed) > transcript.terms.snapshot_items:
        yield Overflow(before=before, after=after, missed=missed)


@rule(
    "snapshot.newest",
    level=Level.MUST,
    spec=_PLAN,
    over=overflows,
    scenes=_OVERFLOW,
    needs={Capability.TRIGGERS},
    hint="the query orders the wrong way before it limits, or by a column with ties",
)
def lists_the_newest(subject: Overflow, terms: Terms) -> Iterator[Finding]:
    """
    A snapshot lists the newest items, in one stable order.

    With the oldest ones a user with a full list never sees anything new after a reconnect.
    """
    listed = items(subject.after)
    positions = [
        next((place for place, item in enumerate(listed) if names(published, item)), None)
        for published in subject.missed[-terms.snapshot_items :]
    ]
    known = [place for place in positions if place is not None]
    foreign = len(listed) - sum(any(names(p, item) for p in subject.missed) for item in listed)
    if len(known) + foreign < len(positions):
        yield Finding(
            expected=f"the newest {len(positions)} of {len(subject.missed)} just published",
            actual=f"{len(known)} of them among {len(listed)} items",
            at=subject.after,
        )
    elif known not in (sorted(known), sorted(known, reverse=True)):
        yield Finding(expected="one order, oldest or newest first", actual=f"positions {known}", at=subject.after)


@rule(
    "snapshot.unread-counts-all",
    level=Level.MUST,
    spec=_PLAN,
    over=overflows,
    scenes=_OVERFLOW,
    needs={Capability.TRIGGERS},
    hint="unread is the length of the list",
)
def unread_counts_all(subject: Overflow) -> Iterator[Finding]:
    """
    Unread counts all unread notifications, not only those listed.

    Judged by difference: so many were published in between, at least so much must it have grown.
    """
    before, after = subject.before.payload.get("unread"), subject.after.payload.get("unread")
    if isinstance(before, int) and isinstance(after, int) and after - before < len(subject.missed):
        yield Finding(
            expected=f"unread to grow by at least {len(subject.missed)} from {before}",
            actual=f"unread: {after}",
            at=subject.after,
        )


def remembered(transcript: Transcript) -> Iterator[tuple[e.Published, Event]]:
    """Publishes that were delivered live, each with the first snapshot of the same user's next connection."""
    cases = ((_OVERFLOW, "live", "again"), ("delivery.live", "barrier", "afterwards"))
    for scene, published_part, later_part in cases:
        for published in transcript.publishes:
            if published.scene != scene or published.part != published_part or not published.accepted:
                continue
            live = any(stream.mentions(published) for stream in transcript.streams_in(scene))
            for stream in transcript.streams_in(scene, later_part):
                snapshot = first_snapshot(stream)
                if live and snapshot and is_list(snapshot) and stream.attempt.user == published.to:
                    yield published, snapshot


@rule(
    "snapshot.remembers",
    level=Level.MUST,
    spec=_PLAN,
    over=remembered,
    scenes=(_OVERFLOW,),
    needs={Capability.TRIGGERS},
    hint="live events are sent but not stored, or the snapshot is cached",
)
def lists_what_was_live(subject: tuple[e.Published, Event]) -> Iterator[Finding]:
    """
    What was delivered live is in the next snapshot.

    A notification that a reload makes vanish was never kept.
    """
    published, snapshot = subject
    if not any(names(published, item) for item in items(snapshot)):
        yield Finding(
            expected=f"the item {published.marker or published.event_id} in the next snapshot",
            actual=f"{len(items(snapshot))} items without it",
            at=snapshot,
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Race:
    """
    One publish around a connect, the stream that connected, and where the publish shows: in the snapshot, live, both.

    ``pushed_out`` says that the list was full of newer ones, so that the snapshot could not hold it.
    """

    published: e.Published
    stream: Stream
    listed: tuple[dict[str, Any], ...]
    live: tuple[Event, ...]
    pushed_out: bool


def races(transcript: Transcript) -> Iterator[Race]:
    """Every publish around a connect whose barrier, published after all of them, was heard or listed."""
    in_scene = [p for p in transcript.publishes if p.scene == _DROPS and p.accepted]
    for stream in transcript.streams_in(_DROPS):
        part = f"around-{stream.attempt.part}"
        around = [p for p in in_scene if p.part == part]
        barrier = [p for p in in_scene if p.part == f"{part}-barrier"]
        snapshot = first_snapshot(stream)
        if snapshot is None or not is_list(snapshot) or not any(stream.mentions(b) for b in barrier):
            continue
        listed = items(snapshot)
        oldest = oldest_listed(snapshot, in_scene, transcript.terms)
        for published in around:
            yield Race(
                published=published,
                stream=stream,
                listed=tuple(item for item in listed if names(published, item)),
                live=tuple(event for event in stream.mentions(published) if event is not snapshot),
                pushed_out=oldest is not None and published.acked <= oldest,
            )


@rule(
    "snapshot.no-gap",
    level=Level.MUST,
    spec=(_PLAN, plan("Goals")),
    over=races,
    scenes=_DROPS,
    needs={Capability.TRIGGERS},
    hint="the snapshot is read before the connection is subscribed, or the subscription is not acknowledged",
)
def leaves_no_gap(race: Race) -> Iterator[Finding]:
    """
    An event published while a client connects is in the snapshot or comes live.

    Read first, subscribe then, and whatever happens in between is lost for good.
    """
    if not race.live and not race.listed and not race.pushed_out:
        published, stream = race.published, race.stream
        yield Finding(
            expected=f"{published.marker or published.event_id} in the snapshot or live",
            actual="neither, though one that was published later came; "
            f"published {(published.t - stream.t) / 1e6:+.1f} ms from the request",
            at=first_snapshot(stream) or stream,
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Twofold:
    """One publish that came live and that a snapshot lists as well, with the ids that it has in either."""

    live: tuple[Event, ...]
    live_ids: frozenset[str]
    listed_ids: frozenset[str]


def twofolds(transcript: Transcript) -> Iterator[Twofold]:
    """What came live and is listed too: around a connect, or in the snapshot of the next connection."""
    for race in races(transcript):
        yield from _twofold(race.live, race.listed)
    for published, snapshot in remembered(transcript):
        heard = (ev for stream in transcript.streams_in(published.scene) for ev in stream.mentions(published))
        live = tuple(event for event in heard if event.type != SNAPSHOT)
        yield from _twofold(live, tuple(item for item in items(snapshot) if names(published, item)))


def _twofold(live: tuple[Event, ...], listed: tuple[dict[str, Any], ...]) -> Iterator[Twofold]:
    live_ids = frozenset(str(event.payload["id"]) for event in live if "id" in event.payload)
    listed_ids = frozenset(str(item["id"]) for item in listed if "id" in item)
    if live_ids and listed_ids:
        yield Twofold(live=live, live_ids=live_ids, listed_ids=listed_ids)


@rule(
    "snapshot.same-id",
    level=Level.MUST,
    spec=_PLAN,
    over=twofolds,
    scenes=(_OVERFLOW, _DROPS),
    needs={Capability.TRIGGERS, Capability.MARKERS},
    hint="live events get an id of their own instead of the stored one",
)
def both_have_one_id(subject: Twofold) -> Iterator[Finding]:
    """
    An event that comes live and is in a snapshot as well has the same id in both.

    Clients drop doubles by id, and mark as read by it.
    """
    if not subject.live_ids & subject.listed_ids:
        yield Finding(
            expected=f"id {', '.join(sorted(subject.listed_ids))}, as the snapshot lists it",
            actual=f"id {', '.join(sorted(subject.live_ids))}",
            at=subject.live[0],
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Newest:
    """A snapshot whose newest item is known, and the ids of that item: in its data, and of its own event."""

    snapshot: Event
    ids: frozenset[str]


def newest_known(transcript: Transcript) -> Iterator[Newest]:
    """
    The snapshots of the overflow at whose one end stands an item that came live before.

    Its neighbour was acknowledged before it was published, so that this end is the newest, however the target sorts.
    What other scenes tell everybody may stand there as well.
    """
    accepted = [p for p in transcript.publishes if p.accepted]
    for stream in transcript.streams_in(_OVERFLOW):
        snapshot = first_snapshot(stream)
        listed = items(snapshot) if snapshot and is_list(snapshot) else []
        ends = ((listed[0], listed[1]), (listed[-1], listed[-2])) if len(listed) > 1 else ()
        for last, next_to_it in ends:
            newest, earlier = (next((p for p in accepted if names(p, item)), None) for item in (last, next_to_it))
            if snapshot and newest and earlier and earlier.acked <= newest.t:
                own = (s for s in transcript.streams if s.attempt.user == stream.attempt.user)
                heard = [event for s in own for event in s.mentions(newest) if event.type != SNAPSHOT]
                if heard:
                    live = {event.frame.id for event in heard if event.frame.id is not None}
                    yield Newest(snapshot=snapshot, ids=frozenset({str(last.get("id")), *live}))


@rule(
    "snapshot.id-of-newest",
    level=Level.MUST,
    spec=(_PLAN, whatwg("9.2.4 The Last-Event-ID header", "the-last-event-id-header")),
    over=newest_known,
    scenes=_OVERFLOW,
    needs={Capability.TRIGGERS},
    hint="the id of the list's last item is taken, which is the oldest one where the newest comes first",
)
def id_is_that_of_the_newest(newest: Newest) -> Iterator[Finding]:
    """
    A snapshot carries no id, or that of its newest item.

    The client resumes from it: from an older one it is told again what it has, from a later one it misses something.
    """
    given = newest.snapshot.frame.id
    if given is not None and given not in newest.ids:
        expected = f"no id, or {' or '.join(sorted(newest.ids))}"
        yield Finding(expected=expected, actual=f"id: {given}", at=newest.snapshot)


RULES = (
    lists_the_newest,
    unread_counts_all,
    lists_what_was_live,
    leaves_no_gap,
    both_have_one_id,
    id_is_that_of_the_newest,
)
