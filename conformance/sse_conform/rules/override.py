"""Rules on whose stream it is: the one of the user whom the token names, whoever else is named."""

from collections.abc import Iterator

from sse_conform.evidence import first_snapshot
from sse_conform.rule import Finding, rule
from sse_conform.spec import Capability, Level, plan
from sse_conform.transcript import Stream, Transcript

_PLAN = plan("Security")


def overrides(transcript: Transcript) -> Iterator[Stream]:
    """The attempts that name another user, who sees on a stream of their own what was to be stolen."""
    streams = transcript.streams_in("auth.override", "override")
    control = transcript.streams_in("auth.override", "control")
    baits = [p for p in transcript.publishes if p.scene == "auth.override" and p.part == "bait" and p.accepted]
    shown = [s for s in control if (snap := first_snapshot(s)) and any(snap in s.mentions(p) for p in baits)]
    return (stream for stream in streams if shown and stream.head and stream.status != 429)


@rule(
    "auth.no-override",
    level=Level.MUST,
    spec=_PLAN,
    over=lambda transcript: ((stream, transcript) for stream in overrides(transcript)),
    scenes="auth.override",
    needs={Capability.SECOND_USER, Capability.TARGETED},
    hint="the handler reads the user from the query before, or instead of, the token",
)
def query_overrides_nothing(subject: tuple[Stream, Transcript]) -> Iterator[Finding]:
    """
    A user named in the query does not override the token.

    Otherwise any user reads any other's stream by changing an address (insecure direct object reference).
    """
    stream, transcript = subject
    baits = [p for p in transcript.publishes if p.scene == "auth.override" and p.part == "bait" and p.accepted]
    for bait in baits:
        for event in stream.mentions(bait):
            yield Finding(expected=f"events of {stream.attempt.user} only", actual=f"an event of {bait.to}", at=event)


RULES = (query_overrides_nothing,)
