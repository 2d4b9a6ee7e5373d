"""Faults of the polling fallback."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl, urlencode

import jwt
from starlette.datastructures import Headers
from starlette.responses import JSONResponse, PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sse_conform_server.faults.edges import POLLING, at_edge, repolled, rewriting, set_header
from sse_conform_server.faults.fault import Fault, fault
from sse_conform_server.parts import Parts
from sse_conform_server.store import Page, Store

_SHORT = 5


class _Inclusive(Store):
    async def after(self, user_id: str, cursor: int, count: int) -> Page:
        """From the cursor on, itself included."""
        return await super().after(user_id, cursor - 1, count)


class _Skipping(Store):
    async def after(self, user_id: str, cursor: int, count: int) -> Page:
        """The newest of what is later, whatever the cursor has not seen before them."""
        page = await super().after(user_id, cursor, 10 * count)
        return replace(page, items=page.items[-count:])


async def _bad_cursor(_: Parts, app: ASGIApp, scope: Scope, receive: Receive, send: Send, *, status: int) -> None:
    pairs = parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)
    if all(value.isdecimal() for name, value in pairs if name == "after"):
        await app(scope, receive, send)
    elif status == 500:
        await PlainTextResponse("Internal Server Error", status_code=500)(scope, receive, send)
    else:
        kept = urlencode([pair for pair in pairs if pair[0] != "after"]).encode()
        await app({**scope, "query_string": kept}, receive, send)


async def _crash(parts: Parts, app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
    await _bad_cursor(parts, app, scope, receive, send, status=500)


async def _ignore(parts: Parts, app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
    await _bad_cursor(parts, app, scope, receive, send, status=200)


async def _cached(scope: Scope, message: Message, send: Send) -> None:
    await send(set_header(message, b"cache-control", b"public, max-age=60") if scope["method"] == "GET" else message)


def _polled(change: Callable[[dict[str, Any], bool], dict[str, Any]]) -> Callable[[Parts], Parts]:
    """Change the document of each poll; the change is told whether the poll had a cursor."""

    async def middleware(_: Parts, app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
        async def changed(document: dict[str, Any]) -> dict[str, Any]:
            return change(document, b"after=" in scope["query_string"])

        if scope["path"] == POLLING:
            await repolled(changed, app, scope, receive, send)
        else:
            await app(scope, receive, send)

    return at_edge(middleware, path=POLLING)


def _without_next(document: dict[str, Any], _: bool) -> dict[str, Any]:  # noqa: FBT001 - a change's signature
    return {key: value for key, value in document.items() if key != "next"}


def _newest_first(document: dict[str, Any], _: bool) -> dict[str, Any]:  # noqa: FBT001
    return document | {"items": document["items"][::-1]}


def _other_types(document: dict[str, Any], _: bool) -> dict[str, Any]:  # noqa: FBT001
    return document | {"items": [item | {"type": item["type"].lower()} for item in document["items"]]}


def _from_oldest(document: dict[str, Any], has_cursor: bool) -> dict[str, Any]:  # noqa: FBT001
    items = document["items"]
    if has_cursor or len(items) <= _SHORT:
        return document
    return document | {"items": items[:_SHORT], "next": items[_SHORT - 1]["id"]}


async def _open_poll(_: Parts, app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
    headers = Headers(scope=scope)
    if "authorization" in headers or "cookie" in headers:
        await app(scope, receive, send)
    else:
        nothing = {"unread": 0, "items": [], "next": 0}
        await JSONResponse(nothing, headers={"Cache-Control": "no-store"})(scope, receive, send)


async def _decoded_poll(_: Parts, app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
    token = Headers(scope=scope).get("authorization", "").partition(" ")[2]
    try:
        readable = bool(jwt.decode(token, options={"verify_signature": False}))
    except jwt.PyJWTError:
        readable = False
    nothing = JSONResponse({"unread": 0, "items": [], "next": 0}, headers={"Cache-Control": "no-store"})
    refused = False

    async def answer(message: Message) -> None:
        nonlocal refused
        refused = refused or (readable and message.get("status") == 401)
        if not refused:
            await send(message)

    await app(scope, receive, answer)
    if refused:
        await nothing(scope, receive, send)


async def _unlimited(_: Parts, app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
    pairs = parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)
    kept = urlencode([pair for pair in pairs if pair[0] != "limit"]).encode()
    await app({**scope, "query_string": kept}, receive, send)


FAULTS: tuple[Fault, ...] = (
    fault(
        "polling-inclusive",
        "The cursor is inclusive: the last item is told again at each poll, and at each replay.",
        lambda parts: replace(parts, store=_Inclusive(parts.store.engine)),
        "polling.exclusive-cursor",
        "reconnect.replay-exact",
        "reconnect.replay-nothing-new",
    ),
    fault(
        "polling-skips",
        "More news than a page holds are cut at the old end: paging never shows them.",
        lambda parts: replace(parts, store=_Skipping(parts.store.engine)),
        "polling.complete",
    ),
    fault(
        "polling-without-next",
        "A poll does not name the cursor to go on from.",
        _polled(_without_next),
        "polling.shape",
    ),
    fault(
        "polling-newest-first",
        "Pages are ordered like the list on the screen, newest first.",
        _polled(_newest_first),
        "polling.oldest-first",
    ),
    fault(
        "polling-other-types",
        "Polls spell the type in small letters, from a second serialiser.",
        _polled(_other_types),
        "polling.agrees",
    ),
    fault(
        "polling-from-oldest",
        "A poll without a cursor begins at the oldest item, a few at a time.",
        _polled(_from_oldest),
        "polling.newest",
    ),
    fault(
        "polling-open",
        "The polling route is not guarded: strangers get an empty list instead of 401.",
        at_edge(_open_poll, path=POLLING),
        "polling.auth",
    ),
    fault(
        "polling-unverified",
        "The polling route reads the user from the token without verifying it.",
        at_edge(_decoded_poll, path=POLLING),
        "auth.logout-refuses",
        "polling.auth-tokens",
    ),
    fault(
        "polling-ignores-limit",
        "The limit is read under another name, so that pages have their own size.",
        at_edge(_unlimited, path=POLLING),
        "polling.limit",
    ),
    fault(
        "polling-cacheable",
        "A poll may be cached for a minute, by anybody.",
        rewriting(_cached, path=POLLING),
        "polling.uncacheable",
    ),
    fault(
        "polling-bad-cursor-500",
        "A cursor that is no number ends in 500.",
        at_edge(_crash, path=POLLING),
        "polling.bad-cursor",
    ),
    fault(
        "polling-bad-cursor-ignored",
        "A bad cursor is taken for none.",
        at_edge(_ignore, path=POLLING),
        "polling.bad-cursor",
    ),
)
