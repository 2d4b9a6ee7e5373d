"""Rules on isolation: nobody ever hears what was meant for another."""

from collections.abc import Iterator
from dataclasses import dataclass

from sse_conform import entries as e
from sse_conform.evidence import NOTIFICATION, SNAPSHOT, first_snapshot, lists, opened
from sse_conform.rule import Finding, rule
from sse_conform.spec import Capability, Level, plan
from sse_conform.transcript import Event, Stream, Transcript

_NEEDS = frozenset({Capability.TRIGGERS, Capability.SECOND_USER, Capability.TARGETED})
_SCENE, _NAMESAKES = "delivery.live", "isolation.namesakes"
#: Who has an ordinary name in the scene of the namesakes.
_ORDINARY = frozenset({"bob", "longer", "prefixed"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Outsider:
    """A stream, and the accepted publishes that concern neither its user nor were caused by it."""

    stream: Stream
    secrets: tuple[e.Published, ...]


def outsiders(transcript: Transcript) -> Iterator[Outsider]:
    """
    Every opened stream that somebody else's targeted events could have leaked into.

    Those that ask for another's events by name, and those of users with like names, are for rules of their own.
    """
    targeted = [p for p in transcript.publishes if p.accepted and not p.everyone and p.to]
    for stream in opened(transcript):
        user = stream.attempt.user
        secrets = tuple(p for p in targeted if user not in {p.to, p.sender})
        if secrets and stream.events and stream.attempt.scene not in {"auth.override", _NAMESAKES}:
            yield Outsider(stream=stream, secrets=secrets)


def _live_outsiders(transcript: Transcript) -> Iterator[Outsider]:
    """Outsiders that listened while the others' events were published, and heard one of their own of later on."""
    for outsider in outsiders(transcript):
        stream = outsider.stream
        snapshot = first_snapshot(stream)
        own = [p for p in transcript.publishes if p.accepted and p.to == stream.attempt.user]
        heard = [p.t for p in own if any(event.type == NOTIFICATION for event in stream.mentions(p))]
        if snapshot and heard:
            during = tuple(p for p in outsider.secrets if snapshot.t < p.t and p.acked < max(heard))
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


@dataclass(frozen=True, kw_only=True, slots=True)
class Namesake:
    """A stream, an event that concerns a user with a like name, and the copies of it that came."""

    stream: Stream
    published: e.Published
    copies: tuple[Event, ...]


def namesakes(transcript: Transcript, *, odd: bool) -> Iterator[Namesake]:
    """Streams with the events of their namesakes, where one of their own came afterwards; ``odd`` or ordinary names."""
    publishes = [p for p in transcript.publishes if p.scene == _NAMESAKES and p.accepted and not p.everyone]
    for stream in transcript.streams_in(_NAMESAKES):
        part = stream.attempt.part
        if any(stream.mentions(p) for p in publishes if p.part == f"heard-{part}"):
            for published in publishes:
                if published.to != stream.attempt.user and not published.part.startswith("heard-"):
                    ordinary = {part, published.part} <= _ORDINARY
                    if ordinary is not odd:
                        copies = stream.mentions(published)
                        yield Namesake(stream=stream, published=published, copies=copies)


def _overheard(namesake: Namesake) -> Iterator[Finding]:
    for event in namesake.copies:
        where = "in the snapshot" if event.type == SNAPSHOT else "live"
        yield Finding(
            expected=f"events that concern {namesake.stream.attempt.user}",
            actual=f"one that concerns {namesake.published.to} alone, {where}",
            at=event,
        )


@rule(
    "isolation.similar-users",
    level=Level.MUST,
    spec=(plan("Backend Design"), plan("Future Upgrade to WebSocket")),
    over=lambda transcript: namesakes(transcript, odd=False),
    scenes=_NAMESAKES,
    needs=_NEEDS | {Capability.SIMILAR_USERS},
    hint="rooms or rows are compared by their beginning: startsWith, LIKE, or a search for a part",
)
def like_names_are_kept_apart(namesake: Namesake) -> Iterator[Finding]:
    """
    A user hears nothing of another one whose name begins or ends with the same letters.

    1 and 10, bob and bobby, ann and joann: nobody notices until there are ten users.
    """
    yield from _overheard(namesake)


@rule(
    "isolation.odd-names",
    level=Level.MUST,
    spec=plan("Backend Design"),
    over=lambda transcript: namesakes(transcript, odd=True),
    scenes=_NAMESAKES,
    needs=_NEEDS | {Capability.SIMILAR_USERS, Capability.ODD_NAMES},
    hint="names are folded, split at a separator, or subscribed to as a pattern",
)
def odd_names_are_kept_apart(namesake: Namesake) -> Iterator[Finding]:
    """
    Names that differ in case, or hold a separator or a pattern, are names of different users.

    Whoever may choose a name chooses one that hears others.
    """
    yield from _overheard(namesake)


RULES = (hears_nothing_of_others, snapshot_lists_own_items, like_names_are_kept_apart, odd_names_are_kept_apart)
