"""Texts that nobody but us writes, by which an event or a leak is known again on the wire."""

import re
import secrets

#: How a marker looks: random, of one length, and the end of none is the beginning of another.
MARKER = re.compile(r"mk[0-9a-f]{16}x")
_BEGINS = "mk"

#: How a planted sensitive value looks.
PLANTED = re.compile(r"sv[0-9a-f]{32}x")


def new_planted() -> str:
    """A sensitive value that is nobody's: 128 random bits."""
    return f"sv{secrets.token_hex(16)}x"


def new_marker() -> str:
    """A marker that no text but ours holds."""
    return f"mk{secrets.token_hex(8)}x"


def markers_in(text: str) -> list[str]:
    """All markers of a text, in order. They are few, and a text may be long: to look for their beginnings is faster."""
    found, place = [], text.find(_BEGINS)
    while place >= 0:
        if marker := MARKER.match(text, place):
            found.append(marker[0])
        place = text.find(_BEGINS, place + len(_BEGINS))
    return found
