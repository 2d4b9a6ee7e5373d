"""
A transcript as a file: JSON Lines, first the header, then one entry a line, last the footer.

Bytes are base64, instants are integers, and reading gives back exactly what was written, so that a run can be judged
again, elsewhere and later. The redaction was done when the entries were recorded: nothing is changed here. The schema
of one line is :func:`sse_conform.schemas.transcript_schema`.
"""

import contextlib
import json
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TypeVar

import msgspec

from sse_conform import entries as e
from sse_conform.errors import TranscriptError
from sse_conform.transcript import FORMAT, Transcript, TranscriptFooter, TranscriptHeader

L = TypeVar("L")

_CUT_OFF_HINT = "the run that wrote it did not come to its end; run it again"
_DAMAGED_HINT = "the file was changed after it was written; take an untouched copy, or run again"


class _Opening(msgspec.Struct):
    """What every version of the first line has in common."""

    entry: str
    format: int


def write(transcript: Transcript, path: Path) -> None:
    """
    Write a transcript; ``path`` shows either the old file or the complete new one, never a part.

    The directory is made where it is missing. Raises :class:`TranscriptError` where the file cannot be written.
    """
    footer = msgspec.structs.replace(transcript.footer, entries=len(transcript.entries))
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with part.open("wb") as file:
            file.writelines(_encode(line) + b"\n" for line in (transcript.header, *transcript.entries, footer))
        part.replace(path)
    except OSError as trouble:
        hint = "name a file in a directory that you may write to"
        raise TranscriptError(f"the transcript cannot be written to {path}: {trouble.strerror}", hint=hint) from trouble
    finally:
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)


def read(path: Path) -> Transcript:
    """Read a transcript; raises :class:`TranscriptError`, which names the line, where it cannot be used."""
    lines = _lines(path)
    header = _header(path, lines[0])
    footer = _footer(path, lines)
    recorded = tuple(_entries(path, lines[1:-1]))
    if footer.entries != len(recorded):
        message = f"{path} has {len(recorded)} entries, but its footer counts {footer.entries}"
        raise TranscriptError(message, hint="lines were removed or added; where that was meant, correct the footer")
    return Transcript(header, recorded, footer)


def _lines(path: Path) -> Sequence[bytes]:
    try:
        data = path.read_bytes()
    except FileNotFoundError as missing:
        raise TranscriptError(f"there is no transcript {path}", hint="name a file that a run wrote") from missing
    except OSError as trouble:
        message = f"the transcript {path} cannot be read: {trouble.strerror}"
        raise TranscriptError(message, hint="name a file that you may read") from trouble
    return data.removesuffix(b"\n").split(b"\n")


def _header(path: Path, line: bytes) -> TranscriptHeader:
    try:
        opening = _decode(line, _Opening)
    except msgspec.DecodeError:
        opening = None
    if opening is None or opening.entry != "header":
        message = f"{path} is not a transcript: its first line is not the header of one"
        raise TranscriptError(message, hint="name the JSON Lines file that a run wrote")
    if opening.format != FORMAT:
        message = f"{path} has format {opening.format}, this version reads format {FORMAT}"
        raise TranscriptError(message, hint="judge it with the version that wrote it, or run again")
    try:
        return _decode(line, TranscriptHeader)
    except msgspec.DecodeError as damage:
        raise _damaged(path, 1, damage) from damage


def _footer(path: Path, lines: Sequence[bytes]) -> TranscriptFooter:
    try:
        return _decode(lines[-1], TranscriptFooter)
    except msgspec.DecodeError as missing:
        message = f"{path} was cut off: line {len(lines)}, its last, is no footer"
        raise TranscriptError(message, hint=_CUT_OFF_HINT) from missing


def _entries(path: Path, lines: Sequence[bytes]) -> Iterator[e.AnyEntry]:
    decoder: msgspec.json.Decoder[e.AnyEntry] = msgspec.json.Decoder(e.AnyEntry)
    attempted: set[int] = set()
    for number, line in enumerate(lines, start=2):
        try:
            entry = _decode_with(decoder, line)
        except msgspec.DecodeError as damage:
            raise _damaged(path, number, damage) from damage
        trouble = _misplaced(entry, attempted)
        if trouble:
            raise TranscriptError(f"{path}, line {number}: {trouble}", hint=_DAMAGED_HINT)
        yield entry


def _misplaced(entry: e.AnyEntry, attempted: set[int]) -> str:
    """What is wrong with the connection that an entry names; empty where nothing is."""
    match entry:
        case e.Attempted():
            if entry.conn in attempted:
                return f"connection {entry.conn} was attempted before"
            attempted.add(entry.conn)
        case e.Connected() | e.HeadReceived() | e.BodyReceived() | e.Ended() | e.Disturbed() | e.Noted():
            everywhere = entry.conn == 0 and isinstance(entry, e.Disturbed | e.Noted)
            if not everywhere and entry.conn not in attempted:
                return f"connection {entry.conn} was not attempted before"
        case e.Relayed() if entry.conn and entry.conn not in attempted:
            return f"connection {entry.conn} was not attempted before"
        case _:
            pass
    return ""


def _encode(line: TranscriptHeader | e.AnyEntry | TranscriptFooter) -> bytes:
    try:
        return msgspec.json.encode(line)
    except (
        UnicodeEncodeError
    ):  # a lone surrogate, which a target may have sent as an escape: JSON can spell it, UTF-8 cannot
        return json.dumps(msgspec.to_builtins(line), separators=(",", ":")).encode("ascii")


def _decode(line: bytes, kind: type[L]) -> L:
    return _decode_with(msgspec.json.Decoder(kind), line)


def _decode_with(decoder: msgspec.json.Decoder[L], line: bytes) -> L:
    try:
        return decoder.decode(line)
    except msgspec.ValidationError:
        raise
    except msgspec.DecodeError:
        if b"\\ud" not in line.lower():
            raise
        return _decode_surrogates(decoder, line)


def _decode_surrogates(decoder: msgspec.json.Decoder[L], line: bytes) -> L:
    """Decode a line with an escaped lone surrogate, which the quick decoder refuses."""
    try:
        plain = json.loads(line)
    except ValueError as damage:
        raise msgspec.DecodeError(str(damage)) from damage
    converted: L = msgspec.convert(plain, decoder.type)
    return converted


def _damaged(path: Path, number: int, damage: Exception) -> TranscriptError:
    return TranscriptError(f"{path}, line {number}, is damaged: {damage}", hint=_DAMAGED_HINT)
