"""Rules on a target that is stopped and started again: its streams end in order, and nothing it accepted is lost."""

from collections.abc import Iterator
from dataclasses import dataclass

from sse_conform import entries as e
from sse_conform.evidence import SECOND, first_snapshot, lists, names, polled, quoted
from sse_conform.rule import Finding, rule
from sse_conform.spec import Capability, Level, plan, practice, rfc
from sse_conform.terms import Terms
from sse_conform.transcript import Stream, Transcript

_SCENE = "shutdown.restart"
_NEEDS = {Capability.RESTART, Capability.TRIGGERS}
_SIGTERM = practice(
    "Kubernetes: termination of pods",
    "https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#pod-termination",
)
#: A command takes its time to reach the process, and an end its own to reach us, in seconds.
ON_THE_WAY = 1.0
_ENDS = {e.EndKind.COMPLETE, e.EndKind.CLOSE_DELIMITED}
_FORGOTTEN = {401, 403}


@dataclass(frozen=True, kw_only=True, slots=True)
class Drain:
    """A stream that was open when the target was stopped, and how it ended: as it was seen, whoever ended it."""

    stopped: int
    stream: Stream
    end: e.Ended

    @property
    def took(self) -> float:
        """The seconds from the stop to its end."""
        return (self.end.t - self.stopped) / SECOND


def drains(transcript: Transcript) -> Iterator[Drain]:
    """The streams that a stop ended, or should have; one that has promised a length cannot end well."""
    ends = {ended.conn: ended for ended in transcript.every(e.Ended)}
    for stop in transcript.of(e.Commanded):
        if stop.order is not e.Order.STOP or stop.error:
            continue
        for stream in transcript.streams_in(stop.scene, "open"):
            end = ends.get(stream.conn)
            if stream.opened and not stream.headers("content-length") and end is not None and end.t > stop.t:
                yield Drain(stopped=stop.t, stream=stream, end=end)


@rule(
    "shutdown.ends-cleanly",
    level=Level.MUST,
    spec=(_SIGTERM, rfc(9112, "8")),
    over=drains,
    scenes=_SCENE,
    needs=_NEEDS,
    timed=True,
    hint="the process dies with its streams open, or waits for them to end by themselves until it is killed",
)
def ends_cleanly(drain: Drain, terms: Terms) -> Iterator[Finding]:
    """
    A target that is stopped ends its streams, each in good order and within its grace.

    Who waits for streams to end by themselves waits until it is killed. A client cannot tell a connection that breaks
    off from a network that failed, and a reset may take along what was sent before it.
    """
    allowed, kind = terms.grace + ON_THE_WAY, drain.end.kind
    if drain.took > allowed:
        how = "still open" if kind is e.EndKind.CLOSED else f"ended ({kind.value})"
        yield Finding(
            expected=f"the end within {terms.grace:g} s",
            actual=f"{how} {drain.took:.1f} s after the stop",
            at=drain.stream,
            since=drain.stopped,
            until=drain.end.t,
            excess=round((drain.took - allowed) * SECOND),
        )
    elif kind not in {*_ENDS, e.EndKind.CLOSED}:
        yield Finding(
            expected="an orderly end of the body", actual=f"{kind.value}: {drain.end.detail}", at=drain.stream
        )


def in_time(transcript: Transcript) -> Iterator[Drain]:
    """
    The streams that the target ended itself, within its grace: whoever is killed drains nothing.

    Where no frame was ever completed another rule says so, and nothing is to be seen of the drain.
    """
    allowed = transcript.terms.grace + ON_THE_WAY
    for drain in drains(transcript):
        if drain.took <= allowed and drain.end.kind is not e.EndKind.CLOSED and drain.stream.blocks:
            yield drain


@rule(
    "framing.clean-drain",
    level=Level.SHOULD,
    spec=(plan("Backend Design"), rfc(9112, "7.1")),
    over=in_time,
    scenes=_SCENE,
    needs=_NEEDS,
    hint="the writer is cancelled where it stands, in the middle of an event",
)
def drains_cleanly(drain: Drain) -> Iterator[Finding]:
    """
    A drain ends the body with its last chunk, and never inside an event.

    What no blank line completes a client throws away, and it does not learn that there was something.
    """
    remainder = drain.stream.decoded.remainder.raw
    if drain.end.kind not in _ENDS:
        actual = f"{drain.end.kind.value}: {drain.end.detail}"
        yield Finding(expected="the body is ended, not broken off", actual=actual, at=drain.stream)
    elif remainder.strip() and not remainder.startswith(b":"):
        actual = f"{len(remainder)} bytes of one: {quoted(remainder)}"
        yield Finding(expected="no event is begun and left unfinished", actual=actual, at=drain.stream)


@dataclass(frozen=True, kw_only=True, slots=True)
class Memory:
    """An event that was accepted before the target was started again, and whether that still knows it: ``told`` how."""

    published: e.Published
    known: bool
    told: str


def memories(transcript: Transcript) -> Iterator[Memory]:
    """What was accepted before the start, where the target keeps events, and said something of them afterwards."""
    for start in transcript.of(e.Commanded):
        if start.order is not e.Order.START or not start.answers or not _keeps(transcript, start.scene):
            continue
        polls = [x for x in transcript.exchanges if x.scene == start.scene and x.part == "after"]
        streams = transcript.streams_in(start.scene, "after")
        told = _told(polls, streams)
        for published in transcript.publishes if told else ():
            if published.scene == start.scene and published.accepted and published.acked < start.t:
                known = any(_polled(x, published, transcript.terms) for x in polls)
                known |= any(_shown(stream, published) for stream in streams)
                yield Memory(published=published, known=known, told=told)


def _keeps(transcript: Transcript, scene: str) -> bool:
    """Whether a stream that was opened after an event told of it: what keeps nothing has nothing to lose."""
    kept = [p for p in transcript.publishes if p.scene == scene and p.part == "kept" and p.accepted]
    return any(_shown(stream, p) for stream in transcript.streams_in(scene, "open") for p in kept)


def _told(polls: list[e.Exchanged], streams: tuple[Stream, ...]) -> str:
    """What the target answered who asked; empty where nothing follows from it."""
    answers = [f"polling answers {x.status}" for x in polls if x.status in {200, *_FORGOTTEN}]
    answers += [f"the stream answers {s.status}" for s in streams if s.status in {200, *_FORGOTTEN}]
    return " and ".join(answers)


def _polled(exchange: e.Exchanged, published: e.Published, terms: Terms) -> bool:
    return any(names(published, item) for item in polled(exchange, terms))


def _shown(stream: Stream, published: e.Published) -> bool:
    greeting = first_snapshot(stream)
    return bool(stream.mentions(published)) or (greeting is not None and lists(greeting, published))


@rule(
    "shutdown.loses-nothing",
    level=Level.MUST,
    spec=(_SIGTERM, rfc(9110, "15.3")),
    over=memories,
    scenes=_SCENE,
    needs=_NEEDS,
    hint="what was accepted waits in memory: a queue, a cache written behind, a store that is none",
)
def loses_nothing(memory: Memory) -> Iterator[Finding]:
    """
    Nothing that was accepted is lost by a shutdown.

    Whoever got a 2xx does not publish again. What still waits in memory then, to be written or sent, nobody ever hears.
    """
    if not memory.known:
        yield Finding(
            expected="the event is known after the restart", actual=f"it is not: {memory.told}", at=memory.published
        )


RULES = (ends_cleanly, drains_cleanly, loses_nothing)
