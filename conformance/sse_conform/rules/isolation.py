"""Rules on isolation: nobody ever hears what was meant for another."""

from collections.abc import Iterator
from dataclasses import dataclass

from sse_conform import entries as e
from sse_conform.evidence import SNAPSHOT, first_snapshot, lists, opened
from sse_conform.rule import Finding, rule
from sse_conform.spec import Capability, Level, plan
from sse_conform.transcript import Event, Stream, Transcript

_NEEDS = frozenset({Capability.TRIGGERS, Capability.SECOND_USER, Capability.TARGETED})
_SCENE = "delivery.live"


@dataclass(frozen=True, kw_only=True, slots=True)
class Outsider:
    """A stream, and the accepted publishes that concern neither its user nor were caused by it."""

    stream: Stream
    secrets: tuple[e.Published, ...]


def outsiders(transcript: Transcript) -> Iterator[Outsider]:
    """
    Every opened stream that somebody else's targeted events could have leaked into.

    Those that ask for another's events by name are left out: a rule on authentication judges them.
    """
    targeted = [p for p in transcript.publishes if p.accepted and not p.everyone and p.to]
    for stream in opened(transcript):
        user = stream.attempt.user
        secrets = tuple(p for p in targeted if user not in {p.to, p.sender})
        if secrets and stream.events and stream.attempt.scene != "auth.override":
            yield Outsider(stream=stream, secrets=secrets)


def _live_outsiders(transcript: Transcript) -> Iterator[Outsider]:
    """Outsiders that were listening while the others' events were published, and heard an event of their own after."""
    for outsider in outsiders(transcript):
        stream = outsider.stream
        snapshot = first_snapshot(stream)
        barriers = [
            p for p in transcript.publishes if p.accepted and p.part == "barrier" and p.to == stream.attempt.user
        ]
        heard = [event for b in barriers for event in stream.mentions(b)]
        if snapshot and heard:
            during = tuple(p for p in outsider.secrets if snapshot.t < p.t and p.acked < heard[-1].t)
            if during:
                yield Outsider(stream=stream, secrets=during)


@rule(
    "isolation.live",
    level=Level.MUST,
    spec=plan("Backend Design"),
    over=_live_outsiders,
    scenes=_SCENE,
    needs=_NEEDS,
    hint="events are broadcast and the page is to filter, or rooms are matched by pattern",
)
def hears_nothing_of_others(outsider: Outsider) -> Iterator[Finding]:
    """
    A stream carries no event that concerns another user alone.

    Judged by a barrier: an event of its own was published afterwards and heard.
    """
    for published in outsider.secrets:
        for event in outsider.stream.mentions(published):
            if event.type != SNAPSHOT:
                yield Finding(
                    expected=f"events that concern {outsider.stream.attempt.user}",
                    actual=f"one that concerns {published.to} alone",
                    at=event,
                )


def _with_snapshot(transcript: Transcript) -> Iterator[tuple[Outsider, Event]]:
    for outsider in outsiders(transcript):
        snapshot = first_snapshot(outsider.stream)
        if snapshot and any(p.acked < outsider.stream.t for p in outsider.secrets):
            yield outsider, snapshot


@rule(
    "isolation.snapshot",
    level=Level.MUST,
    spec=plan("Data Format"),
    over=_with_snapshot,
    scenes=_SCENE,
    needs=_NEEDS,
    hint="the snapshot is read without the user in its query, or cached for all",
)
def snapshot_lists_own_items(subject: tuple[Outsider, Event]) -> Iterator[Finding]:
    """
    A snapshot lists no item that concerns another user alone.

    Looked at on every stream that was opened after somebody else's event.
    """
    outsider, snapshot = subject
    for published in outsider.secrets:
        if lists(snapshot, published):
            yield Finding(
                expected=f"items of {outsider.stream.attempt.user}",
                actual=f"an item of {published.to}",
                at=snapshot,
            )


RULES = (hears_nothing_of_others, snapshot_lists_own_items)
