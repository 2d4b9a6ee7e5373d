"""Rules on sensitive fields: planted values never leave, on any path, at any depth, in any spelling."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from sse_conform import entries as e
from sse_conform.evidence import HOSTILE, NOTIFICATION, SNAPSHOT, first_snapshot, lists, names, polled
from sse_conform.markers import PLANTED
from sse_conform.rule import Finding, rule
from sse_conform.spec import Capability, Level, plan
from sse_conform.transcript import Event, Stream, Transcript

_PLAN = plan("Security")
_SCENE = HOSTILE
_NEEDS = frozenset({Capability.SENSITIVE, Capability.TRIGGERS})
_HINT = "one path serialises the stored object, or knows the field by one spelling at the top only"


#: A planted value, with the name that it stands under where it has one.
_KEYED = re.compile(rf'(?:"([^"]{{1,60}})"\s*:\s*"?)?{PLANTED.pattern}')


def _planted(transcript: Transcript) -> tuple[e.Published, ...]:
    return tuple(p for p in transcript.publishes if p.scene == _SCENE and p.accepted and p.planted)


def _leak(text: str, where: str, at: Event | e.Exchanged | Stream) -> Iterator[Finding]:
    """One finding where any planted value shows, with the name that it stands under."""
    found = _KEYED.search(text)
    if found:
        under = f" under {found[1]!r}" if found[1] else ""
        count = len(set(PLANTED.findall(text)))
        yield Finding(expected=f"no sensitive value {where}", actual=f"{count} planted values{under}", at=at)


def live_events(transcript: Transcript) -> Iterator[Event]:
    """The live events that speak of what carried planted values."""
    for published in _planted(transcript):
        for stream in transcript.streams_in(_SCENE):
            yield from (event for event in stream.mentions(published) if event.type != SNAPSHOT)


@rule("privacy.streams-live", level=Level.MUST, spec=_PLAN, over=live_events, scenes=_SCENE, needs=_NEEDS, hint=_HINT)
def live_event_holds_nothing(event: Event) -> Iterator[Finding]:
    """
    A live event carries no sensitive value.

    Nested, in lists, and in other spellings: what is stripped must be stripped everywhere. Masked or null is fine.
    """
    yield from _leak(event.raw.decode("utf-8", "replace"), "in a live event", event)


def snapshots(transcript: Transcript) -> Iterator[Event]:
    """The snapshots that list what carried planted values."""
    for stream in transcript.streams_in(_SCENE, "read-back"):
        snapshot = first_snapshot(stream)
        if snapshot and any(lists(snapshot, published) for published in _planted(transcript)):
            yield snapshot


@rule("privacy.streams-snapshot", level=Level.MUST, spec=_PLAN, over=snapshots, scenes=_SCENE, needs=_NEEDS, hint=_HINT)
def snapshot_holds_nothing(event: Event) -> Iterator[Finding]:
    """
    A snapshot carries no sensitive value.

    It is built from the store, often by other code than live events.
    """
    yield from _leak(event.raw.decode("utf-8", "replace"), "in a snapshot", event)


def polls(transcript: Transcript) -> Iterator[e.Exchanged]:
    """The polls that list what carried planted values."""
    planted = _planted(transcript)
    for exchange in transcript.exchanges:
        if exchange.scene == _SCENE and exchange.part in {"polled", "polled-after"} and exchange.status == 200:
            listed = polled(exchange, transcript.terms)
            if any(names(published, item) for item in listed for published in planted):
                yield exchange


@rule(
    "privacy.polling",
    level=Level.MUST,
    spec=_PLAN,
    over=polls,
    scenes=_SCENE,
    needs=_NEEDS | {Capability.POLLING},
    hint=_HINT,
)
def poll_holds_nothing(exchange: e.Exchanged) -> Iterator[Finding]:
    """
    A poll carries no sensitive value.

    The fallback shows the same data, so it is stripped in the same place.
    """
    yield from _leak(exchange.body.decode("utf-8", "replace"), "in a poll", exchange)


@dataclass(frozen=True, kw_only=True, slots=True)
class Witness:
    """Something else that the target said after values were planted, as text."""

    text: str
    where: str
    at: e.Exchanged | Stream


def _head(headers: tuple[e.Header, ...]) -> str:
    return "\n".join(f"{name}: {value}" for name, value in headers)


def errors(transcript: Transcript) -> Iterator[Witness]:
    """
    Every head and the body of every refusal since the first value was planted, and what streams carry beside events.

    That is comments, heartbeats, and whatever else is neither a snapshot nor a notification.
    """
    since = min((published.t for published in _planted(transcript)), default=None)
    if since is None:
        return
    for stream in transcript.streams:
        if stream.head and stream.head.t > since:
            refusal = "" if stream.opened else stream.body.decode("utf-8", "replace")
            yield Witness(text=f"{_head(stream.head.headers)}\n{refusal}", where="in a head or a refusal", at=stream)
        if stream.opened:
            yield Witness(text=_beside_events(stream), where="beside events", at=stream)
    for exchange in transcript.exchanges:
        if exchange.answered > since:
            refusal = "" if 200 <= exchange.status < 300 else exchange.body.decode("utf-8", "replace")
            yield Witness(text=f"{_head(exchange.headers)}\n{refusal}", where="in a head or an error", at=exchange)


def _beside_events(stream: Stream) -> str:
    told = {SNAPSHOT, NOTIFICATION}
    return "\n".join(
        text
        for block in stream.blocks
        for text in (block.frame.comments if block.frame.type in told else (block.raw.decode("utf-8", "replace"),))
    )


@rule(
    "privacy.errors",
    level=Level.MUST,
    spec=_PLAN,
    over=errors,
    scenes=_SCENE,
    needs=_NEEDS,
    hint="a header or a comment for debugging, or the text of an error that quotes its input",
)
def errors_hold_nothing(witness: Witness) -> Iterator[Finding]:
    """
    Heads, refusals, comments and heartbeats carry no sensitive value.

    Data leaks by side doors: a debug header or comment, an error that quotes what it refused.
    """
    yield from _leak(witness.text, witness.where, witness.at)


def scrapes(transcript: Transcript) -> Iterator[e.Exchanged]:
    """The looks at the metrics since values were planted."""
    if _planted(transcript):
        yield from (x for x in transcript.exchanges if x.scene == _SCENE and x.part == "scraped" and x.status == 200)


@rule(
    "privacy.metrics",
    level=Level.MUST,
    spec=_PLAN,
    over=scrapes,
    scenes=_SCENE,
    needs=_NEEDS | {Capability.METRICS},
    hint="a label that is taken from the event",
)
def metrics_hold_nothing(exchange: e.Exchanged) -> Iterator[Finding]:
    """
    Metrics carry no sensitive value.

    They are read by other people, and kept for years.
    """
    yield from _leak(exchange.body.decode("utf-8", "replace"), "in the metrics", exchange)


RULES = (
    live_event_holds_nothing,
    snapshot_holds_nothing,
    poll_holds_nothing,
    errors_hold_nothing,
    metrics_hold_nothing,
)
