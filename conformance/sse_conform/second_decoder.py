"""
What httpx-sse, a decoder in wide use, reads in a body: a second opinion on the events that the bytes spell.

Its known deviations from WHATWG HTML 9.2 are evened out here, so that what remains tells of the bytes: it strips no
byte order mark, it dispatches blocks that hold no data, and it compares the media type with its case.
"""

from typing import NamedTuple

_BOM = b"\xef\xbb\xbf"


class Reading(NamedTuple):
    """One event with data, as a client is told of it."""

    type: str
    data: str
    last_event_id: str


class RefusedError(Exception):
    """The client takes the answer for no event stream; the message is its own."""


def read(body: bytes, content_type: str) -> tuple[Reading, ...]:
    """The events of a whole body, those without data left out. RefusedError where the client reads none at all."""
    import httpx  # noqa: PLC0415 - heavy, and only here
    from httpx_sse import EventSource, SSEError  # noqa: PLC0415

    # A media type has no case (RFC 9110, 8.3.1), for which this client does not allow.
    media_type, semicolon, parameters = content_type.partition(";")
    # The bytes of a header were read as Latin-1, whatever they are.
    declared = f"{media_type.lower()}{semicolon}{parameters}".encode("latin-1", "replace")
    response = httpx.Response(200, headers=[(b"content-type", declared)], content=body.removeprefix(_BOM))
    try:
        return tuple(Reading(sse.event, sse.data, sse.id) for sse in EventSource(response).iter_sse() if sse.data)
    except SSEError as refusal:
        raise RefusedError(str(refusal)) from None
