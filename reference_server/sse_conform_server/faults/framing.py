"""Faults of the encoder: what goes wrong between an event and its bytes."""

import asyncio
import html
import json
import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from starlette.types import Message, Scope, Send

from sse_conform_server.encoder import Event, EventName, to_json
from sse_conform_server.faults.edges import rewriting
from sse_conform_server.faults.fault import Fault, fault
from sse_conform_server.parts import Parts

_ID = re.compile(rb"^id: (.*)$", re.MULTILINE)
_FIELD = re.compile(rb"^(data|event|id|retry):", re.MULTILINE)
# A JSON escape, not the tail of an escaped backslash.
_ESCAPED = {"\r": re.compile(r"(?<!\\)((?:\\\\)*)\\r"), "\n": re.compile(r"(?<!\\)((?:\\\\)*)\\n")}
_LARGE = 8192


def _bytes(change: Callable[[bytes], bytes]) -> Callable[[Parts], Parts]:
    """Change the bytes of every frame, the ping's too."""

    def apply(parts: Parts) -> Parts:
        heartbeat = replace(parts.heartbeat, frame=change(parts.heartbeat.frame))
        return replace(parts, encode=lambda event: change(parts.encode(event)), heartbeat=heartbeat)

    return apply


def _event(change: Callable[[Event], Event], *names: EventName) -> Callable[[Parts], Parts]:
    """Change events of those names ahead of encoding."""

    def apply(parts: Parts) -> Parts:
        return replace(parts, encode=lambda event: parts.encode(change(event) if event.name in names else event))

    return apply


def _id_line(change: Callable[[str], str]) -> Callable[[bytes], bytes]:
    def apply(frame: bytes) -> bytes:
        return _ID.sub(lambda found: f"id: {change(found[1].decode())}".encode(), frame)

    return apply


def _payload(change: Callable[[dict[str, Any]], str]) -> Callable[[Event], Event]:
    return lambda event: replace(event, data=change(json.loads(event.data)))


def _with_nan(payload: dict[str, Any]) -> str:
    return f'{to_json(payload)[:-1]},"score":NaN}}'


def _escaped_message(payload: dict[str, Any]) -> str:
    return to_json(payload | {"message": html.escape(payload["message"])})


def _dated(payload: dict[str, Any]) -> str:
    return to_json(payload | {"id": f"{payload['type']} {payload['created_at'][:19]}"})


def _refused(event: Event) -> Event:
    if len(event.data) > _LARGE:
        raise BufferError("the event does not fit")
    return event


def _truncated(event: Event) -> Event:
    return replace(event, data=event.data[:_LARGE])


def _unsplit(character: str) -> Callable[[Parts], Parts]:
    """Write the data as one line with a line end raw inside, as string building instead of JSON does."""

    def apply(parts: Parts) -> Parts:
        def encode(event: Event) -> bytes:
            raw = _ESCAPED[character].sub(lambda found: found[1] + character, event.data)
            head, _, _ = parts.encode(replace(event, data="")).rpartition(b"data: ")
            return head + f"data: {raw}\n\n".encode()

        return replace(parts, encode=encode)

    return apply


def _splitlines(parts: Parts) -> Parts:
    def encode(event: Event) -> bytes:
        head, _, _ = parts.encode(replace(event, data="")).rpartition(b"data: ")
        return head + "".join(f"data: {line}\n" for line in event.data.splitlines()).encode() + b"\n"

    return replace(parts, encode=encode)


def _torn(parts: Parts) -> Parts:
    pause = parts.settings.latency_budget / 50

    async def rewrite(_: Scope, message: Message, send: Send) -> None:
        body = message.get("body", b"")
        if b"event: notification" in body:
            middle = body.index(b"data:")
            await send({**message, "body": body[:middle]})
            await asyncio.sleep(pause)
            message = {**message, "body": body[middle:]}
        await send(message)

    return rewriting(rewrite)(parts)


_BOTH = (EventName.SNAPSHOT, EventName.NOTIFICATION)

FAULTS: tuple[Fault, ...] = (
    fault(
        "latin1-body",
        "Text is written in the platform's charset (ISO-8859-1) instead of UTF-8, seen on JVM stacks.",
        _bytes(lambda frame: frame.decode().encode("latin-1", "replace")),
        "framing.utf8",
        "framing.text-intact",
    ),
    fault(
        "capitalised-fields",
        "Field names are written like HTTP headers (`Data:`); they are case-sensitive, so decoders ignore them.",
        _bytes(lambda frame: _FIELD.sub(lambda found: found[0].capitalize(), frame)),
        "framing.field-names",
        "snapshot.first",
    ),
    fault(
        "missing-blank-line",
        "Frames are separated by a single line end, so that each event melts into the next.",
        _bytes(lambda frame: frame[:-1]),
        "framing.frames-complete",
    ),
    fault(
        "nul-in-id",
        "Ids end in NUL, from a fixed-size buffer; decoders ignore such ids and resume at the wrong place.",
        _bytes(_id_line(lambda number: f"{number}\0")),
        "framing.id-without-nul",
        "reconnect.replay-exact",
        "reconnect.replay-ids",
    ),
    fault(
        "unicode-id",
        "Ids hold characters beyond ASCII, which browsers send back as Last-Event-ID in different ways.",
        _bytes(_id_line(lambda number: f"№{number}")),
        "framing.portable-ids",
        "reconnect.replay-exact",
    ),
    fault(
        "nan-json",
        "A missing score is serialised as NaN, which Python writes and no browser parses.",
        _event(_payload(_with_nan), EventName.NOTIFICATION),
        "framing.strict-json",
    ),
    fault(
        "double-encoded-json",
        "The payload is serialised twice: data is a JSON string that holds JSON.",
        _event(lambda event: replace(event, data=to_json(event.data)), *_BOTH),
        "framing.strict-json",
    ),
    fault(
        "raw-cr-in-data",
        "A carriage return in user text reaches the wire raw and ends the line: text can forge fields and frames.",
        _unsplit("\r"),
        "framing.no-forgery",
        "framing.strict-json",
    ),
    fault(
        "raw-newline-in-data",
        "A line feed in user text reaches the wire raw and ends the line: text can forge fields and frames.",
        _unsplit("\n"),
        "framing.no-forgery",
        "framing.strict-json",
    ),
    fault(
        "splitlines-data",
        "Data is split with str.splitlines, which also breaks at U+2028, U+0085 and others: the JSON falls apart.",
        _splitlines,
        "framing.strict-json",
    ),
    fault(
        "crlf-line-ends",
        "Lines end in CR LF: legal, but measured clients lose events cut between the two.",
        _bytes(lambda frame: frame.replace(b"\n", b"\r\n")),
        "framing.plain-line-ends",
    ),
    fault(
        "bom-in-every-frame",
        "Each frame begins with a byte order mark; only one at the very start is stripped.",
        _bytes(lambda frame: b"\xef\xbb\xbf" + frame),
        "framing.plain-line-ends",
        "framing.field-names",
        "heartbeat.named-ping",
        "reconnect.replay-exact",
        "reconnect.replay-ids",
    ),
    fault(
        "html-escaped-live",
        "Live text is HTML-escaped while polling is not: `<` becomes `&lt;`.",
        _event(_payload(_escaped_message), EventName.NOTIFICATION),
        "framing.text-intact",
    ),
    fault(
        "truncated-large",
        "Data beyond an 8 KiB buffer is cut off.",
        _event(_truncated, EventName.NOTIFICATION),
        "framing.strict-json",
    ),
    fault(
        "crash-on-large",
        "An event beyond an 8 KiB buffer raises in the handler, and the stream breaks off.",
        _event(_refused, EventName.NOTIFICATION),
        "framing.text-arrives",
        "stream.no-broken-end",
        "delivery.slow-reader",
        perhaps=("stream.stays-open",),
    ),
    fault(
        "id-on-its-own",
        "The id is written in a frame of its own, ahead of the event: Firefox and WebKit drop it there.",
        _bytes(lambda frame: _ID.sub(lambda found: found[0] + b"\n", frame)),
        "framing.id-with-data",
        "reconnect.replay-ids",
        "reconnect.replay-exact",
    ),
    fault(
        "two-names",
        "A library writes its default event name before the one that was asked for.",
        _bytes(lambda frame: frame.replace(b"event:", b"event: message\nevent:", 1)),
        "framing.one-event-a-frame",
    ),
    fault(
        "ids-by-second",
        "Live events are identified by kind and second: of two in one second clients drop the later one.",
        _event(_payload(_dated), EventName.NOTIFICATION),
        "delivery.unique-ids",
        "snapshot.same-id",
        perhaps=("delivery.once",),  # of two that say the same in one second
    ),
    fault(
        "unnamed-event",
        "Live events have the default name, on which no listener for `notification` hears them.",
        _event(lambda event: replace(event, name="message"), EventName.NOTIFICATION),
        "delivery.event-name",
    ),
    fault(
        "torn-frame",
        "An event is written in two pieces with a pause between them.",
        _torn,
        "framing.one-piece",
    ),
)
