"""Rules on streams whose token expires while they are open."""

from collections.abc import Iterator

from sse_conform.evidence import SECOND
from sse_conform.rule import Finding, rule
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


def near_expiry(transcript: Transcript) -> Iterator[Stream]:
    """The stream that was opened with a token about to expire, if the target accepted it."""
    return (stream for stream in transcript.streams_in(_SCENE, "near-expiry") if stream.opened)


def _lived(stream: Stream) -> float:
    return (stream.watched_until - stream.t) / SECOND


@rule(
    "auth.near-expiry-kept",
    level=Level.MUST,
    spec=(plan("Security"), rfc(7519, "4.1.4")),
    over=near_expiry,
    scenes=_SCENE,
    needs={Capability.SIGNING_KEY},
    hint="the end is computed with a margin that is larger than what is left",
)
def is_kept_until_its_end(stream: Stream) -> Iterator[Finding]:
    """
    A stream whose token is near its end is kept until about then.

    Accepted and dropped at once, the client comes back at once: a loop that lasts until the token is renewed.
    """
    lived = _lived(stream)
    if not stream.closed_by_suite and lived < VALID_SECONDS - GRACE_SECONDS:
        yield Finding(expected=f"open for about {VALID_SECONDS:g} s", actual=f"ended after {lived:.3f} s", at=stream)


@rule(
    "auth.ends-at-expiry",
    level=Level.SHOULD,
    spec=(plan("Security"), rfc(7519, "4.1.4")),
    over=near_expiry,
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
    """The same stream with the transcript, to look for what was published after the end."""
    return ((stream, transcript) for stream in near_expiry(transcript))


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


RULES = (is_kept_until_its_end, ends_at_expiry, tells_nothing_after_expiry)
