"""Rules on coming back: nothing is missed after a drop, and an id that the server never gave does no harm."""

from collections.abc import Iterator
from dataclasses import dataclass

from sse_conform import entries as e
from sse_conform.evidence import (
    PING,
    SNAPSHOT,
    first_snapshot,
    greets,
    items,
    names,
    oldest_listed,
    polled,
)
from sse_conform.rule import Finding, rule
from sse_conform.spec import Capability, Level, plan, whatwg
from sse_conform.transcript import Stream, Transcript

_RETRY = plan("Failure / Retry")
_LAST_ID = whatwg("9.2.4 The Last-Event-ID header", "the-last-event-id-header")
_DROPS, _MALFORMED = "reconnect.drops", "reconnect.malformed-ids"
_OVERFLOW = "snapshot.overflow"


@dataclass(frozen=True, kw_only=True, slots=True)
class Missed:
    """One event of an outage, the connection that came after it, and whether it shows there."""

    published: e.Published
    stream: Stream
    how: str
    known: bool


def outages(transcript: Transcript) -> Iterator[Missed]:
    """
    Every event published during an outage, where the connection after it came up with its snapshot.

    What newer ones pushed out of a full list is for polling.
    """
    in_scene = [p for p in transcript.publishes if p.scene == _DROPS and p.accepted]
    for how in ("fin", "rst", "silence"):
        for stream in transcript.streams_in(_DROPS, f"after-{how}"):
            snapshot = first_snapshot(stream)
            if snapshot is None or not isinstance(snapshot.payload.get("items"), list):
                continue  # a snapshot that cannot be read is what other rules are about
            oldest = oldest_listed(snapshot, in_scene, transcript.terms)
            for published in in_scene:
                pushed_out = oldest is not None and published.acked <= oldest
                known = _told(stream, published)
                if published.part == f"missed-{how}" and (known or not pushed_out):
                    yield Missed(published=published, stream=stream, how=how, known=known)


def _told(stream: Stream, published: e.Published) -> bool:
    """Whether a connection shows an event: in its snapshot, or as an event of its own."""
    snapshot = first_snapshot(stream)
    listed = snapshot is not None and any(names(published, item) for item in items(snapshot))
    return listed or any(event is not snapshot for event in stream.mentions(published))


@rule(
    "reconnect.nothing-missed",
    level=Level.MUST,
    spec=(plan("Testing"), _RETRY),
    over=outages,
    scenes=_DROPS,
    needs={Capability.TRIGGERS},
    hint="the snapshot is cached, or the old connection is still taken for the user's only one",
)
def outage_loses_nothing(missed: Missed) -> Iterator[Finding]:
    """
    A client that comes back after a drop learns all that it missed.

    By the snapshot or by replay, after FIN, after RST, and while its old connection still seems alive.
    """
    if not missed.known:
        yield Finding(
            expected=f"publish {missed.published.number} in the snapshot or replayed after {missed.how}",
            actual="neither",
            at=first_snapshot(missed.stream) or missed.stream,
        )


def beyond_list(transcript: Transcript) -> Iterator[Missed]:
    """Every event of an absence that a snapshot cannot hold, where the client came back with its last id and asked."""
    paged = [item for x in transcript.exchanges if x.scene == _OVERFLOW for item in polled(x, transcript.terms)]
    for stream in transcript.streams_in(_OVERFLOW, "after"):
        for published in transcript.publishes:
            if published.scene == _OVERFLOW and published.part == "missed" and published.accepted:
                known = _told(stream, published) or any(names(published, item) for item in paged)
                yield Missed(published=published, stream=stream, how="polling or replay", known=known)


@rule(
    "reconnect.beyond-list",
    level=Level.MUST,
    spec=(plan("Failure / Retry"), plan("Goals")),
    over=beyond_list,
    scenes=_OVERFLOW,
    needs={Capability.TRIGGERS, Capability.CATCH_UP},
    hint="the history is cut to the length of the list, or pages and replay end there",
)
def absence_loses_nothing(missed: Missed) -> Iterator[Finding]:
    """
    What a client missed beyond the length of a snapshot it learns by polling or by replay.

    After a night offline the list of the snapshot is full, and what lies between it and the last event seen is lost
    unless something else tells it.
    """
    if not missed.known:
        yield Finding(
            expected=f"publish {missed.published.number} in the snapshot, replayed, or on a page after the cursor",
            actual="nowhere",
            at=first_snapshot(missed.stream) or missed.stream,
        )


def malformed(transcript: Transcript) -> Iterator[tuple[Stream, bool]]:
    """
    The attempts with ids that the server never gave, where ordinary ones get a snapshot.

    Each with whether an event was published for it afterwards.
    """
    told = {p.part for p in transcript.publishes if p.scene == _MALFORMED and p.accepted}
    for stream in transcript.streams_in(_MALFORMED):
        if stream.status != 429 and greets(transcript):
            yield stream, f"barrier-{stream.attempt.part}" in told


@rule(
    "reconnect.unknown-id",
    level=Level.MUST,
    spec=(_RETRY, _LAST_ID),
    over=malformed,
    scenes=_MALFORMED,
    needs={Capability.TRIGGERS},
    hint="the header is parsed as a number or put into a query without a check",
)
def unknown_id_resyncs(subject: tuple[Stream, bool]) -> Iterator[Finding]:
    """
    An unknown or malformed Last-Event-ID gives a clean start: the snapshot, then live events.

    Anybody can send any id, from any origin; a server that forgot its history must not leave a client in silence.
    """
    stream, told = subject
    part = stream.attempt.part
    if not stream.opened:
        detail = str(stream.status) if stream.head else (stream.end.detail if stream.end else "no answer")
        yield Finding(expected="200 and a snapshot", actual=f"{part}: {detail}", at=stream)
    elif first_snapshot(stream) is None:
        yield Finding(expected="a snapshot", actual=f"{part}: none came", at=stream)
    elif told and not any(event.type not in {SNAPSHOT, PING} for event in stream.events):
        yield Finding(expected="live events", actual=f"{part}: none came after the snapshot", at=stream)


RULES = (
    outage_loses_nothing,
    absence_loses_nothing,
    unknown_id_resyncs,
)
