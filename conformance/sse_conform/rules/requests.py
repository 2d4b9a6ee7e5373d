"""Rules on requests that are not an EventSource's: other methods, missing or odd headers, compression."""

from collections.abc import Iterator
from dataclasses import dataclass

from sse_conform.entries import Published
from sse_conform.evidence import SECOND, Delivery, deliveries, first_snapshot, greets, opened, sealed
from sse_conform.rule import Finding, rule
from sse_conform.spec import Capability, Level, plan, rfc
from sse_conform.terms import Terms
from sse_conform.transcript import Stream, Transcript

_METHODS, _ODD, _COMPRESSED = "stream.methods", "stream.odd-requests", "stream.compressed"
#: The attempt that is odd in every way, and the one whose scheme alone is.
_TOGETHER, _LOWER_CASE = "all-at-once", "lower-case-scheme"


#: What is neither GET, nor answered as GET is, nor a preflight; the rare ones come in the burst against the limit.
_OTHERS = ("POST", "PUT", "DELETE")


def _answered(transcript: Transcript, *methods: str) -> Iterator[Stream]:
    """The attempts with these methods that were not stopped by the limiter, in a run in which a plain GET worked."""
    if any(opened(transcript)):
        yield from (s for s in transcript.streams if s.attempt.method in methods and s.status != 429)


@rule(
    "stream.head-method",
    level=Level.MUST,
    spec=rfc(9110, "9.3.2"),
    over=lambda transcript: _answered(transcript, "HEAD"),
    scenes=_METHODS,
    hint="the framework runs the GET handler for HEAD, and that never ends",
)
def head_ends(stream: Stream) -> Iterator[Finding]:
    """
    HEAD ends promptly and without a body.

    Monitors and link checkers send it; each one that hangs pins a stream for nobody.
    """
    if stream.body:
        yield Finding(expected="no body", actual=f"{len(stream.body)} bytes", at=stream)
    elif stream.head is None:
        detail = stream.end.detail if stream.end else "no answer"
        yield Finding(expected="an answer", actual=detail, at=stream)
    elif stream.closed_by_suite:
        yield Finding(expected="the end of the answer", actual="it was still open after 2 s", at=stream)


@rule(
    "stream.get-only",
    level=Level.MUST,
    spec=plan("Backend Design"),
    over=lambda transcript: _answered(transcript, *_OTHERS),
    scenes=_METHODS,
    hint="the route is registered for every method",
)
def other_methods_open_nothing(stream: Stream) -> Iterator[Finding]:
    """
    No other method than GET opens a stream.

    What POST opens escapes caches' and proxies' rules, and often the checks that guard GET.
    """
    if stream.opened and stream.media_type == "text/event-stream":
        yield Finding(expected="405", actual=f"a stream by {stream.attempt.method}", at=stream)


@rule(
    "stream.method-not-allowed",
    level=Level.SHOULD,
    spec=rfc(9110, "15.5.6"),
    over=lambda transcript: (s for s in _answered(transcript, *_OTHERS) if s.head),
    scenes=_METHODS,
    hint="the framework answers 404 or 500 where the method does not match",
)
def other_methods_are_405(stream: Stream) -> Iterator[Finding]:
    """
    Other methods are answered with 405 and Allow.

    It tells a developer at once what is wrong.
    """
    if stream.status != 405:
        yield Finding(expected="405", actual=f"{stream.status} to {stream.attempt.method}", at=stream)
    elif not stream.headers("allow"):
        yield Finding(expected="Allow: GET", actual="405 without Allow", at=stream)


def odd_requests(transcript: Transcript) -> Iterator[Stream]:
    """
    The attempts with missing or odd headers, the limiter's refusals left out, where ordinary ones get a snapshot.

    Where the one that is odd in every way failed, those that are odd in one say why.
    """
    streams = [s for s in transcript.streams_in(_ODD) if greets(transcript) and s.status != 429]
    alone = [s for s in streams if s.attempt.part != _TOGETHER]
    return (s for s in alone or streams if s.attempt.part != _LOWER_CASE)


@rule(
    "stream.odd-headers",
    level=Level.MUST,
    spec=(plan("Backend Design"), rfc(9110, "12.5.1")),
    over=odd_requests,
    scenes=_ODD,
    hint="a header is read without a check that it is there",
)
def survives_odd_headers(stream: Stream) -> Iterator[Finding]:
    """
    A missing or odd Accept, User-Agent or Accept-Encoding does no harm.

    Tools, proxies and polyfills send less than a browser. 406 and 415 are legal; an error or silence is not.
    """
    part = stream.attempt.part
    if stream.status in {406, 415}:
        return
    if stream.head is None:
        yield Finding(expected="an answer", actual=f"{part}: {stream.end.detail if stream.end else 'none'}", at=stream)
    elif not stream.opened:
        yield Finding(expected="200", actual=f"{part}: {stream.status}", at=stream)
    elif first_snapshot(stream) is None and stream.closed_by_suite:
        yield Finding(expected="the snapshot", actual=f"{part}: none came", at=stream)


def lower_case_schemes(transcript: Transcript) -> Iterator[Stream]:
    """
    The attempt whose bearer scheme is spelt in lower case, where the target takes bearer tokens.

    The one that is odd in other ways as well counts where it succeeded.
    """
    for stream in transcript.streams_in(_ODD, _TOGETHER, _LOWER_CASE):
        answered = stream.head and stream.status != 429 and (stream.opened or stream.attempt.part == _LOWER_CASE)
        if answered and any(name == "authorization" for name, _ in stream.attempt.headers):
            yield stream


@rule(
    "auth.scheme-case",
    level=Level.SHOULD,
    spec=rfc(9110, "11.1"),
    over=lower_case_schemes,
    scenes=_ODD,
    needs={Capability.BEARER},
    hint="the scheme is compared with == 'Bearer'",
)
def scheme_has_no_case(stream: Stream) -> Iterator[Finding]:
    """
    The name of the authentication scheme is not case-sensitive.

    HTTP libraries differ in how they spell it.
    """
    if not stream.opened:
        yield Finding(expected="200 to Authorization: bearer ...", actual=str(stream.status), at=stream)


@dataclass(frozen=True, kw_only=True, slots=True)
class Sealed:
    """A stream whose body cannot be read, and an event of which something had to come on it between two instants."""

    stream: Stream
    published: Published
    until: int

    @property
    def came(self) -> int | None:
        """When something did, in time or not."""
        return next((piece.t for piece in self.stream.pieces if piece.data and piece.t > self.published.t), None)


def _sealed_deliveries(transcript: Transcript) -> Iterator[Sealed]:
    """What should have come to clients in codings that cannot be undone here: some octets, in time."""
    budget = round(transcript.terms.latency * SECOND)
    for stream in filter(sealed, transcript.streams_in(_COMPRESSED)):
        for published in transcript.publishes:
            until = published.acked + budget
            ours = published.accepted and published.scene == _COMPRESSED and published.to == stream.attempt.user
            if ours and stream.answered < published.t and until <= stream.watched_until:
                yield Sealed(stream=stream, published=published, until=until)


def compressed_deliveries(transcript: Transcript) -> Iterator[Delivery | Sealed | Stream]:
    """What should have come to clients that accept compression: the events, or the snapshot where that did not come."""
    if greets(transcript):
        streams = [s for s in transcript.streams_in(_COMPRESSED) if s.opened and not sealed(s)]
        yield from (s for s in streams if first_snapshot(s) is None)
        yield from _sealed_deliveries(transcript)
    yield from deliveries(transcript, _COMPRESSED)


def _late(subject: Sealed, expected: str) -> Iterator[Finding]:
    """That nothing came in time; what never came is not explained by less lag than the whole budget."""
    since, until, came = subject.published.acked, subject.until, subject.came
    excess = came - until if came else until - since
    if excess > 0:
        coding = ",".join(subject.stream.headers("content-encoding"))
        yield Finding(
            expected=f"the event {expected}",
            actual=f"nothing came in {coding}",
            at=subject.stream,
            since=since,
            until=came or until,
            excess=excess,
        )


@rule(
    "stream.compressed-in-time",
    level=Level.MUST,
    spec=(plan("Goals"), rfc(9110, "8.4")),
    over=compressed_deliveries,
    scenes=_COMPRESSED,
    needs={Capability.TRIGGERS},
    timed=True,
    hint="the compressor is not flushed after each event",
)
def compressed_comes_in_time(subject: Delivery | Sealed | Stream, terms: Terms) -> Iterator[Finding]:
    """
    With Accept-Encoding: gzip, and with what browsers accept, every event still arrives within the latency budget.

    A compressor keeps what it was given until its window is full or it is flushed. Compressed or not is free. Of br and
    zstd, which are not undone here, some octets have to come in time.
    """
    expected = f"within {terms.latency:g} s"
    if isinstance(subject, Stream):
        yield Finding(expected=f"the snapshot {expected}", actual="it never came", at=subject)
    elif isinstance(subject, Sealed):
        yield from _late(subject, expected)
    elif not subject.copies:
        yield Finding(expected=f"the event {expected}", actual="it never came", at=subject.published)
    else:
        first, acked = subject.copies[0], subject.published.acked
        excess = first.t - acked - round(terms.latency * SECOND)
        if excess > 0:
            late = f"after {(first.t - acked) / SECOND:.3f} s"
            yield Finding(expected=expected, actual=late, at=first, since=acked, until=first.t, excess=excess)


RULES = (
    head_ends,
    other_methods_open_nothing,
    other_methods_are_405,
    survives_odd_headers,
    scheme_has_no_case,
    compressed_comes_in_time,
)
