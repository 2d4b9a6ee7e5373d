"""The ping that keeps an idle stream alive."""

from dataclasses import dataclass

from sse_conform_server.encoder import Event, EventName, encode


@dataclass(frozen=True, kw_only=True, slots=True)
class Heartbeat:
    """
    What is written after `interval` seconds of silence.

    It has a data line, without which no browser dispatches it, and no id, which would move the resume point.
    """

    interval: float
    frame: bytes = encode(Event(name=EventName.PING, data="{}"))
