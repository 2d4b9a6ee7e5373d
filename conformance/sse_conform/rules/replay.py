"""Rules on replay, where a service claims it: a resume is exact, and brings nobody else's events."""

import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from sse_conform import entries as e
from sse_conform.evidence import SNAPSHOT, first_snapshot, lists, notifications
from sse_conform.rule import Finding, rule
from sse_conform.spec import Capability, Level, plan, whatwg
from sse_conform.transcript import Event, Stream, Transcript

_RETRY = plan("Failure / Retry")
_LAST_ID = whatwg("9.2.4 The Last-Event-ID header", "the-last-event-id-header")
_REPLAY, _OVERFLOW = "reconnect.replay", "snapshot.overflow"
_REPLAYS = frozenset({Capability.REPLAY, Capability.TRIGGERS, Capability.SECOND_USER})
#: The scene resumes from the event after so many of the span.
RESUMED_AFTER = 2


def _replays(transcript: Transcript, part: str, *, scene: str = _REPLAY, barrier: str = "") -> Iterator[Stream]:
    """The resumed connections of one kind on which the barrier, published afterwards, was heard."""
    named = barrier or f"barrier-{part}"
    barriers = [p for p in transcript.publishes if p.scene == scene and p.part == named]
    for stream in transcript.streams_in(scene, part):
        if any(stream.mentions(barrier) for barrier in barriers):
            yield stream


@dataclass(frozen=True, kw_only=True, slots=True)
class Resume:
    """
    A resumed connection, and what it told again of the span, the snapshot left out.

    ``told`` has the publishes of its events in the order in which they came, ``first`` those of the connection before;
    ``seen`` of these came before the drop, up to the id from which it resumes. ``untold`` was missed and never came.
    ``misnamed`` came with the id of another event.
    """

    stream: Stream
    told: tuple[e.Published, ...]
    first: tuple[e.Published, ...]
    seen: tuple[e.Published, ...]
    untold: tuple[e.Published, ...]
    misnamed: tuple[e.Published, ...] = ()

    @property
    def again(self) -> tuple[e.Published, ...]:
        """What had been seen before."""
        return tuple(one for one in self.told if one in self.seen)


def resumes(transcript: Transcript, part: str, after: int) -> Iterator[Resume]:
    """The resumes of one kind, from the event ``after`` so many of the span."""
    span = [p for p in transcript.publishes if p.scene == _REPLAY and p.part == "span" and p.accepted]
    for stream in _replays(transcript, part):
        last = dict(stream.attempt.headers).get("last-event-id")
        for before in transcript.streams_in(_REPLAY, "first"):
            first = _told_live(before, span)
            seen = next((n + 1 for n, (event, _) in enumerate(first) if event.frame.id == last), len(first))
            again = _told_live(stream, span)
            told = tuple(published for _, published in again)
            named = {(event.frame.id, published.number) for event, published in (*first, *again)}
            yield Resume(
                stream=stream,
                told=told,
                first=tuple(published for _, published in first),
                seen=tuple(published for _, published in first[:seen]),
                untold=tuple(published for published in span[after:] if published not in told),
                misnamed=tuple(
                    published
                    for event, published in again
                    if any(one == event.frame.id and number != published.number for one, number in named)
                ),
            )


def long_resumes(transcript: Transcript) -> Iterator[Resume]:
    """
    The resume after more events than a snapshot lists, where something was replayed.

    A service may replay no more than the snapshot leaves out, the newest alone, or nothing; what it begins to replay
    beside the snapshot goes on to the end, for whoever resumes from its last id takes all before that for told.
    """
    missed = [p for p in transcript.publishes if p.scene == _OVERFLOW and p.part == "missed" and p.accepted]
    for stream in _replays(transcript, "after", scene=_OVERFLOW, barrier="live"):
        told = tuple(published for _, published in _told_live(stream, missed))
        snapshot = first_snapshot(stream)
        if told and snapshot and "last-event-id" in dict(stream.attempt.headers):
            listed = [published for published in missed if lists(snapshot, published)]
            beside = any(published in listed for published in told)
            due = [p for p in missed[missed.index(min(told, key=lambda p: p.number)) :] if beside or p not in listed]
            untold = tuple(published for published in due if published not in told)
            yield Resume(stream=stream, told=told, first=(), seen=(), untold=untold)


def _told_live(stream: Stream, publishes: list[e.Published]) -> list[tuple[Event, e.Published]]:
    """The events that mention these, in the order in which they came, the snapshot left out."""
    told = ((event, p) for p in publishes for event in stream.mentions(p) if event.type != SNAPSHOT)
    return sorted(told, key=lambda pair: pair[0].frame.start)


def _names(publishes: Iterable[e.Published]) -> str:
    return ", ".join(f"{published.kind.value} (publish {published.number})" for published in publishes)


@rule(
    "reconnect.replay-ids",
    level=Level.MUST,
    spec=(_RETRY, _LAST_ID),
    over=lambda transcript: (n for n in notifications(transcript) if n.stream.attempt.scene == _REPLAY),
    scenes=_REPLAY,
    needs=_REPLAYS,
    hint="the id line is missing on this path",
)
def notifications_have_ids(event: Event) -> Iterator[Finding]:
    """
    Where replay is claimed, every notification carries an id.

    Without one there is nothing to resume from.
    """
    if event.frame.id is None:
        yield Finding(expected="an id line", actual="none", at=event)


@rule(
    "reconnect.replay-exact",
    level=Level.MUST,
    spec=(_RETRY, _LAST_ID),
    over=lambda transcript: (
        *resumes(transcript, "resume-middle", after=RESUMED_AFTER),
        *long_resumes(transcript),
    ),
    scenes=_REPLAY,
    needs=_REPLAYS,
    hint="the bound is off by one, or the id is ignored",
)
def resume_is_exact(resume: Resume) -> Iterator[Finding]:
    """
    A resume brings what came after the id, each event once, in order and by its id, and nothing before it.

    An off-by-one repeats the last event for ever, or loses one at each reconnect; the next resume loses more where an
    event came with the id of another, or where a replay stopped short.
    """
    told = resume.told
    again = [one for one in told if one in resume.seen or told.count(one) > 1]
    order = [resume.first.index(one) for one in told if one in resume.first]
    if again:
        actual = f"again: {_names(again[:5])}"
        yield Finding(expected="what came after the id, once", actual=actual, at=resume.stream)
    elif resume.untold:
        actual = f"without {_names(resume.untold)}"
        yield Finding(expected="all that came after the id", actual=actual, at=resume.stream)
    elif order != sorted(order):
        yield Finding(expected="the order of before", actual=_names(told), at=resume.stream)
    elif resume.misnamed:
        actual = f"the id of another on {_names(resume.misnamed)}"
        yield Finding(expected="an id of its own on each event", actual=actual, at=resume.stream)


@rule(
    "reconnect.replay-nothing-new",
    level=Level.MUST,
    spec=(_RETRY, _LAST_ID),
    over=lambda transcript: resumes(transcript, "resume-last", after=sys.maxsize),
    scenes=_REPLAY,
    needs=_REPLAYS,
    hint="everything is replayed at each connect",
)
def resume_at_the_end_is_quiet(resume: Resume) -> Iterator[Finding]:
    """
    A resume after the last event replays nothing.

    A client that missed nothing must not be told again.
    """
    if resume.again:
        yield Finding(expected="no event again", actual=f"{len(resume.again)} again", at=resume.stream)


def foreign_resumes(transcript: Transcript) -> Iterator[tuple[Stream, tuple[Event, ...]]]:
    """Each resume, with another user's id or with an own one, and what it showed of that user."""
    foreign = [p for p in transcript.publishes if p.scene == _REPLAY and p.part == "foreign" and p.accepted]
    for part in ("resume-foreign", "resume-middle", "resume-last"):
        for stream in _replays(transcript, part):
            yield stream, tuple(event for published in foreign for event in stream.mentions(published))


@rule(
    "reconnect.replay-own",
    level=Level.MUST,
    spec=(plan("Security"), _LAST_ID),
    over=foreign_resumes,
    scenes=_REPLAY,
    needs=_REPLAYS | {Capability.TARGETED},
    hint="the history is read by id without the user",
)
def resume_brings_own_events(subject: tuple[Stream, tuple[Event, ...]]) -> Iterator[Finding]:
    """
    A resume brings none of another user's events, neither with that user's id nor with an own one.

    The header is the client's to choose; the history is not.
    """
    stream, leaked = subject
    for event in leaked[:1]:
        yield Finding(expected=f"events of {stream.attempt.user}", actual="another user's event", at=event)


RULES = (notifications_have_ids, resume_is_exact, resume_at_the_end_is_quiet, resume_brings_own_events)
