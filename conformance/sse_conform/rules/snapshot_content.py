"""Rules on what a snapshot tells: the newest items, all unread counted, what was live before it."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from sse_conform import entries as e
from sse_conform.evidence import NOTIFICATION, Known, first_snapshot, is_list, items, lists, names, opened
from sse_conform.rule import Finding, rule
from sse_conform.spec import Capability, Level, plan, whatwg
from sse_conform.terms import Terms
from sse_conform.transcript import Event, Stream, Transcript

_PLAN = plan("Data Format")
_OVERFLOW = "snapshot.overflow"


@dataclass(frozen=True, kw_only=True, slots=True)
class Overflow:
    """A snapshot before and one after more publishes than a snapshot lists, oldest first."""

    before: Event
    after: Event
    missed: tuple[e.Published, ...]
    earlier: tuple[e.Published, ...]

    def is_older(self, item: dict[str, Any]) -> bool:
        """Whether an item was there before all of them."""
        known = {str(old.get("id")) for old in items(self.before)}
        return str(item.get("id")) in known or any(names(published, item) for published in self.earlier)

    def is_foreign(self, item: dict[str, Any]) -> bool:
        """Whether somebody else may have caused an item meanwhile."""
        return not self.is_older(item) and not any(names(published, item) for published in self.missed)


def overflows(transcript: Transcript) -> Iterator[Overflow]:
    """The overflow of the run, where both snapshots came and enough publishes were accepted."""
    before, after = (
        next((snap for s in transcript.streams_in(_OVERFLOW, part) if (snap := first_snapshot(s))), None)
        for part in ("before", "after")
    )
    missed = tuple(p for p in transcript.publishes if p.scene == _OVERFLOW and p.part == "missed" and p.accepted)
    if before and after and is_list(after) and len(missed) > transcript.terms.snapshot_items:
        earlier = tuple(p for p in transcript.publishes if p.accepted and p.acked < missed[0].t)
        yield Overflow(before=before, after=after, missed=missed, earlier=earlier)


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
    wanted = f"the newest {terms.snapshot_items} of {len(subject.missed)} just published"
    places = [(published, _place(published, listed)) for published in subject.missed]
    room = terms.snapshot_items - sum(subject.is_foreign(item) for item in listed)
    lacking = _lacking(places, room)
    if len(listed) < terms.snapshot_items:
        yield Finding(expected=wanted, actual=f"{len(listed)} items", at=subject.after)
    elif lacking:
        actual = f"without a newer event of the kind {lacking.kind.value} among {len(listed)} items"
        yield Finding(expected=wanted, actual=actual, at=subject.after)
    elif any(map(subject.is_older, listed)):
        yield Finding(expected=wanted, actual="an item that is older than all of them", at=subject.after)
    elif len(_directions(places)) > 1:
        yield Finding(expected="one order, oldest or newest first", actual="several", at=subject.after)


def _place(published: e.Published, listed: list[dict[str, Any]]) -> int | None:
    return next((place for place, item in enumerate(listed) if names(published, item)), None)


def _kinds(places: list[tuple[e.Published, int | None]]) -> Iterator[list[tuple[e.Published, int | None]]]:
    """The same, kind by kind: kinds may have producers of their own, and those have no order among them."""
    for kind in dict.fromkeys(published.kind for published, _ in places):
        yield [each for each in places if each[0].kind is kind]


def _lacking(places: list[tuple[e.Published, int | None]], room: int) -> e.Published | None:
    """One that is not listed, though an older one of its kind is, or though it is the newest of the last ``room``."""
    newest = [published for published, _ in places[-room:]] if room > 0 else []
    for kind in _kinds(places):
        last, place = kind[-1]
        if place is None and last in newest:
            return last
        for (_, older), (newer, place) in pairwise(kind):
            if older is not None and place is None:
                return newer
    return None


def _directions(places: list[tuple[e.Published, int | None]]) -> set[bool]:
    """Whether later ones stand further down, for each two of a kind that follow one another."""
    known = [[place for _, place in kind if place is not None] for kind in _kinds(places)]
    return {earlier < later for each in known for earlier, later in pairwise(each)}


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
    """
    Publishes that were delivered live, each with the first snapshot of every later connection of the same user.

    What newer ones pushed out of a full list is left out: an older one of its kind stands there no more, either. So is
    what a restart of the target lies in between.
    """
    starts = [entry.t for entry in transcript.of(e.Commanded) if entry.order is e.Order.START]
    by_user: dict[str, list[Stream]] = {}
    for stream in opened(transcript):
        by_user.setdefault(stream.attempt.user, []).append(stream)
    oldest: dict[int, dict[e.EventKind, int]] = {}
    for published in transcript.publishes:
        streams = by_user.get(published.to, []) if published.accepted else []
        told = [ev.t for stream in streams for ev in stream.mentions(published) if ev.type == NOTIFICATION]
        for stream in streams:
            snapshot = first_snapshot(stream)
            if not (told and snapshot and is_list(snapshot) and min(told) < stream.t):
                continue
            if any(published.t < start < stream.t for start in starts):
                continue
            if stream.conn not in oldest:
                oldest[stream.conn] = _oldest_listed(snapshot, transcript)
            if (
                len(items(snapshot)) < transcript.terms.snapshot_items
                or oldest[stream.conn].get(published.kind, published.t) < published.t
            ):
                yield published, snapshot


def _oldest_listed(snapshot: Event, transcript: Transcript) -> dict[e.EventKind, int]:
    """For each kind of event when the oldest one that a snapshot lists was acknowledged."""
    oldest: dict[e.EventKind, int] = {}
    for published in transcript.publishes:
        if published.acked < oldest.get(published.kind, snapshot.t) and lists(snapshot, published):
            oldest[published.kind] = published.acked
    return oldest


@rule(
    "snapshot.remembers",
    level=Level.MUST,
    spec=_PLAN,
    over=remembered,
    scenes=(_OVERFLOW,),
    needs={Capability.TRIGGERS},
    hint="live events are sent but not stored, the snapshot is cached, or it is listed in the wrong order",
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
class Newest:
    """A snapshot whose newest item is known, and the ids of that item: in its data, and of its own event."""

    snapshot: Event
    ids: frozenset[str]


def newest_known(transcript: Transcript) -> Iterator[Newest]:
    """
    The snapshots of the overflow at whose newer end stands an item that came live before.

    Which end that is, two neighbours tell of which one was acknowledged before the other was published, however the
    target sorts; where such neighbours contradict each other, there is no order. What other scenes tell everybody may
    stand there as well.
    """
    accepted = Known(p for p in transcript.publishes if p.accepted)
    for stream in transcript.streams_in(_OVERFLOW):
        snapshot = first_snapshot(stream)
        listed = items(snapshot) if snapshot and is_list(snapshot) else []
        known = [next(iter(accepted.named(item)), None) for item in listed]
        newer_last = {a.acked <= b.t for a, b in pairwise(known) if a and b and (a.acked <= b.t or b.acked <= a.t)}
        if snapshot and len(newer_last) == 1:
            newest = str(listed[-1 if newer_last.pop() else 0].get("id"))
            own = (s for s in transcript.streams if s.attempt.user == stream.attempt.user)
            told = (event for s in own for event in s.events if event.type == NOTIFICATION)
            heard = [event for event in told if str(event.payload.get("id")) == newest]
            if heard:
                live = {event.frame.id for event in heard if event.frame.id is not None}
                yield Newest(snapshot=snapshot, ids=frozenset({newest, *live}))


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
    id_is_that_of_the_newest,
)
