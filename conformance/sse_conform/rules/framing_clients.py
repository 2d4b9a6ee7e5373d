"""Rules on the bytes as clients meet them: through a widely used decoder, and piece by piece."""

from collections.abc import Iterator
from itertools import pairwise

from sse_conform.evidence import conversations, quoted
from sse_conform.rule import Finding, rule
from sse_conform.second_decoder import Reading, RefusedError, read
from sse_conform.spec import Level, practice, whatwg
from sse_conform.transcript import Stream, Transcript

_BASIC = ("preflight", "idle.stream")
#: No buffer of a server or a proxy is smaller: a shorter chunk that begins with an event was written as it is.
SMALLEST_BUFFER = 1024


def decodable(transcript: Transcript) -> Iterator[Stream]:
    """Conversations in UTF-8: of other bytes every decoder makes something else, and a rule of its own says so."""
    return (stream for stream in conversations(transcript) if not stream.decoded.invalid_utf8)


@rule(
    "framing.second-decoder",
    level=Level.MUST,
    spec=(
        whatwg("9.2.6 Interpreting an event stream", "event-stream-interpretation"),
        practice("httpx-sse", "https://github.com/florimondmanca/httpx-sse"),
    ),
    over=decodable,
    scenes=_BASIC,
    hint="the media type or its charset says something else than the bytes",
)
def other_client_agrees(stream: Stream) -> Iterator[Finding]:
    """
    A widely used decoder, httpx-sse, dispatches the events that the bytes spell.

    Clients outside the browser look at media type and charset first, and a service has such clients too.
    """
    ours = [
        (block, Reading(block.type, block.data, block.frame.last_event_id)) for block in stream.blocks if block.data
    ]
    try:
        theirs = read(stream.body, ",".join(stream.headers("content-type")))
    except RefusedError as refusal:
        yield Finding(expected=f"{len(ours)} events", actual=f"refused: {refusal}", at=stream)
        return
    for (block, spelt), heard in zip(ours, theirs, strict=False):
        if heard != spelt:
            yield Finding(expected=_shown(spelt), actual=_shown(heard), at=block)
            return
    if len(ours) != len(theirs):
        yield Finding(expected=f"{len(ours)} events", actual=f"{len(theirs)}", at=stream)


def _shown(reading: Reading) -> str:
    return f"{reading.type}, id {reading.last_event_id!r}: {quoted(reading.data)}"


def in_chunks(transcript: Transcript) -> Iterator[Stream]:
    """Conversations in chunks, and not compressed: the borders are those that the server or a proxy made."""
    for stream in conversations(transcript):
        coded = {value.strip().lower() for value in stream.headers("content-encoding")} - {"identity"}
        if not coded and any(piece.ends_chunk for piece in stream.pieces):
            yield stream


@rule(
    "framing.one-piece",
    level=Level.SHOULD,
    spec=practice("measured clients glue the half of an event that a reset left to the next one, or lose both"),
    over=in_chunks,
    scenes=_BASIC,
    hint="each field is written on its own; build the frame first, then write and flush it once",
)
def events_come_whole(stream: Stream) -> Iterator[Finding]:
    """
    Each event is written in one piece.

    What is written in several pieces can be torn: by a reset in between, by a second writer, by a buffer that keeps the
    tail. Seen where the body comes in chunks of HTTP/1.1, whose borders the network does not move. A proxy that reads
    what has come cuts within large events too, but not at their beginning.
    """
    short = {start: end for start, end in pairwise([0, *_chunk_ends(stream)]) if end - start < SMALLEST_BUFFER}
    for block in stream.blocks:
        first = block.frame.start
        end = short.get(first, first)
        if first < end < block.frame.dispatch_end:
            torn = stream.body[first:end][-40:]
            yield Finding(expected="one chunk", actual=f"a chunk ends after {torn!r}", at=block)
            return


def _chunk_ends(stream: Stream) -> Iterator[int]:
    offset = 0
    for piece in stream.pieces:
        offset += len(piece.data)
        if piece.ends_chunk:
            yield offset


RULES = (other_client_agrees, events_come_whole)
