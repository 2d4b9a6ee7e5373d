"""Rules on a snapshot and what comes live beside it: nothing is lost between the two, and both tell of one thing."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sse_conform import entries as e
from sse_conform.evidence import SNAPSHOT, first_snapshot, is_list, items, names, oldest_listed
from sse_conform.rule import Finding, rule
from sse_conform.rules.snapshot_content import remembered
from sse_conform.spec import Capability, Level, plan
from sse_conform.transcript import Event, Stream, Transcript

_PLAN = plan("Data Format")
_OVERFLOW, _DROPS = "snapshot.overflow", "reconnect.drops"


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


RULES = (leaves_no_gap, both_have_one_id)
