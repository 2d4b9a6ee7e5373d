"""Oddities of ids and cursors: other names for the same things."""

import base64
import binascii
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import parse_qs, urlencode
from uuid import UUID

from starlette.types import ASGIApp, Receive, Scope, Send

from sse_conform_server.encoder import Event, EventName, to_json
from sse_conform_server.faults.edges import POLLING, at_edge, repolled
from sse_conform_server.models import Notification
from sse_conform_server.oddities.oddity import Oddity, oddity
from sse_conform_server.oddities.traps import Trap
from sse_conform_server.parts import Parts

_SPACE = 2**128
_SCATTER = 0x9E3779B97F4A7C15F39CC0605CEDC835
_GATHER = pow(_SCATTER, -1, _SPACE)
_CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_ULID_LENGTH = 26


@dataclass(frozen=True, kw_only=True, slots=True)
class _Naming:
    """How a number is written, and read back (ValueError where it is none of ours)."""

    write: Callable[[int], str]
    read: Callable[[str], int]

    def known(self, text: str) -> str:
        """The number as text; what is none of ours stays, and is refused where it comes to."""
        try:
            return str(self.read(text))
        except ValueError:
            return f"not {text}"


def _ulid(number: int) -> str:
    digits = []
    for _ in range(_ULID_LENGTH):
        number, digit = divmod(number, len(_CROCKFORD))
        digits.append(_CROCKFORD[digit])
    return "".join(reversed(digits))


def _from_ulid(text: str) -> int:
    number = 0
    if len(text) != _ULID_LENGTH:
        raise ValueError(text)
    for digit in text:
        number = number * len(_CROCKFORD) + _CROCKFORD.index(digit)
    return number


def _decoded(text: str) -> int:
    try:
        return int(base64.b64decode(text, validate=True).decode("ascii").removeprefix("after:"))
    except binascii.Error as error:
        raise ValueError(text) from error


def _prefixed(prefix: str) -> _Naming:
    def read(text: str) -> int:
        digits = text.removeprefix(prefix)
        # int() takes signs, spaces and digits of other scripts, too.
        if not text.startswith(prefix) or not (digits.isascii() and digits.isdecimal()):
            raise ValueError(text)
        return int(digits)

    return _Naming(write=lambda number: f"{prefix}{number}", read=read)


_UUID = _Naming(
    write=lambda number: str(UUID(int=number * _SCATTER % _SPACE)),
    read=lambda text: UUID(text).int * _GATHER % _SPACE,
)
_ULID = _Naming(write=_ulid, read=_from_ulid)
_CURSOR = _Naming(write=lambda number: base64.b64encode(f"after:{number}".encode()).decode(), read=_decoded)


def _renamed(naming: _Naming) -> Callable[[Parts], Parts]:
    """Write every id of a notification so, on the stream and in polls, and read it back."""

    def item(old: dict[str, Any]) -> dict[str, Any]:
        return old | {"id": naming.write(old["id"])}

    def apply(parts: Parts) -> Parts:
        def encode(event: Event) -> bytes:
            payload = json.loads(event.data)
            whole = event.name == EventName.SNAPSHOT
            payload = payload | {"items": [item(one) for one in payload["items"]]} if whole else item(payload)
            frame = parts.encode(replace(event, data=to_json(payload), id=None))
            return frame if event.id is None else f"id: {naming.write(event.id)}\n".encode() + frame

        async def missed(inner: Parts, user_id: str, last_event_id: str | None) -> Sequence[Notification]:
            return await parts.missed(inner, user_id, last_event_id and naming.known(last_event_id))

        async def change(document: dict[str, Any]) -> dict[str, Any]:
            return document | {"items": [item(one) for one in document["items"]]} if "items" in document else document

        varied = replace(parts, encode=encode, missed=missed)
        return _cursors(naming)(at_edge(_changing(change), path=POLLING)(varied))

    return apply


def _cursors(naming: _Naming) -> Callable[[Parts], Parts]:
    """Write the cursors of polling so, and read them back."""

    async def change(document: dict[str, Any]) -> dict[str, Any]:
        return document | {"next": naming.write(document["next"])} if "next" in document else document

    polled = _changing(change)

    async def middleware(parts: Parts, app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
        query = {name: values[-1] for name, values in parse_qs(scope["query_string"].decode()).items()}
        if "after" in query:
            query["after"] = naming.known(query["after"])
        await polled(parts, app, {**scope, "query_string": urlencode(query).encode()}, receive, send)

    return at_edge(middleware, path=POLLING)


def _changing(change: Callable[[dict[str, Any]], Any]) -> Callable[..., Any]:
    async def middleware(_: Parts, app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
        await repolled(change, app, scope, receive, send)

    return middleware


ODDITIES: tuple[Oddity, ...] = (
    oddity("text-ids", Trap.IDS, "Ids are numbers written as text.", _renamed(_prefixed(""))),
    oddity("uuid-ids", Trap.IDS, "Ids are UUIDs, in no order.", _renamed(_UUID)),
    oddity("ulid-ids", Trap.IDS, "Ids are ULIDs.", _renamed(_ULID)),
    oddity("urn-ids", Trap.IDS, "Ids have colons and a dash.", _renamed(_prefixed("urn:note:1700000000000-"))),
    oddity("opaque-cursors", Trap.IDS, "Cursors of polling are no ids.", _cursors(_CURSOR)),
)
