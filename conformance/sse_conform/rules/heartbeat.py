"""Rules on the heartbeat: an idle stream is never silent for long, and its sign of life is an event named ping."""

from collections.abc import Iterator
from itertools import pairwise

from sse_conform.evidence import NOTIFICATION, PING, SECOND, SNAPSHOT, pings
from sse_conform.rule import Finding, rule
from sse_conform.rules.stream import idle_streams
from sse_conform.spec import Capability, Level, plan, practice, whatwg
from sse_conform.terms import Terms
from sse_conform.transcript import Event, Stream, Transcript

_PLAN = plan("Backend Design")
_SCENE = "idle.stream"
#: A heartbeat more often than this share of the interval is traffic for nothing.
FASTEST_SHARE = 0.1


@rule(
    "heartbeat.no-silence",
    level=Level.MUST,
    spec=_PLAN,
    over=idle_streams,
    scenes=_SCENE,
    timed=True,
    hint="no heartbeat is sent, its timer drifts, or what is written is not flushed",
)
def is_never_silent(stream: Stream, terms: Terms) -> Iterator[Finding]:
    """
    No silence on an idle stream is longer than the heartbeat interval plus tolerance.

    Intermediaries cut what they take for dead, and a client cannot tell a quiet stream from a lost one.
    """
    for since, until in stream.silences(stream.answered, stream.watched_until):
        if until - since > terms.silence * SECOND:
            yield Finding(
                expected=f"a byte at least every {terms.silence:g} s",
                actual=f"nothing for {(until - since) / SECOND:.3f} s",
                at=next((event for event in stream.events if event.t >= until), stream),
                since=since,
                until=until,
                excess=until - since - round(terms.silence * SECOND),
            )


def kept_alive(transcript: Transcript) -> Iterator[Stream]:
    """Idle streams with a ping, or on which something else came in a stretch in which a ping was due."""
    due = transcript.terms.silence * SECOND
    for stream in idle_streams(transcript):
        news = [event.t for event in stream.events if event.type in {SNAPSHOT, NOTIFICATION}]
        quiet = [(a, b) for a, b in pairwise([stream.answered, *news, stream.watched_until]) if b - a > due]
        alive = any(a < piece.t < b for a, b in quiet for piece in stream.pieces)
        if alive or any(block.frame.event == PING for block in stream.blocks):
            yield stream


@rule(
    "heartbeat.named-ping",
    level=Level.MUST,
    spec=_PLAN,
    over=kept_alive,
    scenes=_SCENE,
    hint="the library's default heartbeat is a comment; name it: event: ping",
)
def is_named_ping(stream: Stream) -> Iterator[Finding]:
    """
    The heartbeat is an event named ping.

    A comment keeps the line alive, but no listener in a page ever hears of it.
    """
    if not any(block.frame.event == PING for block in stream.blocks):
        kinds = sorted({block.frame.type for block in stream.events})
        comments = sum(len(block.frame.comments) for block in stream.blocks)
        seconds = (stream.watched_until - stream.t) / SECOND
        yield Finding(
            expected="events named ping",
            actual=f"none in {seconds:.1f} s (events: {', '.join(kinds)}; comments: {comments})",
            at=stream,
        )


@rule(
    "heartbeat.has-data",
    level=Level.MUST,
    spec=(_PLAN, whatwg("9.2.6 Interpreting an event stream", "event-stream-interpretation")),
    over=pings,
    scenes=_SCENE,
    hint="event: ping is written without a data line",
)
def ping_has_data(ping: Event) -> Iterator[Finding]:
    """
    A heartbeat carries a data line.

    Without one the browser never dispatches the event, so no listener can tell a live stream from a dead one.
    """
    if ping.data is None:
        yield Finding(expected="a data field", actual=repr(ping.raw.decode("utf-8", "replace")), at=ping)


@rule(
    "heartbeat.no-id",
    level=Level.MUST,
    spec=(_PLAN, whatwg("9.2.4 The Last-Event-ID header", "the-last-event-id-header")),
    over=pings,
    scenes=_SCENE,
    hint="one writer adds an id to every event, heartbeats too",
)
def ping_has_no_id(ping: Event) -> Iterator[Finding]:
    """
    A heartbeat carries no id.

    An id on a ping moves the client's Last-Event-ID away from the last notification, and a resume loses events.
    """
    if ping.frame.id is not None:
        yield Finding(expected="no id field", actual=f"id: {ping.frame.id}", at=ping)


@rule(
    "heartbeat.not-too-fast",
    level=Level.SHOULD,
    spec=practice("a heartbeat wakes every client, radio and proxy on its way"),
    over=idle_streams,
    scenes=_SCENE,
    hint="seconds were taken for milliseconds",
)
def is_not_too_fast(stream: Stream, terms: Terms) -> Iterator[Finding]:
    """
    Heartbeats come at most ten times as often as promised.

    Faster ones cost battery and bandwidth for every open stream and usually betray a wrong unit.
    """
    beats = [event for event in stream.blocks if event.frame.event == PING]
    watched = (stream.watched_until - stream.answered) / SECOND
    most = watched / (terms.heartbeat * FASTEST_SHARE) + 1
    if len(beats) > most:
        yield Finding(expected=f"at most {most:.0f} in {watched:.1f} s", actual=f"{len(beats)}", at=beats[-1])


def busy_streams(transcript: Transcript) -> Iterator[Stream]:
    """The opened streams that carried events before nothing happened."""
    return (s for s in transcript.streams_in("heartbeat.after-events") if s.opened and notification_of(s))


def notification_of(stream: Stream) -> Event | None:
    """The first notification on a stream."""
    return next((event for event in stream.events if event.type == NOTIFICATION), None)


@rule(
    "heartbeat.after-events",
    level=Level.MUST,
    spec=_PLAN,
    over=busy_streams,
    scenes="heartbeat.after-events",
    needs={Capability.TRIGGERS},
    timed=True,
    hint="an event cancels the timer, and nothing starts it again",
)
def goes_on_after_events(stream: Stream, terms: Terms) -> Iterator[Finding]:
    """
    Heartbeats go on after events, also on a stream that resumed.

    A timer that an event resets is legal; one that is stopped leaves the stream to the next idle time-out.
    """
    first = notification_of(stream)
    assert first is not None
    for since, until in stream.silences(first.t, stream.watched_until):
        if until - since > terms.silence * SECOND:
            yield Finding(
                expected=f"a byte at least every {terms.silence:g} s",
                actual=f"nothing for {(until - since) / SECOND:.3f} s after an event",
                at=first,
                since=since,
                until=until,
                excess=until - since - round(terms.silence * SECOND),
            )


RULES = (is_never_silent, is_named_ping, ping_has_data, ping_has_no_id, is_not_too_fast, goes_on_after_events)
