"""What rules look at: joins and selections over a transcript, and strict readings of what a target sent. All pure."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from sse_conform import entries as e
from sse_conform.eventstream import Frame
from sse_conform.json_pointer import resolve
from sse_conform.markers import markers_in
from sse_conform.strict_json import NotJson, strict_json, texts
from sse_conform.terms import Terms
from sse_conform.transcript import Event, Stream, Transcript

SECOND = 1_000_000_000
#: As many characters of a value are shown in a finding.
QUOTED = 80

SNAPSHOT, NOTIFICATION, PING = "snapshot", "notification", "ping"
#: The scene in which users write text that looks like frames.
HOSTILE = "framing.hostile-text"
_ORDERLY = {
    e.EndKind.CLOSED,
    e.EndKind.DIED,
    e.EndKind.STOPPED,
    e.EndKind.OVERFLOW,
    e.EndKind.COMPLETE,
    e.EndKind.CLOSE_DELIMITED,
}


def items(snapshot: Event) -> list[dict[str, Any]]:
    """The items of a snapshot that are objects."""
    return objects(snapshot.payload)


def polled(poll: e.Exchanged, terms: Terms) -> list[dict[str, Any]]:
    """The items of a poll that are objects."""
    return objects(page(poll, terms))


def objects(document: Any) -> list[dict[str, Any]]:  # noqa: ANN401 - any JSON value
    """The items of a page that are objects."""
    listed = document.get("items") if isinstance(document, dict) else None
    return [item for item in listed if isinstance(item, dict)] if isinstance(listed, list) else []


def recognises(published: e.Published, frame: Frame) -> bool:
    """Whether this frame is the event that was published: by our marker, else by its id."""
    return tells_of(published, frame.data or "")


def tells_of(published: e.Published, data: str) -> bool:
    """Whether these are the data of the event that was published, or a text that quotes our marker."""
    if published.marker:
        return published.marker in data
    # A quick look before reading the JSON, which may spell the id with escapes.
    if not published.event_id or ("\\" not in data and published.event_id not in data):
        return False
    try:
        value = strict_json(data)
    except NotJson:
        return False
    return isinstance(value, dict) and str(value.get("id")) == published.event_id


def names(published: e.Published, item: dict[str, Any]) -> bool:
    """Whether this item of a snapshot or of a poll is the event that was published."""
    if published.marker:
        return any(published.marker in text for text in texts(item))
    return str(item.get("id")) == published.event_id


class Known:
    """Publishes by what they are known again by: for whoever looks for many of them in many places."""

    def __init__(self, published: Iterable[e.Published]) -> None:
        self._marked: dict[str, e.Published] = {}
        self._others: list[e.Published] = []
        for each in published:
            if each.marker:
                self._marked[each.marker] = each
            else:
                self._others.append(each)

    def told(self, frame: Frame) -> list[e.Published]:
        """Those that this frame is, as :func:`recognises` has it, in order."""
        data = frame.data or ""
        found = [self._marked.get(marker) for marker in markers_in(data)]
        found += [p for p in self._others if tells_of(p, data)]
        return _in_order(found)

    def named(self, item: dict[str, Any]) -> list[e.Published]:
        """Those that this item of a snapshot or of a poll is, as :func:`names` has it, in order."""
        found = [self._marked.get(marker) for text in texts(item) for marker in markers_in(text)]
        found += [p for p in self._others if names(p, item)]
        return _in_order(found)


def _in_order(found: Iterable[e.Published | None]) -> list[e.Published]:
    return sorted({p.number: p for p in found if p}.values(), key=lambda p: p.number)


def lists(snapshot: Event, published: e.Published) -> bool:
    """Whether a snapshot lists what was published."""
    if published.marker and published.marker not in (snapshot.data or ""):
        return False
    return any(names(published, item) for item in items(snapshot))


def page(poll: e.Exchanged, terms: Terms) -> Any:  # noqa: ANN401 - any JSON value
    """What a poll gave, taken out of what it may be wrapped in; None where there is none."""
    try:
        return resolve(strict_json(poll.body.decode("utf-8")), terms.polling_page)
    except (NotJson, UnicodeDecodeError, LookupError):
        return None


def oldest_listed(snapshot: Event, published: Iterable[e.Published], terms: Terms) -> int | None:
    """When the oldest of these publishes that a full snapshot lists was sent; None where the list has room left."""
    listed = items(snapshot)
    if len(listed) < terms.snapshot_items:
        return None
    return min((p.t for p in published if any(names(p, item) for item in listed)), default=0)


#: Content codings that browsers ask for and the suite does not undo.
SEALED = frozenset({"br", "zstd"})
#: Attempts with a valid token that a service may refuse, or must: by scene and part.
_CONTESTED = {
    ("auth.override", "path"),
    ("auth.override", "both"),
    ("auth.logout", "after"),
    ("auth.logout", "before-too"),
    ("auth.refusals", "crosswise-control"),
    ("rate_limit.burst", "crosswise-control"),
}
#: The part of a page of the target from its logout on: what it asks for then may be granted or not.
AFTER_LOGOUT = "after-logout"


def opened(transcript: Transcript) -> Iterator[Stream]:
    """Every GET with a valid token that the target answered with 200, and whose body can be read."""
    return (stream for stream in admitted(transcript) if stream.opened and not sealed(stream))


def sealed(stream: Stream) -> bool:
    """Whether the body is in a coding that was asked for as browsers do, and that the suite does not undo."""
    coding = ",".join(stream.headers("content-encoding")).strip().lower()
    return coding in SEALED and any(
        name == "accept-encoding" and coding in value for name, value in stream.attempt.headers
    )


def unharmed(transcript: Transcript) -> Iterator[Stream]:
    """The opened streams that we neither stalled nor cut: a slow reader may be closed in the middle of an event."""
    harmed = {disturbed.conn for disturbed in transcript.disturbances if disturbed.conn}
    return (stream for stream in opened(transcript) if stream.conn not in harmed)


def admitted(transcript: Transcript) -> Iterator[Stream]:
    """Every GET with a valid token that was answered, refusals by the limiter left out."""
    return (
        stream
        for stream in transcript.streams
        if stream.attempt.token.valid and stream.attempt.method == "GET" and stream.admitted
        if (stream.attempt.scene, stream.attempt.part) not in _CONTESTED and stream.attempt.part != AFTER_LOGOUT
    )


def quoted(value: Any) -> str:  # noqa: ANN401 - any JSON value, or bytes
    """How a value begins, as a finding shows it."""
    return repr(value[:QUOTED]) if isinstance(value, str | bytes) else repr(value)[:QUOTED]


def refuses(status: int) -> bool:
    """Whether a status says that the request is at fault: 4xx."""
    return 400 <= status < 500


def has_taken_resigned(transcript: Transcript) -> bool:
    """Whether a stream was opened with a genuine token that was signed anew with the profile's key."""
    return any(stream.opened for stream in transcript.streams if stream.attempt.token is e.TokenKind.RESIGNED)


def greets(transcript: Transcript) -> bool:
    """Whether an ordinary stream gets its snapshot: only then does the lack of one elsewhere mean anything."""
    return any(first_snapshot(stream) for stream in transcript.streams_in("preflight", "control"))


def conversations(transcript: Transcript) -> Iterator[Stream]:
    """Opened streams on which at least one frame was completed."""
    return (stream for stream in opened(transcript) if stream.blocks)


def plain_conversations(transcript: Transcript) -> Iterator[Stream]:
    """Conversations without hostile text: what such text forges is for its own rules."""
    return (stream for stream in conversations(transcript) if stream.attempt.scene != HOSTILE)


def events(transcript: Transcript, name: str) -> Iterator[Event]:
    """Every dispatched event of one type on the opened streams."""
    return (event for stream in opened(transcript) for event in stream.events if event.type == name)


def pings(transcript: Transcript) -> Iterator[Event]:
    """Every frame that names itself ping, dispatched or not."""
    return (block for stream in opened(transcript) for block in stream.blocks if block.frame.event == PING)


def notifications(transcript: Transcript) -> Iterator[Event]:
    """Every dispatched notification."""
    return events(transcript, NOTIFICATION)


def snapshots(transcript: Transcript) -> Iterator[Event]:
    """Every dispatched snapshot."""
    return events(transcript, SNAPSHOT)


def is_list(snapshot: Event) -> bool:
    """Whether a snapshot has a list of items at all; where it has none, the rules on its shape say so."""
    return isinstance(snapshot.payload.get("items"), list)


def first_snapshot(stream: Stream) -> Event | None:
    """The first snapshot of a stream, None without any."""
    return next((event for event in stream.events if event.type == SNAPSHOT), None)


@dataclass(frozen=True, kw_only=True, slots=True)
class Delivery:
    """One accepted publish, one stream of a user whom it concerns, and the events on it that are this publish."""

    published: e.Published
    stream: Stream
    copies: tuple[Event, ...]


def deliveries(transcript: Transcript, *scenes: str) -> Iterator[Delivery]:
    """
    Who should have heard what: accepted publishes x streams of the same scene that were open before and long enough.

    A stream counts as open from its snapshot until its end, and must have been watched until the latency budget after
    the acknowledgement was over, unless the event came before. One that either side closed in good order before that
    owes nothing; that the target may not close it so soon is for ``stream.stays-open``.
    """
    budget = round(transcript.terms.latency * SECOND)
    for published in transcript.publishes:
        if not published.accepted or not published.valid or (scenes and published.scene not in scenes):
            continue
        for stream in transcript.streams_in(published.scene):
            if not stream.opened or not (published.everyone or stream.attempt.user == published.to):
                continue
            snapshot = first_snapshot(stream)
            if snapshot is None or snapshot.t > published.t or (stream.end and stream.end.t < published.t):
                continue
            copies = tuple(event for event in stream.mentions(published) if event.type != SNAPSHOT)
            in_order = stream.end is not None and stream.end.kind in _ORDERLY
            cut_short = in_order and stream.watched_until < published.acked + budget
            if copies or not cut_short:
                yield Delivery(published=published, stream=stream, copies=copies)
