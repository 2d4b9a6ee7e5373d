"""Rules on the stream route: how it answers, and that it stays open."""

from collections.abc import Iterator
from email.message import Message

from sse_conform.entries import EndKind, TokenKind
from sse_conform.evidence import admitted, has_taken_resigned, opened
from sse_conform.rule import Finding, rule
from sse_conform.spec import Capability, Level, plan, practice, rfc, whatwg
from sse_conform.transcript import Stream, Transcript

_BASIC = ("preflight", "idle.stream")
_CALM = {*_BASIC, "delivery.live"}
#: Scenes whose requests differ from an EventSource's: a service may answer them otherwise.
_ODD = {"auth.override", "stream.odd-requests", "reconnect.malformed-ids"}
#: So are those that a service may refuse for what a header says: a made-up address, a stranger's origin.
_ODD_PARTS = {"spoofed", "stranger"}


def idle_streams(transcript: Transcript) -> Iterator[Stream]:
    """The opened streams on which nothing but heartbeats was to happen."""
    return (stream for stream in transcript.streams_in("idle.stream") if stream.opened)


#: What concerns a connection of HTTP/1.1 and has no place in HTTP/2.
_CONNECTION_HEADERS = {"connection", "keep-alive", "proxy-connection", "transfer-encoding", "upgrade"}
#: How nginx and what is made of it name themselves.
_NGINX = ("nginx", "openresty", "tengine")
#: The ways in which a target that was reached fails to answer.
_NO_ANSWER = {EndKind.HEAD_TIMEOUT, EndKind.EOF, EndKind.RESET, EndKind.PROTOCOL_ERROR}


def asked(transcript: Transcript) -> Iterator[Stream]:
    """
    Every GET with a valid token that reached the target, answered or not.

    What met the limiter is left out, and attempts that are odd on purpose, which rules of their own judge. Whether a
    token that was signed with ``auth.key`` is valid is known only where the target has ever taken one.
    """
    unknown = set() if has_taken_resigned(transcript) else {TokenKind.RESIGNED}
    for stream in admitted(transcript):
        attempt = stream.attempt
        if attempt.scene not in _ODD and attempt.part not in _ODD_PARTS and attempt.token not in unknown:
            yield stream
    for stream in transcript.streams:
        attempt, ordinary = stream.attempt, stream.attempt.scene not in {*_ODD, *transcript.header.limiters}
        unanswered = stream.head is None and stream.end is not None and stream.end.kind in _NO_ANSWER
        if ordinary and unanswered and attempt.token.valid and attempt.method == "GET":
            yield stream


@rule(
    "stream.status-200",
    level=Level.MUST,
    spec=(plan("Backend Design"), whatwg("9.2.3 Processing model")),
    over=asked,
    scenes=_BASIC,
    hint="an authentication or routing middleware in front of the stream route, a handler that crashes or hangs, "
    "or a proxy that holds the answer back",
)
def answers_200(stream: Stream) -> Iterator[Finding]:
    """
    A valid token is answered with 200.

    EventSource opens a stream on 200 alone; any other status ends it for good, without a reconnect.
    """
    if stream.head is None and stream.end is not None:
        yield Finding(expected="status 200", actual=f"no answer: {stream.end.detail}", at=stream)
    elif stream.status != 200:
        yield Finding(expected="status 200", actual=f"status {stream.status}", at=stream)


@rule(
    "stream.content-type",
    level=Level.MUST,
    spec=(plan("Backend Design"), whatwg("9.2.3 Processing model")),
    over=opened,
    scenes=_BASIC,
    hint="the framework's default media type or charset was not overridden on this route",
)
def is_event_stream(stream: Stream) -> Iterator[Finding]:
    """
    The media type is text/event-stream, its charset utf-8 where it names one.

    EventSource refuses any other media type; Chromium refuses any other charset.
    """
    said = stream.headers("content-type")
    # Of several some clients take the first, others the last (Fetch, 3.4).
    essences = {stream.media_type, *(value.split(";")[0].strip().lower() for value in said)}
    if essences != {"text/event-stream"}:
        actual = f"Content-Type: {', '.join(said) or 'none'}"
        yield Finding(expected="Content-Type: text/event-stream", actual=actual, at=stream)
        return
    wrong = [
        charset for charset in map(_charset, said) if charset is not None and charset.lower() not in {"utf-8", "utf8"}
    ]
    for charset in wrong[:1]:
        yield Finding(expected="charset utf-8, or none", actual=f"charset {charset}", at=stream)


def _charset(content_type: str) -> str | None:
    """The charset that a media type names, if it does."""
    message = Message()
    message["content-type"] = content_type
    charset = message.get_param("charset")
    return charset if isinstance(charset, str) else None


@rule(
    "stream.no-content-length",
    level=Level.MUST,
    spec=(plan("Backend Design"), rfc(9112, "6.3")),
    over=opened,
    scenes=_BASIC,
    hint="a middleware buffers the body, or the handler answers once instead of streaming",
)
def has_no_length(stream: Stream) -> Iterator[Finding]:
    """
    A stream carries no Content-Length.

    A length makes the response end; the client becomes a poller that reconnects again and again.
    """
    for length in stream.headers("content-length"):
        yield Finding(expected="no Content-Length", actual=f"Content-Length: {length}", at=stream)


@rule(
    "stream.uncacheable",
    level=Level.MUST,
    spec=(plan("Backend Design"), rfc(9111, "5.2.2")),
    over=opened,
    scenes=_BASIC,
    hint="the Cache-Control header of the plan is missing on this route",
)
def is_uncacheable(stream: Stream) -> Iterator[Finding]:
    """
    Cache-Control says no-cache or no-store.

    A cache that keeps a stream hands one user's notifications to another, or replays old ones.
    """
    directives = {
        part.split("=")[0].strip().lower() for value in stream.headers("cache-control") for part in value.split(",")
    }
    if not directives & {"no-cache", "no-store"}:
        yield Finding(
            expected="Cache-Control with no-cache or no-store",
            actual=f"Cache-Control: {', '.join(stream.headers('cache-control')) or 'none'}",
            at=stream,
        )


def over_http1(transcript: Transcript) -> Iterator[Stream]:
    """The opened streams over HTTP/1.x, whose connections have options of their own."""
    return (stream for stream in opened(transcript) if stream.head and stream.head.http_version != "2")


@rule(
    "stream.keep-alive",
    level=Level.SHOULD,
    spec=(plan("Backend Design"), rfc(9112, "9.6")),
    over=over_http1,
    scenes=_BASIC,
    hint="a proxy or server is configured without keep-alive",
)
def keeps_connection(stream: Stream) -> Iterator[Finding]:
    """
    Over HTTP/1.1 the answer does not say Connection: close.

    The plan asks for keep-alive; some intermediaries take close as leave to cut early.
    """
    options = {part.strip().lower() for value in stream.headers("connection") for part in value.split(",")}
    if "close" in options:
        yield Finding(expected="no Connection: close", actual="Connection: close", at=stream)


def over_http2(transcript: Transcript) -> Iterator[Stream]:
    """Every answer over HTTP/2."""
    return (stream for stream in transcript.streams if stream.head and stream.head.http_version == "2")


def chose_http1(transcript: Transcript) -> str:
    """Where nothing came over HTTP/2: that the target chose otherwise, if it answered at all."""
    heads = [stream.head for stream in transcript.streams_in("stream.http2") if stream.head]
    chosen = any(head.http_version.startswith("1") for head in heads)
    return "the target answers over HTTP/1.1 where HTTP/2 is offered (ALPN)" if chosen else ""


@rule(
    "stream.http2-headers",
    level=Level.MUST,
    spec=rfc(9113, "8.2.2"),
    over=over_http2,
    scenes="stream.http2",
    needs={Capability.TLS},
    hint="Connection: keep-alive is set by hand on the stream route, and nothing on the way to HTTP/2 takes it out",
    moot=chose_http1,
)
def has_no_connection_headers(stream: Stream) -> Iterator[Finding]:
    """
    Over HTTP/2 the answer carries no connection headers.

    They make it malformed. Safari refuses such an answer; other clients take it, so that nobody notices for long.
    """
    assert stream.head is not None
    for name, value in stream.head.headers:
        if name.lower() in _CONNECTION_HEADERS:
            yield Finding(expected="no connection headers", actual=f"{name}: {value}", at=stream)


def _forbids_buffering(stream: Stream) -> bool:
    accel = {value.strip().lower() for value in stream.headers("x-accel-buffering")}
    return "no" in accel or "no-transform" in ",".join(stream.headers("cache-control")).lower()


def _by_nginx(stream: Stream) -> bool:
    return any(value.lower().startswith(_NGINX) for value in stream.headers("server"))


def of_buffering(transcript: Transcript) -> Iterator[Stream]:
    """The opened streams that have the hint, or would have it if the service gave it."""
    return (stream for stream in opened(transcript) if _forbids_buffering(stream) or not _by_nginx(stream))


def heeded_by_nginx(transcript: Transcript) -> str:
    """Where no opened stream tells: that nginx answered."""
    said = "nginx takes X-Accel-Buffering out of what it passes on; whether it buffers, delivery.in-time shows"
    return said if any(map(_by_nginx, opened(transcript))) else ""


@rule(
    "stream.buffering-hint",
    level=Level.SHOULD,
    spec=practice(
        "nginx buffers proxied responses unless told otherwise",
        "https://nginx.org/en/docs/http/ngx_http_proxy_module.html#proxy_buffering",
    ),
    over=of_buffering,
    scenes=_BASIC,
    hint="add X-Accel-Buffering: no, or no-transform to Cache-Control",
    moot=heeded_by_nginx,
)
def forbids_buffering(stream: Stream) -> Iterator[Finding]:
    """
    Proxies are told not to buffer: X-Accel-Buffering: no, or no-transform.

    Behind nginx's defaults events are held until a buffer is full. nginx heeds X-Accel-Buffering and takes it away, so
    that an answer of nginx without it says nothing.
    """
    if not _forbids_buffering(stream):
        yield Finding(
            expected="X-Accel-Buffering: no, or Cache-Control: no-transform", actual="neither is there", at=stream
        )


def for_identity(transcript: Transcript) -> Iterator[Stream]:
    """The opened streams whose request accepted no content coding."""
    return (stream for stream in opened(transcript) if ("accept-encoding", "identity") in stream.attempt.headers)


@rule(
    "stream.identity",
    level=Level.MUST,
    spec=(rfc(9110, "12.5.3"),),
    over=for_identity,
    scenes=_BASIC,
    hint="a compression middleware ignores Accept-Encoding",
)
def is_not_compressed(stream: Stream) -> Iterator[Finding]:
    """
    With Accept-Encoding: identity the body is not compressed.

    A client that cannot decompress sees noise.
    """
    codings = [value for value in stream.headers("content-encoding") if value.strip().lower() not in {"", "identity"}]
    if codings:
        yield Finding(expected="no Content-Encoding", actual=f"Content-Encoding: {', '.join(codings)}", at=stream)


RULES = (
    answers_200,
    is_event_stream,
    has_no_length,
    is_uncacheable,
    keeps_connection,
    has_no_connection_headers,
    forbids_buffering,
    is_not_compressed,
)
