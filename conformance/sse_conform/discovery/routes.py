"""Where the stream, polling and metrics are, how the token travels, and what the stream says of itself."""

import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from urllib.parse import quote

from sse_conform.discovery.client import Client, Reply
from sse_conform.discovery.described import Described
from sse_conform.discovery.description import Operation
from sse_conform.discovery.entry import Entry
from sse_conform.discovery.fact import Fact
from sse_conform.discovery.words import ME_PATHS, METRICS, METRICS_PATHS, POLLING_PATHS, STREAM_PATHS
from sse_conform.eventstream import decode
from sse_conform.limit_headers import SeenLimit, seen_limit
from sse_conform.profile import Carrier
from sse_conform.token_places import Where

#: So many attempts are made on the stream route at most.
STREAM_ATTEMPTS = 4
#: What a page of polling has.
PAGE = frozenset({"unread", "items", "next"})
#: What a token is called in a query.
PARAMETERS = ("token", "access_token")


@dataclass(frozen=True, kw_only=True, slots=True)
class Ride:
    """One way for a token to travel: the carrier with the name that it needs (of a cookie or of a parameter)."""

    carrier: Carrier
    name: str = ""

    def headers(self, token: str) -> dict[str, str]:
        """What carries a token; nothing where it travels in the query."""
        match self.carrier:
            case Carrier.BEARER:
                return {"authorization": f"Bearer {token}"}
            case Carrier.COOKIE:
                return {"cookie": f"{self.name}={token}"}
            case Carrier.QUERY:
                return {}

    def path(self, path: str, token: str) -> str:
        """The path with the token where it travels in the query."""
        return f"{path}?{self.name}={quote(token)}" if self.carrier is Carrier.QUERY else path


@dataclass(frozen=True, kw_only=True, slots=True)
class Routes:
    """What is known of the routes. ``attempts`` were spent on the stream; ``first`` is the first answer of it."""

    stream: Fact[str] | None = None
    ride: Fact[Ride] | None = None
    attempts: int = 0
    limit: SeenLimit = field(default_factory=SeenLimit)
    retry: int | None = None
    polling: Fact[str] | None = None
    page: Fact[str] | None = None
    metrics: Fact[str] | None = None
    metric_names: Mapping[str, Fact[str]] = field(default_factory=dict)
    rest: Fact[str] | None = None
    notes: tuple[str, ...] = ()


class RouteFinder:
    """Looks for the routes: as the API describes them, else where they usually are."""

    def __init__(self, client: Client, described: Described, entry: Entry) -> None:
        self._client = client
        self._described = described
        self._entry = entry
        self._attempts = 0
        self._notes: list[str] = []

    def find(self, *, stream: str = "") -> Routes:
        """Every route; ``stream`` is its path where somebody named it."""
        path, ride, reply = self._stream(stream)
        headers = dict(reply.headers)
        frames = decode(reply.body).frames if reply.streams else ()
        metrics, names = self._metrics()
        polling, page = self._polling(ride)
        return Routes(
            stream=path,
            ride=ride,
            attempts=self._attempts,
            limit=seen_limit(headers),
            retry=next((frame.retry for frame in frames if frame.retry is not None), None),
            polling=polling,
            page=page,
            metrics=metrics,
            metric_names=names,
            rest=self._rest(ride),
            notes=tuple(self._notes),
        )

    # the stream

    def _stream(self, given: str) -> tuple[Fact[str] | None, Fact[Ride] | None, Reply]:
        """Its path, how the token travels there, and its answer."""
        known = self._known_stream(given)
        rides = list(self._rides())
        if known is None:
            return self._guessed_stream(rides[0] if rides else None)
        reply = Reply()
        for ride in rides:
            if self._attempts >= STREAM_ATTEMPTS:
                break
            self._attempts += 1
            reply = self._ask(known.value, ride)
            if reply.streams:
                return known, Fact(value=ride, why=f"GET {known.value} opened a stream with it"), reply
            if reply.status == 429:
                break
        self._notes.append(f"GET {known.value} opened no stream: {_said(reply) if rides else 'there was no token'}")
        return known, None, reply

    def _known_stream(self, given: str) -> Fact[str] | None:
        if given:
            return Fact(value=given, why="given: --stream")
        return _described(self._described.stream, self._described.name)

    def _guessed_stream(self, ride: Ride | None) -> tuple[Fact[str] | None, Fact[Ride] | None, Reply]:
        """Without a description the usual paths are tried with the token, until one streams."""
        absent: dict[str, int] = {}
        for path in STREAM_PATHS:
            reply = self._ask(path, ride)
            if reply.streams and ride:
                self._attempts += 1
                fact = Fact(value=path, why=f"GET {path} opened a stream")
                return fact, Fact(value=ride, why=f"GET {path} opened a stream with it"), reply
            top = path[: path.index("/", 1)] if path.count("/") > 1 else ""
            if reply.status not in {0, 404, 405}:
                if top not in absent:
                    absent[top] = self._ask(f"{top}/conform-{secrets.token_hex(4)}", ride).status
                if reply.status != absent[top]:
                    return self._other_rides(path, reply)
        self._notes.append("no stream was found at " + ", ".join(STREAM_PATHS))
        return None, None, Reply()

    def _other_rides(self, path: str, reply: Reply) -> tuple[Fact[str] | None, Fact[Ride] | None, Reply]:
        """Something is there: does it take the token in another way?"""
        self._attempts += 1
        fact = Fact(value=path, why=f"GET {path} answered {reply.status}")
        for ride in list(self._rides())[1:]:
            if reply.status == 429 or self._attempts >= STREAM_ATTEMPTS:
                break
            self._attempts += 1
            reply = self._ask(path, ride)
            if reply.streams:
                return fact, Fact(value=ride, why=f"GET {path} opened a stream with it"), reply
        self._notes.append(f"GET {path} opened no stream: {_said(reply)}")
        return fact, None, reply

    def _rides(self) -> Iterator[Ride]:
        """How the token may travel, the likeliest first."""
        place = self._entry.place.value if self._entry.place else None
        if not self._entry.token:
            return
        if place and place.where is Where.COOKIE:
            yield Ride(carrier=Carrier.COOKIE, name=place.name)
        yield Ride(carrier=Carrier.BEARER)
        yield from (Ride(carrier=Carrier.QUERY, name=name) for name in PARAMETERS)

    def _ask(self, path: str, ride: Ride | None) -> Reply:
        headers = {"accept": "text/event-stream"} | (ride.headers(self._entry.token) if ride else {})
        return self._client.ask("GET", ride.path(path, self._entry.token) if ride else path, headers=headers)

    # beside it

    def _with_token(self, path: str, ride: Fact[Ride] | None) -> Reply:
        headers = (ride.value if ride else Ride(carrier=Carrier.BEARER)).headers(self._entry.token)
        return self._client.ask("GET", path, headers=headers or {"authorization": f"Bearer {self._entry.token}"})

    def _polling(self, ride: Fact[Ride] | None) -> tuple[Fact[str] | None, Fact[str] | None]:
        """Its path, and the pointer of {"unread", "items", "next"} in its answer."""
        described = self._described.polling
        if not self._entry.token:
            return _described(described, self._described.name), None
        for path in (described.path,) if described else () if self._described else POLLING_PATHS:
            reply = self._with_token(path, ride)
            if reply.ok and isinstance(reply.document, dict | list):
                why = f"GET {path} answered {reply.status}"
                pointer = page_pointer(reply.document)
                if pointer is not None:
                    return Fact(value=path, why=why), Fact(value=pointer, why=f"{why} with unread, items and next")
                self._notes.append(f"GET {path} answers without unread, items and next: no polling as the plan has it")
                return Fact(value=path, why=why), None
        return None, None

    def _metrics(self) -> tuple[Fact[str] | None, dict[str, Fact[str]]]:
        described = self._described.metrics
        for path in (described.path,) if described else METRICS_PATHS:
            reply = self._client.ask("GET", path)
            names = metric_names(reply.text) if reply.ok else []
            if names:
                fact = Fact(value=path, why=f"GET {path} answered with metrics")
                return fact, _matched(names, path)
        return None, {}

    def _rest(self, ride: Fact[Ride] | None) -> Fact[str] | None:
        described = self._described.me
        if not self._entry.token:
            return _described(described, self._described.name)
        for path in (described.path,) if described else () if self._described else ME_PATHS:
            reply = self._with_token(path, ride)
            if reply.ok and isinstance(reply.document, dict):
                return Fact(value=path, why=f"GET {path} answered {reply.status}")
        return None


def page_pointer(document: object) -> str | None:
    """Where a document has the object with unread, items and next, at the top or wrapped once; None without."""
    if not isinstance(document, dict):
        return None
    wrapped = [(f"/{name}", inner) for name, inner in document.items() if isinstance(inner, dict)]
    return next((place for place, each in [("", document), *wrapped] if each.keys() >= PAGE), None)


def _described(operation: Operation | None, name: str) -> Fact[str] | None:
    return Fact(value=operation.path, why=f"found in {name}") if operation else None


def _said(reply: Reply) -> str:
    if reply.status == 200:
        return f"200 {reply.header('content-type') or 'without a Content-Type'}"
    wait = f", Retry-After: {reply.header('retry-after')}" if reply.header("retry-after") else ""
    return f"{reply.status} {reply.text[:80]!r}{wait}" if reply.status else "no answer"


def metric_names(text: str) -> list[str]:
    """The names in a Prometheus text: of those with a TYPE line, the others are none of ours."""
    lines = (line.split() for line in text.splitlines() if line.startswith("# TYPE "))
    return [words[2] for words in lines if len(words) >= 3]


def _matched(names: list[str], path: str) -> dict[str, Fact[str]]:
    """The three of the plan, by what they seem to count; those that speak of streams first."""
    streaming = [n for n in names if any(word in n for word in ("sse", "stream", "notif", "event", "subscri"))]
    found: dict[str, Fact[str]] = {}
    for key, pattern in METRICS.items():
        name = next((n for n in streaming if pattern.fullmatch(n) and n not in [f.value for f in found.values()]), None)
        if name:
            found[key] = Fact(value=name, why=f"GET {path} has it")
    return found
