"""Rules on other origins: who is admitted is named exactly, and nobody else."""

from collections.abc import Iterator
from dataclasses import dataclass

from sse_conform import entries as e
from sse_conform.rule import Finding, rule
from sse_conform.spec import Capability, Level, SpecRef, plan
from sse_conform.strange_origins import STRANGER, strange_origins
from sse_conform.terms import Terms
from sse_conform.transcript import Stream, Transcript

_FETCH = SpecRef("Fetch", "3.2 CORS protocol", "https://fetch.spec.whatwg.org/#http-cors-protocol")
_SCENE = "cors.origins"
_NEEDS = frozenset({Capability.CORS})
_ALLOW = "access-control-allow-origin"


def _asked(transcript: Transcript, part: str) -> Iterator[Stream]:
    return (s for s in transcript.streams_in(_SCENE, part) if s.admitted)


@dataclass(frozen=True, kw_only=True, slots=True)
class Stranger:
    """What a page of an unknown origin was answered, by the stream or by a poll."""

    origin: str
    at: Stream | e.Exchanged
    allowed: tuple[str, ...]
    credentials: tuple[str, ...]


def strangers(transcript: Transcript) -> Iterator[Stranger]:
    """The stream that a stranger's page opened, and the polls of all that are strange."""
    credentials = "access-control-allow-credentials"
    polling = strange_origins(transcript.terms.allowed_origin)
    for stream in _asked(transcript, STRANGER):
        origin = dict(stream.attempt.headers).get("origin", "")
        yield Stranger(
            origin=origin, at=stream, allowed=stream.headers(_ALLOW), credentials=stream.headers(credentials)
        )
        for x in transcript.exchanges:
            if x.scene == _SCENE and x.part in polling and x.status not in {0, 429}:
                allowed, credible = (tuple(v for n, v in x.headers if n == name) for name in (_ALLOW, credentials))
                yield Stranger(origin=polling[x.part], at=x, allowed=allowed, credentials=credible)


@rule(
    "cors.allowlist-strangers",
    level=Level.MUST,
    spec=(_FETCH, plan("Security")),
    over=strangers,
    scenes=_SCENE,
    needs=_NEEDS,
    hint="the Origin header is echoed, or a wildcard is sent with credentials",
)
def admits_no_stranger(stranger: Stranger) -> Iterator[Finding]:
    """
    An unknown origin is not admitted together with credentials.

    Any page that a user visits could read the user's notifications, from the stream or by polling.
    """
    admitted = [value for value in stranger.allowed if value.strip() in {stranger.origin, "*"}]
    if admitted and any(value.strip().lower() == "true" for value in stranger.credentials):
        actual = f"Access-Control-Allow-Origin: {admitted[0]}"
        yield Finding(expected=f"{stranger.origin} not admitted", actual=actual, at=stranger.at)


@rule(
    "cors.allowlist-exact",
    level=Level.MUST,
    spec=_FETCH,
    over=lambda transcript: _asked(transcript, "admitted"),
    scenes=_SCENE,
    needs=_NEEDS,
    hint="the headers are lost on the stream route, or the origin is compared with a slash",
)
def admits_its_origin(stream: Stream, terms: Terms) -> Iterator[Finding]:
    """
    The admitted origin is admitted on the stream itself, by its exact name.

    Middleware often sets the headers on answers that it ends, and not on streams.
    """
    allowed = [value.strip() for value in stream.headers(_ALLOW)]
    if allowed != [terms.allowed_origin]:
        actual = ", ".join(allowed) or "none"
        yield Finding(expected=f"Access-Control-Allow-Origin: {terms.allowed_origin}", actual=actual, at=stream)


def _same_for_all(transcript: Transcript, stream: Stream) -> bool:
    """Whether a stranger's page, and whoever has no origin, were told the same as the admitted one."""
    strangers = [other for other in _asked(transcript, STRANGER) if other.opened]
    others = [other for other in transcript.streams if other.opened and "origin" not in dict(other.attempt.headers)]
    same = all(other.headers(_ALLOW) == stream.headers(_ALLOW) for other in (*strangers, *others))
    return bool(strangers) and bool(others) and same


@rule(
    "cors.allowlist-vary",
    level=Level.MUST,
    spec=_FETCH,
    over=lambda transcript: ((s, _same_for_all(transcript, s)) for s in _asked(transcript, "admitted")),
    scenes=_SCENE,
    needs=_NEEDS,
    hint="add Vary: Origin wherever the answer depends on it",
)
def varies_by_origin(subject: tuple[Stream, bool]) -> Iterator[Finding]:
    """
    An answer that names an origin says Vary: Origin, unless it is the same whoever asks.

    Otherwise a cache hands one origin's answer to another.
    """
    stream, same_for_all = subject
    varies = [name.strip().lower() for value in stream.headers("vary") for name in value.split(",") if name.strip()]
    if stream.headers(_ALLOW) and not same_for_all and not {"origin", "*"} & set(varies):
        yield Finding(expected="Vary: Origin", actual=f"Vary: {','.join(varies) or 'none'}", at=stream)


@rule(
    "cors.preflight",
    level=Level.MUST,
    spec=_FETCH,
    over=lambda transcript: _asked(transcript, "preflight"),
    scenes=_SCENE,
    needs=_NEEDS,
    hint="OPTIONS is refused for lack of a token, or a header is missing from the list",
)
def preflight_admits_headers(stream: Stream, terms: Terms) -> Iterator[Finding]:
    """
    The preflight admits the origin, Last-Event-ID, and Authorization where the token travels in it.

    Clients that fetch streams themselves send both; without leave the browser does not even try.
    """
    wanted = ["last-event-id", *(["authorization"] if terms.has(Capability.BEARER) else [])]
    allowed = {name.strip().lower() for v in stream.headers("access-control-allow-headers") for name in v.split(",")}
    credentials = "true" in [value.strip() for value in stream.headers("access-control-allow-credentials")]
    # Fetch, 4.10: the wildcard stands for all names but Authorization, and for itself where credentials are sent.
    any_name = set() if credentials or "*" not in allowed else {"last-event-id"}
    missing = [name for name in wanted if name not in allowed | any_name]
    origins = [value.strip() for value in stream.headers(_ALLOW)]
    if not 200 <= stream.status < 300:
        yield Finding(expected="2xx to the preflight", actual=str(stream.status), at=stream)
    elif origins not in ([terms.allowed_origin], ["*"]):
        expected = f"Access-Control-Allow-Origin: {terms.allowed_origin}"
        yield Finding(expected=expected, actual=", ".join(origins) or "none", at=stream)
    elif missing:
        yield Finding(expected=f"{' and '.join(wanted)} admitted", actual=f"without {', '.join(missing)}", at=stream)


RULES = (admits_no_stranger, admits_its_origin, varies_by_origin, preflight_admits_headers)
