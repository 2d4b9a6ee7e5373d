"""Rules on streams whose token expires while they are open."""

from collections.abc import Iterator
from datetime import datetime
from email.utils import parsedate_to_datetime

from sse_conform.entries import TokenKind
from sse_conform.evidence import SECOND
from sse_conform.rule import Finding, rule
from sse_conform.rules.auth import controlled
from sse_conform.spec import Capability, Level, plan, rfc
from sse_conform.terms import Terms
from sse_conform.transcript import Stream, Transcript

_SCENE = "auth.expiry"
#: The token of the scene is valid for at least so long, in seconds ...
VALID_SECONDS = 3.0
#: ... and at most for so long.
LONGEST_SECONDS = 4.0
#: Tokens name whole seconds and clocks differ a little: so much earlier is still about the end.
GRACE_SECONDS = 1.5
#: A token that expired lately did so by this many seconds.
LATELY_SECONDS = 5.0


def lead(transcript: Transcript) -> float:
    """
    Seconds by which the target's clock is surely ahead of ours, less than nothing where it is behind.

    Read off the Date of every answer: it names a whole second that has begun, and some servers write it once a second,
    so that the latest one says most. Without any the clocks are taken for one.
    """
    started = datetime.fromisoformat(transcript.header.started_at)
    leads = []
    for stream in transcript.streams:
        for value in stream.headers("date"):
            try:
                theirs = (parsedate_to_datetime(value) - started).total_seconds()
            except (ValueError, TypeError):  # no date, or one without a zone
                continue
            leads.append(theirs - stream.answered / SECOND)
    return max(leads, default=0.0)


def near_expiry(transcript: Transcript) -> Iterator[Stream]:
    """The stream that was opened with a token about to expire, if the target accepted it."""
    return (stream for stream in transcript.streams_in(_SCENE, "near-expiry") if stream.opened)


def to_be_ended(transcript: Transcript) -> Iterator[Stream]:
    """That stream, and the one that was resumed beside it with the same token."""
    for first in near_expiry(transcript):
        yield first
        yield from (stream for stream in transcript.streams_in(_SCENE, "resumed") if stream.opened)


def _lived(stream: Stream) -> float:
    return (stream.watched_until - stream.t) / SECOND


@rule(
    "auth.near-expiry-kept",
    level=Level.MUST,
    spec=(plan("Security"), rfc(7519, "4.1.4")),
    over=near_expiry,
    scenes=_SCENE,
    needs={Capability.SIGNING_KEY},
    timed=True,
    hint="the end is computed with a margin that is larger than what is left",
)
def is_kept_until_its_end(stream: Stream) -> Iterator[Finding]:
    """
    A stream whose token is near its end is kept until about then.

    Accepted and dropped at once, the client comes back at once: a loop that lasts until the token is renewed.
    """
    lived, least = _lived(stream), VALID_SECONDS - GRACE_SECONDS
    if not stream.cut_short and lived < least:
        yield Finding(
            expected=f"open for about {VALID_SECONDS:g} s",
            actual=f"ended after {lived:.3f} s",
            at=stream,
            since=stream.t - SECOND,  # the token was made before the attempt
            until=stream.watched_until,
            excess=round((least - lived) * SECOND),
        )


@rule(
    "auth.ends-at-expiry",
    level=Level.SHOULD,
    spec=(plan("Security"), rfc(7519, "4.1.4")),
    over=to_be_ended,
    scenes=_SCENE,
    needs={Capability.SIGNING_KEY},
    hint="the token is looked at when the stream opens and never again",
)
def ends_at_expiry(stream: Stream, terms: Terms) -> Iterator[Finding]:
    """
    A stream ends within one heartbeat after its token expired.

    Otherwise a token that was good once is good as long as the connection holds.
    """
    if stream.closed_by_suite:
        last = LONGEST_SECONDS + terms.leeway + terms.silence
        yield Finding(
            expected=f"the end within {last:g} s", actual=f"still open after {_lived(stream):.1f} s", at=stream
        )


def watched_past_expiry(transcript: Transcript) -> Iterator[tuple[Stream, Transcript]]:
    """The same streams with the transcript, to look for what was published after the end."""
    return ((stream, transcript) for stream in to_be_ended(transcript))


@rule(
    "auth.closes-at-expiry",
    level=Level.MUST,
    spec=plan("Security"),
    over=watched_past_expiry,
    scenes=_SCENE,
    needs={Capability.SIGNING_KEY, Capability.CLOSES_AT_EXPIRY, Capability.TRIGGERS},
    hint="nothing ends the stream when the token does",
)
def tells_nothing_after_expiry(subject: tuple[Stream, Transcript]) -> Iterator[Finding]:
    """
    Where the service says that it closes streams at expiry, nothing is delivered after it.

    Judged by an event that is published one heartbeat after the end.
    """
    stream, transcript = subject
    for published in transcript.publishes:
        if published.scene == _SCENE and published.part == "after-expiry":
            for event in stream.mentions(published):
                yield Finding(expected="a closed stream", actual="an event after the token's end", at=event)


def lately_expired(transcript: Transcript) -> Iterator[Stream]:
    """The attempt with a token that expired lately, also by the target's clock, where its valid twin was taken."""
    if controlled(transcript) and lead(transcript) > -LATELY_SECONDS:
        for stream in transcript.streams_in("auth.refusals"):
            if stream.attempt.token is TokenKind.LATELY_EXPIRED and stream.admitted:
                yield stream


@rule(
    "auth.leeway-200",
    level=Level.SHOULD,
    spec=(plan("Security"), rfc(7519, "4.1.4")),
    over=lately_expired,
    scenes="auth.refusals",
    quick=False,
    needs={Capability.SIGNING_KEY},
    hint="the verifier forgives clocks by a leeway that is meant for services, not for clients",
)
def expired_lately_is_expired(stream: Stream) -> Iterator[Finding]:
    """
    A token that expired seconds ago opens no stream.

    Within the leeway it is legal, and yet the client is let in only to be thrown out: it had better log in.
    """
    if stream.opened:
        yield Finding(expected="401", actual=f"200 to a token that expired {LATELY_SECONDS:g} s ago", at=stream)


def reconnects(transcript: Transcript) -> Iterator[Stream]:
    """The reconnect with the token of the stream, where exp and leeway were past by the target's clock, too."""
    for first in near_expiry(transcript):
        past = first.t / SECOND + LONGEST_SECONDS + transcript.terms.leeway
        for stream in transcript.streams_in(_SCENE, "reconnect"):
            if stream.admitted and stream.t / SECOND + lead(transcript) >= past:
                yield stream


@rule(
    "auth.expired-401-reconnect",
    level=Level.MUST,
    spec=(plan("Testing"), plan("Failure / Retry")),
    over=reconnects,
    scenes=_SCENE,
    needs={Capability.SIGNING_KEY},
    hint="a verified token is remembered, and its end is not looked at again",
)
def reconnect_after_expiry_is_401(stream: Stream) -> Iterator[Finding]:
    """
    A client that comes back with a token that was good and has expired gets 401.

    It is how every session ends: EventSource reconnects with the token it has, and the page asks for a login at 401.
    """
    if stream.status != 401:
        yield Finding(expected="401", actual=f"{stream.status} to a token that was good before", at=stream)


RULES = (
    is_kept_until_its_end,
    ends_at_expiry,
    tells_nothing_after_expiry,
    expired_lately_is_expired,
    reconnect_after_expiry_is_401,
)
