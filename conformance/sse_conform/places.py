"""Where in the record a finding is, and how the wire looks there."""

from collections.abc import Iterator
from typing import assert_never

import msgspec

from sse_conform import entries as e
from sse_conform.deaths import Death
from sse_conform.printable import printable
from sse_conform.rule import Place
from sse_conform.transcript import Event, Stream

#: As many bytes of the wire before the place of a finding are shown.
WIRE_BYTES = 400
#: As many of the entries that a page listed.
SIGHTS = 6


class Evidence(msgspec.Struct, frozen=True, kw_only=True):
    """
    Where in the record a finding is: scene, connection, instant (ns), byte range, and the last bytes of the wire.

    Of a page ``wire`` says what it showed, and ``picture`` where its screenshot lies, seen from the transcript.
    """

    scene: str
    t: int
    conn: int = 0
    start: int = 0
    end: int = 0
    wire: str = ""
    picture: str = ""


def locate(place: Place) -> Evidence:
    """Where a place is, with the bytes of the wire that lead up to it."""
    match place:
        case Event():
            frame, stream = place.frame, place.stream
            wire = _readable(stream.body[max(0, frame.end - WIRE_BYTES) : frame.end])
            return Evidence(
                scene=stream.attempt.scene,
                t=place.t,
                conn=stream.conn,
                start=frame.start,
                end=frame.end,
                wire=wire,
            )
        case Stream():
            return Evidence(
                scene=place.attempt.scene,
                t=place.answered,
                conn=place.conn,
                wire=_head_lines(place),
            )
        case e.Published():
            wire = f"publish {place.kind.value} to {place.to}: {place.status}, text {place.text[:120]!r}"
            return Evidence(scene=place.scene, t=place.t, wire=printable(wire))
        case e.Exchanged():
            head = printable(f"{place.method} {place.target} -> {place.status}")
            body = place.body[:WIRE_BYTES]
            return Evidence(scene=place.scene, t=place.answered, wire=f"{head}\n{_readable(body)}")
        case e.PageShowed():
            wire = "\n".join(map(printable, _sights(place)))
            return Evidence(scene=place.scene, t=place.t, wire=wire, picture=place.picture)
        case Death():
            scene = place.actions[0].scene if place.actions else ""
            return Evidence(scene=scene, t=place.died.t, wire=_last_actions(place))
        case _:
            assert_never(place)


def _sights(shown: e.PageShowed) -> Iterator[str]:
    """What a page showed, in lines."""
    for name in ("connection", "unread"):
        if text := getattr(shown, name):
            yield f"{name}: {text}"
    if shown.prompt:
        yield "it asks for a login"
    yield f"{len(shown.notifications)} notifications" + (", from the top:" if shown.notifications else "")
    yield from (f"- {text}" for text in shown.notifications[:SIGHTS])
    if len(shown.notifications) > SIGHTS:
        yield f"- and {len(shown.notifications) - SIGHTS} more"


def _head_lines(stream: Stream) -> str:
    lines = [f"> {stream.attempt.method} {stream.attempt.target}"]
    if stream.head is None:
        lines.append(f"< {stream.end.detail if stream.end else 'no answer'}")
    else:
        lines.append(f"< {stream.status} {stream.head.reason}".rstrip())
        lines += [f"< {name}: {value}" for name, value in stream.head.headers]
    head, tail = "\n".join(map(printable, lines)), _readable(stream.body[-WIRE_BYTES:])
    return f"{head}\n<\n{tail}" if tail else head


def _last_actions(death: Death) -> str:
    """What was done before the target died, in order."""
    lines = [f"{(death.died.t - action.t) / 1e9:.3f} s before: {action}" for action in reversed(death.actions)]
    return "\n".join(map(printable, [*lines, f"nobody listens on {death.died.endpoint}"]))


def _readable(data: bytes) -> str:
    """Bytes as a person reads them: lines stay lines, everything unprintable is escaped."""
    return "\n".join(map(printable, data.decode("utf-8", errors="backslashreplace").split("\n")))
