"""Why there was nothing to look at, as far as the record tells: what was asked for in vain."""

from collections.abc import Iterator

from sse_conform import entries as e
from sse_conform.evidence import has_taken_resigned
from sse_conform.rule import Rule
from sse_conform.spec import Capability
from sse_conform.transcript import Transcript


def why_nothing(rule: Rule, transcript: Transcript) -> str:
    """The reason why a rule is untested whose scenes were played and brought none of its subjects."""
    return ": ".join(("nothing to look at was recorded", *_refusals(rule, transcript)))


def _refusals(rule: Rule, transcript: Transcript) -> Iterator[str]:
    """The first of what the target refused in the scenes of the rule, and what to do about it."""
    refused = [
        stream
        for stream in transcript.streams
        if stream.attempt.token is e.TokenKind.RESIGNED and stream.attempt.scene in rule.scenes and stream.head
    ]
    if refused and not has_taken_resigned(transcript):
        yield (
            f"the genuine token, signed anew with auth.key, was answered with {refused[0].status} "
            "(correct auth.key and auth.algorithms, which conform doctor tries)"
        )
        return
    kinds = {kind for kind in e.EventKind if Capability(kind) in rule.needs} or set(e.EventKind)
    asked = [p for p in transcript.publishes if p.valid and p.scene in rule.scenes and p.kind in kinds]
    failed = [publish for publish in asked if not publish.accepted]
    if failed:
        said = failed[0].error or str(failed[0].status)
        yield (
            f"{len(failed)} of {len(asked)} publishes were not accepted, the first: {said} "
            "(conform doctor tries the triggers)"
        )
