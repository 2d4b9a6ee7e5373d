"""What the stream route answers to a genuine token."""

import datetime as dt
from collections.abc import Iterator
from email.utils import parsedate_to_datetime

from sse_conform.doctor.check import Check
from sse_conform.evidence import SNAPSHOT
from sse_conform.limit_headers import seen_limit
from sse_conform.terms import Terms
from sse_conform.transcript import Stream

#: Clocks further apart than this make tokens expire early or late, in seconds.
CLOCK_SECONDS = 30.0


def stream_checks(control: Stream, terms: Terms, started_at: str) -> Iterator[Check]:
    """Media type, clock, snapshot and limit, read off the stream of a run that began then (ISO 8601)."""
    if control.media_type == "text/event-stream":
        yield Check(name="content type", said=control.media_type)
    else:
        said = f"{control.media_type or 'none'} instead of text/event-stream"
        yield Check(name="content type", said=said, fix="answer with text/event-stream, or correct paths.stream")
    yield _clock_check(control, started_at)
    if any(event.type == SNAPSHOT for event in control.events):
        yield Check(name="snapshot", said="came after the head")
    else:
        names = ", ".join(sorted({event.type for event in control.events})) or "nothing"
        fix = "send `event: snapshot` first on every connection, and flush it"
        yield Check(name="snapshot", said=f"did not come in time; {names} came", fix=fix)
    yield from _limit_checks(control, terms)


def _clock_check(stream: Stream, started_at: str) -> Check:
    """Tokens carry instants, so the two clocks must agree; the Date header tells the target's (RFC 9110, 6.6.1)."""
    try:
        theirs = parsedate_to_datetime(",".join(stream.headers("date")))
    except ValueError:
        return Check(name="clock", said="unknown: the answer has no Date header")
    arrived = stream.head.t if stream.head else stream.t
    ours = dt.datetime.fromisoformat(started_at) + dt.timedelta(microseconds=arrived / 1000)
    offset = (theirs - ours).total_seconds()
    if abs(offset) <= CLOCK_SECONDS:
        return Check(name="clock", said="agrees with ours")
    fix = "set the clock of the target, or of this machine (NTP); tokens made here will seem expired or early there"
    return Check(name="clock", said=f"is {abs(offset):.0f} s {'ahead of' if offset > 0 else 'behind'} ours", fix=fix)


def _limit_checks(stream: Stream, terms: Terms) -> Iterator[Check]:
    """Some services say what their limit is; the suite paces itself by what the profile says."""
    seen = seen_limit({name: ",".join(stream.headers(name)) for name, _ in stream.head.headers} if stream.head else {})
    if seen.attempts is None:
        return
    promised = f"{terms.rate_limit} in {terms.rate_window:g} s"
    window = f" in {seen.window} s" if seen.window else ""
    said = f"{seen.named_by} says {seen.attempts} attempts{window}, the profile {promised}"
    if seen.attempts == terms.rate_limit and seen.window in {None, round(terms.rate_window)}:
        yield Check(name="rate limit", said=said)
    else:
        window = f" and numbers.rate_window = {seen.window}" if seen.window else ""
        yield Check(
            name="rate limit",
            said=said,
            fix=f"set numbers.rate_limit = {seen.attempts}{window}, where this is the stream route's",
        )
