"""Rules on the bytes: UTF-8, the grammar of event streams, ids that survive, strict JSON."""

from collections.abc import Iterator

from sse_conform.entries import EndKind
from sse_conform.eventstream import LineEnd
from sse_conform.evidence import (
    NOTIFICATION,
    SECOND,
    SNAPSHOT,
    conversations,
    opened,
    plain_conversations,
    quoted,
    unharmed,
)
from sse_conform.rule import Finding, rule
from sse_conform.spec import Level, plan, practice, rfc, whatwg
from sse_conform.strict_json import NotJson, strict_json
from sse_conform.terms import Terms
from sse_conform.transcript import Event, Stream, Transcript

_GRAMMAR = whatwg("9.2.5 Parsing an event stream", "parsing-an-event-stream")
_MEANING = whatwg("9.2.6 Interpreting an event stream", "event-stream-interpretation")
_BASIC = ("preflight", "idle.stream")
_KNOWN = {"data", "event", "id", "retry"}
_HUNG_UP = {EndKind.CLOSED, EndKind.DIED, EndKind.STOPPED, EndKind.OVERFLOW}
#: What gets stuck to a field name by mistake: spaces, JSON, a byte order mark in front of every frame.
_STRAY = " \t\"'{\ufeff"
#: Ids longer than this make browsers and proxies treat the header as unsafe.
LONGEST_ID = 128


def named_data(transcript: Transcript) -> Iterator[Event]:
    """Every snapshot and notification that was dispatched."""
    return (event for s in opened(transcript) for event in s.events if event.type in {SNAPSHOT, NOTIFICATION})


def frames(transcript: Transcript) -> Iterator[Event]:
    """Every completed frame; that most or all of them have no id line is legal."""
    return (block for s in opened(transcript) for block in s.blocks)


@rule(
    "framing.utf8",
    level=Level.MUST,
    spec=_GRAMMAR,
    over=conversations,
    scenes=_BASIC,
    hint="the platform's default charset, or a character cut by a buffer and replaced",
)
def is_utf8(stream: Stream) -> Iterator[Finding]:
    """
    The body is UTF-8.

    An event stream is always decoded as UTF-8, whatever the header says; other bytes become U+FFFD.
    """
    for offset in stream.decoded.invalid_utf8[:1]:
        octets = stream.body[offset : offset + 4].hex(" ")
        at = next((block for block in stream.blocks if block.frame.start <= offset < block.frame.end), stream)
        count = stream.decoded.invalid_utf8_count
        yield Finding(expected="UTF-8", actual=f"{count} undecodable, the first at byte {offset}: {octets}", at=at)


@rule(
    "framing.field-names",
    level=Level.MUST,
    spec=_GRAMMAR,
    over=conversations,
    scenes=_BASIC,
    hint="field names are case-sensitive and end right before the colon",
)
def names_are_exact(stream: Stream) -> Iterator[Finding]:
    """
    No line looks like a mistyped field: Data:, data :, "data":.

    Unknown fields are legal and ignored, so a mistyped one loses its value without a word.
    """
    for block in stream.blocks:
        for field in block.frame.fields:
            name = field.name
            if name and name not in _KNOWN and name.strip(_STRAY).lower() in _KNOWN:
                yield Finding(expected=f"{name.strip(_STRAY).lower()}:", actual=quoted(field.raw), at=block)


@rule(
    "framing.frames-complete",
    level=Level.MUST,
    spec=_MEANING,
    over=lambda transcript: (stream for stream in unharmed(transcript) if stream.body),
    scenes=_BASIC,
    hint="the blank line after an event is missing or is not flushed with it",
)
def frames_are_complete(stream: Stream, terms: Terms) -> Iterator[Finding]:
    """
    Every frame is completed by a blank line; none is left hanging.

    A client dispatches at the blank line alone: without it an event waits for the next one, or is lost.
    """
    remainder = stream.decoded.remainder
    # What was still on its way when the suite hung up may have been whole a moment later.
    hung_up = stream.end is not None and stream.end.kind in _HUNG_UP
    underway = hung_up and stream.watched_until - stream.pieces[-1].t < terms.latency * SECOND
    if remainder.raw.strip() and not remainder.raw.startswith(b":") and not underway:
        at = stream.blocks[-1] if stream.blocks else stream
        yield Finding(
            expected="a blank line after each event",
            actual=f"{len(remainder.raw)} bytes without one: {quoted(remainder.raw)}",
            at=at,
        )


@rule(
    "framing.one-event-a-frame",
    level=Level.MUST,
    spec=_MEANING,
    over=plain_conversations,
    scenes=_BASIC,
    hint="a single line end between two events, or a name that holds a line end",
)
def frames_hold_one_event(stream: Stream) -> Iterator[Finding]:
    """
    A frame names its event and its id once.

    Two events that run together give one event with joined data; the last name and id win.
    """
    for block in stream.blocks:
        counts = {name: sum(field.name == name for field in block.frame.fields) for name in ("event", "id")}
        for name, count in counts.items():
            if count > 1:
                yield Finding(expected=f"one {name} line in a frame", actual=f"{count}", at=block)


@rule(
    "framing.id-without-nul",
    level=Level.MUST,
    spec=_MEANING,
    over=frames,
    scenes="snapshot.overflow",
    hint="an id is written from raw bytes",
)
def id_has_no_nul(event: Event) -> Iterator[Finding]:
    """
    No id contains NUL.

    A client ignores such an id, and Firefox loses the line after it as well; a resume starts too early.
    """
    if any(field.name == "id" and "\0" in field.value for field in event.frame.fields):
        yield Finding(expected="an id without U+0000", actual="an id with U+0000", at=event)


@rule(
    "framing.portable-ids",
    level=Level.SHOULD,
    spec=practice("measured clients lose or refuse other ids when they reconnect"),
    over=frames,
    scenes="snapshot.overflow",
    hint="ids of printable ASCII, such as numbers, UUIDs or ULIDs, survive everywhere",
)
def ids_are_portable(event: Event) -> Iterator[Finding]:
    """
    Ids are printable ASCII of at most 128 bytes, without spaces at the edges.

    They come back in a request header: spaces at the edges are trimmed there, other characters break some clients.
    """
    value = event.frame.id
    if value and (not (value.isascii() and value.isprintable()) or value != value.strip() or len(value) > LONGEST_ID):
        yield Finding(expected="a short id of printable ASCII", actual=quoted(value), at=event)


@rule(
    "framing.id-with-data",
    level=Level.SHOULD,
    spec=practice("Firefox and WebKit drop an id that comes without data"),
    over=frames,
    scenes="snapshot.overflow",
    hint="the id is written in a frame of its own",
)
def ids_come_with_data(event: Event) -> Iterator[Finding]:
    """
    Every frame that moves the id carries data.

    An id alone moves the cursor by the standard, but two of three engines never send it back.
    """
    if event.data is None and any(field.name == "id" for field in event.frame.fields):
        yield Finding(expected="a data line beside the id", actual=quoted(event.raw), at=event)


@rule(
    "framing.plain-line-ends",
    level=Level.SHOULD,
    spec=practice("LF without a byte order mark is what every measured client reads"),
    over=plain_conversations,
    scenes=_BASIC,
    hint="the library's default separator; set it to LF",
)
def line_ends_are_plain(stream: Stream) -> Iterator[Finding]:
    """
    Lines end with LF, and there is no byte order mark.

    CR and CRLF are legal, but several clients split them wrongly at the edge of a read.
    """
    if stream.decoded.bom:
        yield Finding(expected="no byte order mark", actual="a byte order mark", at=stream.blocks[0])
    for block in stream.blocks:
        ends = {field.line_end for field in block.frame.fields} - {LineEnd.LF}
        if ends:
            yield Finding(expected="LF", actual=", ".join(sorted(ends)).upper(), at=block)
            return


@rule(
    "framing.strict-json",
    level=Level.MUST,
    spec=(plan("Data Format"), rfc(8259, "2")),
    over=named_data,
    scenes=_BASIC,
    hint="text is put into JSON by hand, or NaN is written as a number",
)
def data_is_json(event: Event) -> Iterator[Finding]:
    """
    The data of a snapshot and of a notification is one JSON object.

    JSON.parse in the page throws at NaN, at two values, at a text cut at a line end; a JSON text inside a JSON string
    gives a string where an object is due.
    """
    try:
        value = strict_json(event.data or "")
    except NotJson as trouble:
        yield Finding(expected="one JSON object", actual=f"{trouble}: {quoted(event.data or '')}", at=event)
        return
    if not isinstance(value, dict):
        yield Finding(
            expected="a JSON object", actual=f"a JSON {type(value).__name__}: {quoted(event.data or '')}", at=event
        )


RULES = (
    is_utf8,
    names_are_exact,
    frames_are_complete,
    frames_hold_one_event,
    id_has_no_nul,
    ids_are_portable,
    ids_come_with_data,
    line_ends_are_plain,
    data_is_json,
)
