"""An incremental decoder of `text/event-stream` that loses nothing (WHATWG HTML 9.2.5 and 9.2.6).

A client keeps only what it dispatches; a judge needs the rest as well: comments, unknown fields, line ends, the byte
order mark, bytes that are no UTF-8, and where in the body each of them stood. This module does no input or output and
reads no clock: bytes go in, records come out. All offsets count bytes of the body from 0, a byte order mark included.
"""

import re
from enum import StrEnum
from functools import cached_property

import msgspec

INVALID_OFFSETS_KEPT = 100  # beyond them undecodable bytes are only counted
LONGEST_RETRY = 2**63 - 1  # milliseconds; longer values count as this one, the largest that 64-bit readers can hold

_BOM = b"\xef\xbb\xbf"
# A line end followed by a line end: every pair of bytes save CR LF, which is one end.
_BLANK_LINE = re.compile(rb"\n[\r\n]|\r\r")


class LineEnd(StrEnum):
    """What ended a line (WHATWG HTML 9.2.5): all three are legal, mixed ones too."""

    LF = "LF"
    CRLF = "CRLF"
    CR = "CR"


_LINE_ENDS = {b"\n": LineEnd.LF, b"\r\n": LineEnd.CRLF, b"\r": LineEnd.CR}
_BLANK_LINES = _LINE_ENDS | {b"": LineEnd.LF}  # nothing is what a split at LF leaves of a blank line


class Field(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One line that is not blank, as it was sent.

    `name` is what precedes the first colon, neither trimmed nor folded, so that `Data` and `data ` stay visible; the
    empty name marks a comment. `value` is what follows it less one leading space; empty for a line without a colon.
    `raw` is `body[start:end]`, the line without its end.
    """

    name: str
    value: str
    start: int
    end: int
    raw: bytes
    line_end: LineEnd

    @property
    def is_comment(self) -> bool:
        """Whether the line starts with a colon."""
        return not self.name

    @property
    def has_colon(self) -> bool:
        """Whether the line holds a colon at all: `data` alone is a field with an empty value."""
        return b":" in self.raw


class Frame(msgspec.Struct, frozen=True, kw_only=True, dict=True):
    """Lines up to and including the blank line that completes them, and what they mean.

    `lines` are the bytes of those lines, each with its end, less the blank one; `fields` reads them on demand.
    `event`, `id` and `retry` (milliseconds) are those of the last such field, None without one; an id holding NUL and a
    retry that is not all ASCII digits (an empty one too) are ignored. `data` joins the data fields by LF, None without
    one. `last_event_id` is the stream's last event ID buffer once this frame is processed.

    A CR ends the blank line at once, before anybody can know whether LF follows. If the LF is fed in a later chunk it
    belongs to no frame: `end` stops before it and `blank_end` is CR. `dispatch_end` does not depend on the chunks.
    """

    start: int
    end: int
    lines: bytes
    blank_end: LineEnd
    event: str | None
    data: str | None
    id: str | None
    retry: int | None
    last_event_id: str

    @cached_property
    def fields(self) -> tuple[Field, ...]:
        """Every line of the frame, comments and unknown fields included; at least one."""
        return _fields(self.lines, self.start)

    @property
    def dispatches(self) -> bool:
        """Whether a browser dispatches an event: it has a data field, though perhaps an empty one."""
        return self.data is not None

    @property
    def type(self) -> str:
        """The event type that a browser dispatches; an absent or empty `event` means `message`."""
        return self.event or "message"

    @property
    def comments(self) -> tuple[str, ...]:
        """The text of each comment line, in order."""
        return tuple(field.value for field in self.fields if field.is_comment)

    @property
    def dispatch_end(self) -> int:
        """The offset after the byte that completes the frame: who has received so much must dispatch it."""
        return self.end - 1 if self.blank_end is LineEnd.CRLF else self.end

    def raw(self, body: bytes) -> bytes:
        """The frame's own bytes within the whole `body`."""
        return body[self.start : self.end]


class Remainder(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What no blank line completed when the stream ended; clients discard it.

    `raw` is `body[start:]`: the lines in `fields`, then `partial_line`, undecoded since it may stop inside a character.
    """

    start: int
    raw: bytes
    fields: tuple[Field, ...]
    partial_line: bytes


class Decoded(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """All that a complete body holds; the fields are those of `Decoder`."""

    frames: tuple[Frame, ...]
    remainder: Remainder
    bom: bool
    extra_blank_lines: int
    invalid_utf8: tuple[int, ...]
    invalid_utf8_count: int


class Decoder:
    """Decodes one response body, fed in chunks of any size.

    How the body is cut changes nothing but the end of a frame whose final CR LF is cut in two (see `Frame`). Time is
    linear in the bytes fed. Memory is not bounded here: an unfinished frame is kept whole, so a caller facing an
    untrusted server compares `pending` with its own limit.
    `bom`: whether one leading byte order mark was stripped. `extra_blank_lines`: blank lines that completed no frame.
    `invalid_utf8_count`: undecodable sequences in complete lines, each of which reads as one U+FFFD. `invalid_utf8`:
    the offsets of the first `INVALID_OFFSETS_KEPT` of them.
    """

    def __init__(self) -> None:
        self.bom = False
        self.extra_blank_lines = 0
        self.invalid_utf8: tuple[int, ...] = ()
        self.invalid_utf8_count = 0
        self._last_event_id = ""
        self._pending = bytearray()
        self._start = 0  # the offset of the first pending byte
        self._after_cr = False  # the last byte fed was a CR that ended a blank line

    @property
    def pending(self) -> int:
        """The number of bytes held of the unfinished frame."""
        return len(self._pending)

    def feed(self, chunk: bytes) -> list[Frame]:
        """Take the next bytes of the body; return the frames that they complete, in order."""
        if not chunk:
            return []
        if self._after_cr and chunk.startswith(b"\n"):
            self._start += 1
            chunk = chunk[1:]
        if self._start == 0 and len(self._pending) < len(_BOM):
            chunk = self._strip_bom(chunk)
        if not self._pending:
            return self._split(chunk)
        seen = len(self._pending)
        self._pending += chunk
        no_line_end = b"\n" not in chunk and b"\r" not in chunk
        if no_line_end or not _BLANK_LINE.search(self._pending, seen - 2):  # the cut may have halved a blank line
            return []
        joined = bytes(self._pending)
        self._pending.clear()
        return self._split(joined)

    def finish(self) -> Remainder:
        """Take the end of the body; return what hung unfinished. Called once, last."""
        start, raw = self._start, bytes(self._pending)
        complete = max(raw.rfind(b"\n"), raw.rfind(b"\r")) + 1
        self._note_invalid(raw[:complete], start)
        return Remainder(start=start, raw=raw, fields=_fields(raw[:complete], start), partial_line=raw[complete:])

    def _strip_bom(self, chunk: bytes) -> bytes:
        """Strip a byte order mark from the first bytes of the body, whatever the chunks they came in."""
        chunk = bytes(self._pending) + chunk
        self._pending.clear()
        if chunk.startswith(_BOM):
            self.bom = True
            self._start = len(_BOM)
        return chunk.removeprefix(_BOM)

    def _split(self, data: bytes) -> list[Frame]:
        """Cut `data`, which begins where a frame may begin, into frames; keep the rest pending, and how it ended."""
        frames: list[Frame] = []
        only_lf = b"\r" not in data
        # Bytes, unlike str, end lines at LF, CR and CR LF only. A split at LF is much faster, and takes the ends away.
        lines = data.split(b"\n")[:-1] if only_lf else data.splitlines(keepends=True)
        block: list[bytes] = []
        start = end = 0
        for line in lines:
            line_start, size = end, len(line)
            end += size + only_lf
            if size > 2 or line not in _BLANK_LINES:
                block.append(line if only_lf else line.rstrip(b"\r\n"))
                continue
            if block:
                span = self._start + start, self._start + end
                frames.append(self._frame(block, data[start:line_start], span, _BLANK_LINES[line]))
                block.clear()
            else:
                self.extra_blank_lines += 1
            start = end
        self._after_cr = not only_lf and start == len(data) and data.endswith(b"\r")
        self._start += start
        if start < len(data):
            self._pending += data[start:]
        return frames

    def _frame(self, block: list[bytes], lines: bytes, span: tuple[int, int], blank_end: LineEnd) -> Frame:
        """Interpret `block`: the single lines of `lines` without their ends (9.2.6); `span` is the frame's."""
        event = retry = id_ = None
        data: list[str] = []
        valid = True
        for raw in block:
            try:
                line = raw.decode()
            except UnicodeDecodeError:
                line = raw.decode(errors="replace")
                valid = False
            name, found, value = line.partition(": ")
            if not found or ":" in name:  # the first colon, if any, has no space after it
                name, _, value = line.partition(":")
            if name == "data":
                data.append(value)
            elif name == "event":
                event = value
            elif name == "id":
                if "\0" not in value:
                    self._last_event_id = id_ = value
            elif name == "retry" and value.isascii() and value.isdigit():
                retry = min(int(value.lstrip("0")[:20] or "0"), LONGEST_RETRY)  # int() refuses thousands of digits
        if not valid:
            self._note_invalid(lines, span[0])
        return Frame(
            start=span[0],
            end=span[1],
            lines=lines,
            blank_end=blank_end,
            event=event,
            data="\n".join(data) if data else None,
            id=id_,
            retry=retry,
            last_event_id=self._last_event_id,
        )

    def _note_invalid(self, lines: bytes, start: int) -> None:
        """Count and locate what is no UTF-8 in complete lines that begin at offset `start`."""
        self.invalid_utf8_count += lines.decode(errors="replace").count("\ufffd") - lines.count("\ufffd".encode())
        position = 0
        while len(self.invalid_utf8) < INVALID_OFFSETS_KEPT:
            try:
                lines[position:].decode()
                break
            except UnicodeDecodeError as error:
                self.invalid_utf8 += (start + position + error.start,)
                position += error.end


def decode(body: bytes) -> Decoded:
    """Decode a complete body at once."""
    decoder = Decoder()
    frames = tuple(decoder.feed(body))
    return Decoded(
        frames=frames,
        remainder=decoder.finish(),
        bom=decoder.bom,
        extra_blank_lines=decoder.extra_blank_lines,
        invalid_utf8=decoder.invalid_utf8,
        invalid_utf8_count=decoder.invalid_utf8_count,
    )


def _fields(lines: bytes, start: int) -> tuple[Field, ...]:
    """Read complete lines, none of them blank, that begin at offset `start`."""
    fields = []
    for line in lines.splitlines(keepends=True):
        raw = line.rstrip(b"\r\n")
        name, _, value = raw.decode(errors="replace").partition(":")
        value, end, line_end = value.removeprefix(" "), start + len(raw), _LINE_ENDS[line[len(raw) :]]
        fields.append(Field(name=name, value=value, start=start, end=end, raw=raw, line_end=line_end))
        start += len(line)
    return tuple(fields)
