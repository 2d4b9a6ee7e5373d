"""From an event to the bytes of its frame (WHATWG HTML 9.2.5), and what an event is."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

import msgspec


class EventName(StrEnum):
    """The events of this service."""

    SNAPSHOT = "snapshot"
    NOTIFICATION = "notification"
    PING = "ping"


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Event:
    """One event to send. `data` is JSON text, `retry` is in milliseconds; `None` leaves the field out."""

    name: str
    data: str
    id: int | None = None
    retry: int | None = None


Encoder = Callable[[Event], bytes]
"""An event to one complete frame."""

_LINE_END = re.compile(r"\r\n|\r|\n")


def to_json(value: object) -> str:
    """Strict, compact JSON; characters beyond ASCII stay as they are, control characters are escaped."""
    return msgspec.json.encode(value).decode()


# One event goes to every tab of its user: encode it once.
@lru_cache(maxsize=64)
def encode(event: Event) -> bytes:
    """
    The frame of an event: UTF-8, LF line ends, every data line its own `data:` field, closed by a blank line.

    Only CR LF, CR and LF end a line in an event stream; U+2028 and the like are ordinary text and stay.
    """
    lines = []
    if event.retry is not None:
        lines.append(f"retry: {event.retry}")
    if event.id is not None:
        lines.append(f"id: {event.id}")
    lines.append(f"event: {event.name}")
    lines.extend(f"data: {line}" for line in _LINE_END.split(event.data))
    return ("\n".join(lines) + "\n\n").encode()
