"""
A run as it was recorded, and the read-only questions that rules ask of it.

A transcript is a header, entries in order of time, and a footer. Streams, events and scenes are views over the
entries: nothing here changes the record, and everything that rules see can be computed again from a saved file.
"""

import bisect
from collections import defaultdict
from collections.abc import Iterator
from functools import cached_property
from itertools import accumulate, pairwise
from typing import Annotated, Any, TypeVar, cast

import msgspec

from sse_conform import entries as e
from sse_conform.deaths import counted
from sse_conform.eventstream import Decoded, Frame, decode
from sse_conform.markers import markers_in
from sse_conform.stops import softened
from sse_conform.strict_json import NotJson, strict_json
from sse_conform.terms import Terms

#: The version of the record; a reader refuses any other.
FORMAT = 1

T = TypeVar("T", bound=e.Entry)


class TranscriptHeader(msgspec.Struct, frozen=True, kw_only=True, tag_field="entry", tag="header"):
    """
    What the run was: against which target, when, on what terms, with which rules and scenes.

    ``left_out`` are rules that were chosen and that a quick run does not judge.
    """

    suite: str
    target: str
    name: str
    started_at: str
    terms: Terms
    rules: tuple[str, ...]
    scenes: tuple[str, ...]
    limiters: tuple[str, ...] = ()
    outages: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()
    format: Annotated[int, msgspec.Meta(extra_json_schema={"const": FORMAT})] = FORMAT


class TranscriptFooter(msgspec.Struct, frozen=True, kw_only=True, tag_field="entry", tag="footer"):
    """How the run ended; a file without it was cut off."""

    entries: int
    interrupted: bool = False


class Event:
    """One frame of one stream with the instants of its first and last byte."""

    def __init__(self, stream: "Stream", frame: Frame) -> None:
        self.stream = stream
        self.frame = frame
        self.first = stream.arrival(frame.start)
        self.t = stream.arrival(frame.dispatch_end - 1)

    @property
    def type(self) -> str:
        """The type that a browser dispatches."""
        return self.frame.type

    @property
    def data(self) -> str | None:
        """The data lines joined by LF; None without any."""
        return self.frame.data

    @cached_property
    def document(self) -> Any:  # noqa: ANN401 - any JSON value
        """The data as JSON; None where it is none, which a rule of its own judges."""
        try:
            return strict_json(self.frame.data or "")
        except NotJson:
            return None

    @property
    def payload(self) -> dict[str, Any]:
        """The data as a JSON object; empty where it is none."""
        return self.document if isinstance(self.document, dict) else {}

    @property
    def raw(self) -> bytes:
        """The bytes of the frame, its blank line included."""
        return self.stream.body[self.frame.start : self.frame.end]


class Stream:
    """One attempt on the stream route and all that came of it."""

    def __init__(self, attempt: e.Attempted) -> None:
        self.attempt = attempt
        self.connected: e.Connected | None = None
        self.head: e.HeadReceived | None = None
        self.end: e.Ended | None = None
        self.pieces: list[e.BodyReceived] = []

    @property
    def t(self) -> int:
        """When the request went out."""
        return self.attempt.t

    @property
    def answered(self) -> int:
        """When the head came; where none did, when the request went out."""
        return self.head.t if self.head else self.t

    @property
    def conn(self) -> int:
        """The number of the connection in this run."""
        return self.attempt.conn

    @property
    def status(self) -> int:
        """The status of the answer, 0 where none came."""
        return self.head.status if self.head else 0

    @property
    def opened(self) -> bool:
        """Whether the target answered as if it opened a stream."""
        return self.status == 200

    @property
    def admitted(self) -> bool:
        """Whether it was answered, and not with 429: a refusal by the limiter says nothing about anything else."""
        return self.head is not None and self.head.status != 429

    def headers(self, name: str) -> tuple[str, ...]:
        """All values of a response header; ``name`` in lower case."""
        return tuple(value for key, value in self.head.headers if key == name) if self.head else ()

    @property
    def media_type(self) -> str:
        """The essence of the Content-Type, in lower case; empty without one."""
        return ",".join(self.headers("content-type")).split(";")[0].strip().lower()

    @cached_property
    def body(self) -> bytes:
        """All bytes of the body."""
        return b"".join(piece.data for piece in self.pieces)

    @cached_property
    def _ends(self) -> list[int]:
        return list(accumulate(len(piece.data) for piece in self.pieces))

    def arrival(self, offset: int) -> int:
        """When the byte at ``offset`` of the body arrived."""
        return self.pieces[bisect.bisect_right(self._ends, offset)].t

    @cached_property
    def decoded(self) -> Decoded:
        """The body as an event stream, whatever its media type says."""
        return decode(self.body)

    @cached_property
    def blocks(self) -> tuple[Event, ...]:
        """Every completed frame, also those that dispatch nothing."""
        return tuple(Event(self, frame) for frame in self.decoded.frames)

    @cached_property
    def events(self) -> tuple[Event, ...]:
        """The frames that a browser dispatches."""
        return tuple(block for block in self.blocks if block.frame.dispatches)

    @cached_property
    def _by_marker(self) -> dict[str, list[Event]]:
        index: dict[str, list[Event]] = defaultdict(list)
        for event in self.events:
            for marker in set(markers_in(event.data or "")):
                index[marker].append(event)
        return index

    @cached_property
    def _by_id(self) -> dict[str, list[Event]]:
        index: dict[str, list[Event]] = defaultdict(list)
        for event in self.events:
            if "id" in event.payload:
                index[str(event.payload["id"])].append(event)
        return index

    def mentions(self, published: e.Published) -> tuple[Event, ...]:
        """The events that speak of what was published: by our marker, else by its id."""
        if published.marker:
            return tuple(self._by_marker.get(published.marker, ()))
        return tuple(self._by_id.get(published.event_id, ())) if published.event_id else ()

    @property
    def closed_by_suite(self) -> bool:
        """Whether we ended it, because we had seen enough or waited in vain."""
        return self.end is not None and self.end.kind is e.EndKind.CLOSED

    @property
    def cut_short(self) -> bool:
        """Whether its end says nothing of how the target ends streams: we closed it, or the process was gone."""
        return self.end is not None and self.end.kind in {e.EndKind.CLOSED, e.EndKind.DIED, e.EndKind.STOPPED}

    @property
    def watched_until(self) -> int:
        """The last instant up to which silence on this stream means something."""
        return self.end.t if self.end else max((piece.t for piece in self.pieces), default=self.t)

    def silences(self, since: int, until: int) -> Iterator[tuple[int, int]]:
        """The stretches without a byte between two instants."""
        stamps = [piece.t for piece in self.pieces if since < piece.t < until]
        return pairwise([since, *stamps, until])


class Transcript:
    """A whole run, ready to be judged, live or from a file."""

    def __init__(
        self,
        header: TranscriptHeader,
        recorded: tuple[e.AnyEntry, ...],
        footer: TranscriptFooter,
    ) -> None:
        self.header = header
        self.entries = recorded
        self.footer = footer

    @property
    def terms(self) -> Terms:
        """What the run is judged by."""
        return self.header.terms

    @cached_property
    def counted(self) -> tuple[e.AnyEntry, ...]:
        """The entries on which verdicts rest: all of them, unless the target died, or was stopped."""
        return softened(counted(self.entries))

    def of(self, kind: type[T]) -> tuple[T, ...]:
        """All entries of one kind that count, in order."""
        return tuple(cast("T", entry) for entry in self.counted if isinstance(entry, kind))

    def every(self, kind: type[T]) -> tuple[T, ...]:
        """All entries of one kind, whether they count or not."""
        return tuple(cast("T", entry) for entry in self.entries if isinstance(entry, kind))

    @cached_property
    def streams(self) -> tuple[Stream, ...]:
        """Every attempt on the stream route that counts, in order."""
        streams: dict[int, Stream] = {}
        for entry in self.counted:
            match entry:
                case e.Attempted():
                    streams[entry.conn] = Stream(entry)
                case e.Connected():
                    streams[entry.conn].connected = entry
                case e.HeadReceived():
                    streams[entry.conn].head = entry
                case e.BodyReceived():
                    streams[entry.conn].pieces.append(entry)
                case e.Ended():
                    streams[entry.conn].end = entry
                case _:
                    continue
        return tuple(streams.values())

    @cached_property
    def publishes(self) -> tuple[e.Published, ...]:
        """Every event that was asked for."""
        return self.of(e.Published)

    @cached_property
    def exchanges(self) -> tuple[e.Exchanged, ...]:
        """Every REST exchange."""
        return self.of(e.Exchanged)

    @cached_property
    def outcomes(self) -> dict[str, e.SceneEnded]:
        """How each scene ended, the last showing where it was run twice."""
        return {ended.scene: ended for ended in self.of(e.SceneEnded)}

    @cached_property
    def disturbances(self) -> tuple[e.Disturbed, ...]:
        """The intervals in which timings prove nothing."""
        return self.of(e.Disturbed)

    def undisturbed(self, since: int, until: int, conn: int = 0, *, excess: int = 0) -> bool:
        """
        Whether neither the suite's own lag nor anything done to ``conn`` touched the stretch.

        A stretch that is too long by ``excess`` (ns) is not explained by less lag than that.
        """
        touching = [d for d in self.disturbances if d.t < until and since < d.until and d.conn in {0, conn}]
        if any(d.kind is not e.Disturbance.LAG for d in touching):
            return False
        lagged = sum(min(d.until, until) - max(d.t, since) for d in touching)
        return not touching or lagged < excess

    def streams_in(self, scene: str, *parts: str) -> tuple[Stream, ...]:
        """The attempts of one scene, or of some of its parts; of those that the limiter delayed only the last."""
        scenes = [stream for stream in self.streams if stream.attempt.scene == scene]
        repeated = {stream.attempt.repeats for stream in scenes}
        return tuple(s for s in scenes if s.conn not in repeated and (not parts or s.attempt.part in parts))
