"""Oddities of the encoder: other bytes for the same events."""

import json
import re
from collections.abc import Callable
from dataclasses import replace

import msgspec

from sse_conform_server.encoder import Event, EventName
from sse_conform_server.faults.edges import prefixed
from sse_conform_server.oddities.chance import uniform
from sse_conform_server.oddities.oddity import Oddity, oddity
from sse_conform_server.oddities.traps import Trap
from sse_conform_server.parts import Parts

_PLAIN = ("framing.plain-line-ends",)
_FIELD = re.compile(rb"^(data|event|id|retry): ", re.MULTILINE)
_ENDS = (b"\r\n", b"\n", b"\r")
_ORDER = (b"data", b"event", b"id", b"retry")
_PADDING = 2048
_JITTER = 0.4


def frames(change: Callable[[bytes], bytes]) -> Callable[[Parts], Parts]:
    """Change the bytes of every frame, the ping's too."""

    def apply(parts: Parts) -> Parts:
        heartbeat = replace(parts.heartbeat, frame=change(parts.heartbeat.frame))
        return replace(parts, encode=lambda event: change(parts.encode(event)), heartbeat=heartbeat)

    return apply


def _events(change: Callable[[Event], Event]) -> Callable[[Parts], Parts]:
    return lambda parts: replace(parts, encode=lambda event: parts.encode(change(event)))


def _lines(frame: bytes) -> list[bytes]:
    return frame.removesuffix(b"\n\n").split(b"\n")


def _mixed(frame: bytes) -> bytes:
    ends = [_ENDS[number % len(_ENDS)] for number, _ in enumerate(_lines(frame))]
    # LF after CR would be one line end, not two.
    blank = b"\r" if ends[-1] == b"\r" else b"\n"
    return b"".join(line + end for line, end in zip(_lines(frame), ends, strict=True)) + blank


def _reordered(frame: bytes) -> bytes:
    lines = sorted(_lines(frame), key=lambda line: _ORDER.index(line.partition(b":")[0]))
    return b"\n".join(lines) + b"\n\n"


def _commented(frame: bytes) -> bytes:
    return b":\n: about to tell: data: something\n\n" + b"\n:\n".join(_lines(frame)) + b"\n:\n\n"


def _retry_alone(parts: Parts) -> Parts:
    def encode(event: Event) -> bytes:
        alone = b"" if event.retry is None else b"retry: %d\n\n" % event.retry
        return alone + parts.encode(replace(event, retry=None))

    return replace(parts, encode=encode)


def _retry_everywhere(parts: Parts) -> Parts:
    def delay() -> int:
        return round(parts.settings.retry * uniform(1, 1 + _JITTER))

    def encode(event: Event) -> bytes:
        frame = parts.encode(replace(event, retry=None))
        return b"retry: %d\n" % delay() + frame.removesuffix(b"\n") + b"retry:%d\n\n" % delay()

    return replace(parts, encode=encode)


def _announced(event: Event) -> bytes:
    """The count of what is new, as an event of its own beside the notification."""
    return b'event: unread\ndata: {"new":1}\n\n' if event.name == EventName.NOTIFICATION else b""


def _with_counts(parts: Parts) -> Parts:
    return replace(parts, encode=lambda event: parts.encode(event) + _announced(event))


def _ascii(event: Event) -> Event:
    return replace(event, data=json.dumps(json.loads(event.data), sort_keys=True).replace("/", "\\/"))


def _pretty(event: Event) -> Event:
    return replace(event, data=msgspec.json.format(event.data, indent=2))


ODDITIES: tuple[Oddity, ...] = (
    oddity(
        "crlf-ends",
        Trap.LINE_ENDS,
        "Lines end with CR LF, as a widely used library writes them.",
        frames(lambda frame: frame.replace(b"\n", b"\r\n")),
        warns=_PLAIN,
    ),
    oddity(
        "cr-ends",
        Trap.LINE_ENDS,
        "Lines end with CR alone.",
        frames(lambda frame: frame.replace(b"\n", b"\r")),
        warns=_PLAIN,
    ),
    oddity("mixed-ends", Trap.LINE_ENDS, "Lines end with CR LF, LF and CR in turn.", frames(_mixed), warns=_PLAIN),
    oddity(
        "no-space",
        Trap.SPACE_AFTER_COLON,
        "No space follows a colon.",
        frames(lambda frame: _FIELD.sub(rb"\1:", frame)),
    ),
    oddity(
        "padding-preamble",
        Trap.COMMENTS,
        "A stream begins with a greeting and 2 KiB of padding in comments, for old polyfills.",
        prefixed(b": connected\n\n:" + b" " * _PADDING + b"\n\n"),
    ),
    oddity(
        "comments-everywhere",
        Trap.COMMENTS,
        "Comments stand before every frame and between its lines, empty ones too.",
        frames(_commented),
    ),
    oddity("fields-reordered", Trap.FIELD_ORDER, "Data comes first, then event, id and retry.", frames(_reordered)),
    oddity(
        "unknown-fields",
        Trap.FIELD_ORDER,
        "Every frame has fields that no standard names, with and without a colon.",
        frames(lambda frame: b"trace: 4711\nsigned\n" + frame),
    ),
    oddity(
        "leading-bom",
        Trap.EMPTY_FRAMES,
        "A byte order mark leads the stream.",
        prefixed(b"\xef\xbb\xbf"),
        warns=_PLAIN,
    ),
    oddity(
        "frames-without-data",
        Trap.EMPTY_FRAMES,
        "Frames without data and blank lines stand between the events.",
        frames(lambda frame: b"\n\nevent: hello\n\n" + frame + b"\n\n"),
    ),
    oddity(
        "primed-id",
        Trap.EMPTY_FRAMES,
        "A frame with nothing but an id primes the stream.",
        prefixed(b"id: 0\n\n"),
        warns=("framing.id-with-data",),
    ),
    oddity(
        "pretty-json",
        Trap.DATA_LINES,
        "JSON is indented and spread over many data lines.",
        _events(_pretty),
    ),
    oddity("retry-alone", Trap.RETRY, "Retry stands in a frame of its own.", _retry_alone),
    oddity(
        "retry-everywhere",
        Trap.RETRY,
        "Every event has two retry lines, each with another jitter.",
        _retry_everywhere,
    ),
    oddity(
        "count-events",
        Trap.BATCHES,
        "An event of another name with the count of what is new follows each notification in the same write.",
        _with_counts,
    ),
    oddity(
        "escaped-json",
        Trap.EXTRA_KEYS,
        "JSON escapes all that is not ASCII and every slash, and sorts its keys.",
        _events(_ascii),
    ),
)
