"""Oddities of the response head: other headers that say the same, or something besides."""

from collections.abc import Callable
from dataclasses import replace

from starlette.types import Message, Scope, Send

from sse_conform_server.faults.edges import rewriting
from sse_conform_server.oddities.oddity import Oddity, oddity
from sse_conform_server.oddities.traps import Trap
from sse_conform_server.parts import Parts

_PROXIED = (
    (b"set-cookie", b"lb=a1; Path=/; HttpOnly"),
    (b"set-cookie", b"seen=1; Expires=Wed, 21 Oct 2099 07:28:00 GMT"),
    (b"server", b"edge"),
    (b"via", b"1.1 varnish, 2.0 edge (proxy/1.2)"),
    (b"server-timing", b'cdn;dur=0.2;desc="a, b", origin;dur=12'),
    (b"x-cache", b"MISS"),
)


def _media_type(value: str) -> Callable[[Parts], Parts]:
    return _headers(("content-type", value))


def _headers(*pairs: tuple[str, str], without: tuple[str, ...] = ()) -> Callable[[Parts], Parts]:
    """Set headers of the stream, in place of those of the same names and of some others."""
    gone = {name for name, _ in pairs}.union(without)

    def apply(parts: Parts) -> Parts:
        kept = (pair for pair in parts.stream_headers if pair[0] not in gone)
        return replace(parts, stream_headers=(*kept, *pairs))

    return apply


async def _capitalise(_: Scope, message: Message, send: Send) -> None:
    if "headers" in message:
        capitals = [(name.title(), value) for name, value in reversed(message["headers"])]
        message = {**message, "headers": capitals}
    await send(message)


async def _proxy(_: Scope, message: Message, send: Send) -> None:
    await send({**message, "headers": [*_PROXIED, *message["headers"]]} if "headers" in message else message)


def _always_cors(parts: Parts) -> Parts:
    """The same headers for whoever asks, so that no answer varies: browsers compare them with the page's origin."""
    origin = ",".join(parts.settings.cors_origins[:1]).encode()
    fixed = ((b"access-control-allow-origin", origin), (b"access-control-allow-credentials", b"true"))

    async def rewrite(_: Scope, message: Message, send: Send) -> None:
        if origin and "headers" in message:
            kept = [pair for pair in message["headers"] if pair[0] not in dict(fixed) and pair[0] != b"vary"]
            message = {**message, "headers": [*kept, *fixed]}
        await send(message)

    return rewriting(rewrite)(parts)


ODDITIES: tuple[Oddity, ...] = (
    oddity("bare-media-type", Trap.MEDIA_TYPE, "The media type has no parameter.", _media_type("text/event-stream")),
    oddity(
        "capital-media-type",
        Trap.MEDIA_TYPE,
        "Media type and charset are written in capitals, the charset in quotes.",
        _media_type('Text/Event-Stream;CHARSET="UTF-8"'),
    ),
    oddity(
        "media-type-parameters",
        Trap.MEDIA_TYPE,
        "The media type has further parameters around its charset.",
        _media_type('text/event-stream; version="1; beta" ; charset=utf-8; profile=x'),
    ),
    oddity(
        "capital-header-names",
        Trap.MEDIA_TYPE,
        "Header names are capitalised, and the headers come in the opposite order.",
        rewriting(_capitalise),
    ),
    oddity(
        "other-cache-control",
        Trap.CACHE_CONTROL,
        "Caching is forbidden by two Cache-Control headers in other words, buffering by no-transform alone.",
        _headers(
            ("cache-control", "private, max-age=0"),
            ("cache-control", "No-Store,no-transform"),
            without=("x-accel-buffering",),
        ),
    ),
    oddity(
        "keep-alive-spelt-out",
        Trap.HTTP_FRAMING,
        "Connection and Keep-Alive say what is the default anyway.",
        _headers(("connection", "Keep-Alive"), ("keep-alive", "timeout=5, max=100")),
    ),
    oddity(
        "behind-a-proxy",
        Trap.INTERMEDIARIES,
        "Headers of proxies and their cookies come with every answer of the route.",
        rewriting(_proxy),
    ),
    oddity(
        "cors-on-every-answer",
        Trap.CORS,
        "Every answer of the route names the one admitted origin, also to strangers and to who names none.",
        _always_cors,
    ),
)
