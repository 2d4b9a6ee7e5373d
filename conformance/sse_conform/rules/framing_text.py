"""Rules on text that users wrote: it never becomes a frame, and it arrives as it was."""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from typing import Any

from sse_conform import entries as e
from sse_conform.evidence import HOSTILE, SNAPSHOT, Delivery, deliveries, items, names, opened, polled, quoted
from sse_conform.rule import Finding, rule
from sse_conform.spec import Capability, Level, plan, whatwg
from sse_conform.transcript import Event, Transcript

_GRAMMAR = whatwg("9.2.5 Parsing an event stream", "parsing-an-event-stream")
_NEEDS = frozenset({Capability.TRIGGERS, Capability.MARKERS})
#: The name that hostile texts try to give to a frame of their own.
FORGED = "forged"
_HALF_A_PAIR = re.compile("[\ud800-\udfff]")


def hostile_frames(transcript: Transcript) -> Iterator[Event]:
    """Every frame on streams of a run in which hostile text was accepted."""
    if any(p.scene == HOSTILE and p.accepted and not p.planted for p in transcript.publishes):
        yield from (block for stream in opened(transcript) for block in stream.blocks)


@rule(
    "framing.no-forgery",
    level=Level.MUST,
    spec=(_GRAMMAR, plan("Security")),
    over=hostile_frames,
    scenes=HOSTILE,
    needs=_NEEDS,
    hint="user text reaches the wire without JSON escapes, or only LF is treated as a line end",
)
def text_forges_nothing(event: Event) -> Iterator[Finding]:
    """
    User text never forges a field or a frame.

    A line end that passes raw lets any user write events, ids and retry times into other users' streams.
    """
    forged = [
        field
        for field in event.frame.fields
        if (field.name in {"event", "id", "data"} and field.value.strip() == FORGED)
        or (field.name == "retry" and field.value.strip() == "1")
    ]
    if forged:
        yield Finding(expected="text that stays text", actual=f"a line of its own: {quoted(forged[0].raw)}", at=event)


@dataclass(frozen=True, kw_only=True, slots=True)
class Reading:
    """A hostile text as it was sent, as it came live or in a snapshot, and as it is read back (None where unknown)."""

    published: e.Published
    event: Event
    message: str
    read_back: str | None


def readings(transcript: Transcript) -> Iterator[Reading]:
    """
    Every hostile text that was accepted and came with a message: live, and in the snapshot or replay after it.

    It is read back by polling; what these say is compared with what came live where there is none.
    """
    stored = _polled(transcript)
    live: dict[int, str] = {}
    for delivery in hostile_deliveries(transcript):
        message = delivery.copies[0].payload.get("message") if delivery.copies else None
        if isinstance(message, str):
            live[delivery.published.number] = message
            read_back = _message_of(delivery.published, stored)
            yield Reading(published=delivery.published, event=delivery.copies[0], message=message, read_back=read_back)
    again = [event for stream in transcript.streams_in(HOSTILE, "read-back") for event in stream.events]
    for event, published in product(again, _hostile(transcript)):
        message = _message_of(published, items(event) if event.type == SNAPSHOT else [event.payload])
        read_back = _message_of(published, stored) or live.get(published.number)
        if message is not None and read_back is not None:
            yield Reading(published=published, event=event, message=message, read_back=read_back)


def _hostile(transcript: Transcript) -> Iterator[e.Published]:
    return (p for p in transcript.publishes if p.scene == HOSTILE and p.accepted and not p.planted)


def _message_of(published: e.Published, listed: list[dict[str, Any]]) -> str | None:
    message = next((item.get("message") for item in listed if names(published, item)), None)
    return message if isinstance(message, str) else None


def _polled(transcript: Transcript) -> list[dict[str, Any]]:
    """The items that polling gave back in the hostile scene."""
    found: list[dict[str, Any]] = []
    for exchange in transcript.exchanges:
        if exchange.scene == HOSTILE and exchange.part == "read-back" and exchange.status == 200:
            found += polled(exchange, transcript.terms)
    return found


def _speakable(text: str) -> str:
    """The text without what a service may legally drop when it takes text in: what is no visible character."""
    kept = "".join(c for c in text if unicodedata.category(c) not in {"Cc", "Cf", "Cn", "Cs", "Zl", "Zp"})
    return " ".join(unicodedata.normalize("NFC", kept).split())


def _says(message: str, sent: str) -> bool:
    """Whether a message has the text; what becomes of half a surrogate pair is open (RFC 8259, 8.2: unpredictable)."""
    rest = _speakable(message)
    for part in filter(None, map(_speakable, _HALF_A_PAIR.split(sent))):
        _, found, rest = rest.partition(part)
        if not found:
            return False
    return True


@rule(
    "framing.text-intact",
    level=Level.MUST,
    spec=(_GRAMMAR, plan("Data Format")),
    over=readings,
    scenes=HOSTILE,
    needs=_NEEDS,
    hint="a wrong charset, a cut at a line end, or an escape applied twice on one path",
)
def text_is_intact(reading: Reading) -> Iterator[Finding]:
    """
    The text that is delivered equals what REST reads back; without REST, what was sent.

    A service may refuse odd text, or clean it when it takes it in; it may not show different texts on two paths.
    Without a read-back, invisible characters, Unicode normalisation, runs of spaces and whatever half a surrogate pair
    became are left out of the comparison.
    """
    if reading.read_back is not None:
        same, wanted = reading.message == reading.read_back, reading.read_back
    else:
        wanted = reading.published.text
        same = _says(reading.message, wanted)
    if not same:
        yield Finding(
            expected=f"{reading.published.part}: {quoted(wanted)}",
            actual=quoted(reading.message),
            at=reading.event,
        )


def hostile_deliveries(transcript: Transcript) -> Iterator[Delivery]:
    """Who should have got the hostile texts that were accepted."""
    return (d for d in deliveries(transcript, HOSTILE) if d.published.part != "barrier" and not d.published.planted)


@rule(
    "framing.text-arrives",
    level=Level.MUST,
    spec=(_GRAMMAR, plan("Goals")),
    over=hostile_deliveries,
    scenes=HOSTILE,
    needs=_NEEDS,
    hint="the encoder fails on this text, or an event is larger than a buffer",
)
def text_arrives(delivery: Delivery) -> Iterator[Finding]:
    """
    Text that the service accepted arrives, whatever is in it.

    A lone surrogate stops an encoder, a long text a fixed buffer; both lose the event, some the stream.
    """
    if not delivery.copies:
        published = delivery.published
        yield Finding(expected=f"the text {published.part}", actual="it never came", at=published)


RULES = (text_forges_nothing, text_is_intact, text_arrives)
