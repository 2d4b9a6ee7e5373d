"""Rules on the life of a stream: it starts in time, stays open, and ends in good order."""

from collections.abc import Iterator

from sse_conform.entries import Disturbance, EndKind
from sse_conform.evidence import SECOND, first_snapshot, opened, unharmed
from sse_conform.rule import Finding, rule
from sse_conform.rules.stream import idle_streams
from sse_conform.spec import Level, plan, rfc
from sse_conform.terms import Terms
from sse_conform.transcript import Stream, Transcript

_BASIC = ("preflight", "idle.stream")
_CALM = {*_BASIC, "delivery.live"}
_HEARING = {"delivery.live", "heartbeat.after-events", "delivery.burst", "snapshot.overflow", "reconnect.drops"}


def calm(transcript: Transcript) -> Iterator[Stream]:
    """Opened streams of the scenes in which the suite itself makes no crowd, seen for as long as judging them takes."""
    budget = round(transcript.terms.latency * SECOND)
    for stream in opened(transcript):
        since = stream.connected.t if stream.connected else stream.t
        if stream.attempt.scene in _CALM and (stream.body or stream.watched_until - since > budget):
            yield stream


@rule(
    "stream.starts-in-time",
    level=Level.MUST,
    spec=plan("Goals"),
    over=calm,
    scenes=_BASIC,
    timed=True,
    hint="the head or the snapshot waits for something: a slow query, a buffer, the first event",
)
def starts_in_time(stream: Stream, terms: Terms) -> Iterator[Finding]:
    """
    Head and snapshot arrive within the latency budget, also for a user who has no notifications.

    Some servers hold the head until the first byte of the body, and the body until there is something to tell.
    """
    # Where no snapshot came, other rules say so; here it is when the first sign of one came.
    since = stream.connected.t if stream.connected else stream.t
    first = first_snapshot(stream) or next(iter(stream.events), None)
    came = first.t if first else stream.arrival(0) if stream.body else None
    until = stream.watched_until if came is None else came
    if until - since > terms.latency * SECOND:
        yield Finding(
            expected=f"a snapshot within {terms.latency:g} s",
            actual="nothing came" if came is None else f"it came after {(came - since) / SECOND:.3f} s",
            at=first or stream,
            since=since,
            until=until,
            excess=until - since - round(terms.latency * SECOND),
        )


def kept(transcript: Transcript) -> Iterator[Stream]:
    """Streams that the target had no reason to end: idle ones, and those of good readers that hear events."""
    slept = {disturbed.conn for disturbed in transcript.disturbances if disturbed.kind is Disturbance.PAUSE}
    yield from idle_streams(transcript)
    yield from (s for s in opened(transcript) if s.attempt.scene in _HEARING and s.conn not in slept)


@rule(
    "stream.stays-open",
    level=Level.MUST,
    spec=plan("Backend Design"),
    over=kept,
    scenes="idle.stream",
    hint="an idle or write time-out of the server, the framework or a proxy",
)
def stays_open(stream: Stream, terms: Terms) -> Iterator[Finding]:
    """
    A stream stays open, though idle, for longer than three heartbeats, or to the declared age of a stream.

    Servers and proxies cut connections that they take for idle, and some end a response after one event. Its age
    counts from the request on.
    """
    if stream.end is None or stream.cut_short:
        return
    lived = (stream.end.t - stream.t) / SECOND  # the target's clock of its age may have begun before its head came
    if lived < terms.idle:
        yield Finding(
            expected=f"open for {terms.idle:g} s",
            actual=f"ended after {lived:.3f} s ({stream.end.kind.value}: {stream.end.detail})",
            at=stream.events[-1] if stream.events else stream,
        )


@rule(
    "stream.no-broken-end",
    level=Level.MUST,
    spec=rfc(9112, "7.1"),
    over=unharmed,
    scenes=_BASIC,
    hint="the handler crashed, or the connection was cut inside the body",
)
def ends_cleanly(stream: Stream) -> Iterator[Finding]:
    """
    A stream that the target ends, it ends as HTTP says: no reset, no cut inside the body, no malformed chunk.

    A crash in the handler shows as a body that breaks off; a client cannot tell it from a network failure.
    """
    if stream.end and stream.end.kind in {EndKind.RESET, EndKind.EOF, EndKind.PROTOCOL_ERROR, EndKind.OVERFLOW}:
        yield Finding(
            expected="an orderly end of the body",
            actual=f"{stream.end.kind.value}: {stream.end.detail}",
            at=stream.events[-1] if stream.events else stream,
        )


RULES = (starts_in_time, stays_open, ends_cleanly)
