"""Rules on whose stream it is: the one of the user whom the token names, whoever else is named."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from sse_conform import entries as e
from sse_conform.evidence import first_snapshot, items, names, objects, page
from sse_conform.rule import Finding, rule
from sse_conform.spec import Capability, Level, plan, practice
from sse_conform.transcript import Event, Stream, Transcript

_PLAN = plan("Security")
_SCENE = "auth.override"
_NEEDS = frozenset({Capability.SECOND_USER, Capability.TARGETED})


@dataclass(frozen=True, kw_only=True, slots=True)
class Claim:
    """An attempt with one user's token that names another one too, and what it showed of either."""

    stream: Stream
    foreign: tuple[Event, ...]
    own: tuple[Event, ...]


def _told(stream: Stream, publishes: list[e.Published]) -> tuple[Event, ...]:
    return tuple(event for published in publishes for event in stream.mentions(published))


def claims(part: str) -> Callable[[Transcript], Iterator[Claim]]:
    """The answered attempts of one kind, where the other user sees what was to be stolen."""

    def over(transcript: Transcript) -> Iterator[Claim]:
        accepted = [p for p in transcript.publishes if p.scene == _SCENE and p.accepted]
        baits, owned = ([p for p in accepted if p.part == name] for name in ("bait", "own"))
        if _sees(transcript, baits):
            for stream in transcript.streams_in(_SCENE, part):
                if stream.admitted:
                    yield Claim(stream=stream, foreign=_told(stream, baits), own=_told(stream, owned))

    return over


def _sees(transcript: Transcript, baits: list[e.Published]) -> bool:
    """Whether the other user sees the bait: in the snapshot of a stream, or by polling."""
    snapshots = [first_snapshot(stream) for stream in transcript.streams_in(_SCENE, "control")]
    pages = [items(snapshot) for snapshot in snapshots if snapshot]
    polls = [x for x in transcript.exchanges if x.scene == _SCENE and x.part == "control" and x.status == 200]
    pages += [objects(page(poll, transcript.terms)) for poll in polls]
    return any(names(bait, item) for listed in pages for item in listed for bait in baits)


def _stolen(claim: Claim) -> Iterator[Finding]:
    for event in claim.foreign:
        yield Finding(expected=f"events of {claim.stream.attempt.user} only", actual="another user's event", at=event)


@rule(
    "auth.no-override",
    level=Level.MUST,
    spec=_PLAN,
    over=claims("override"),
    scenes=_SCENE,
    needs=_NEEDS,
    hint="the handler reads the user from query or header before, or instead of, the token",
)
def query_overrides_nothing(claim: Claim) -> Iterator[Finding]:
    """
    A user named in the query or in a header does not override the token.

    Otherwise any user reads any other's stream by changing an address (insecure direct object reference).
    """
    yield from _stolen(claim)


@rule(
    "auth.path-overrides-nothing",
    level=Level.MUST,
    spec=_PLAN,
    over=claims("path"),
    scenes=_SCENE,
    needs=_NEEDS,
    hint="the user's id is taken from the path, and nobody compares it with the token's",
)
def path_overrides_nothing(claim: Claim) -> Iterator[Finding]:
    """
    A user named in the path does not override the token.

    No such path is fine, a refusal too, and so is the stream of the user whom the token names.
    """
    yield from _stolen(claim)


@rule(
    "auth.two-credentials",
    level=Level.MUST,
    spec=_PLAN,
    over=claims("both"),
    scenes=_SCENE,
    needs=_NEEDS | {Capability.HEADER_AND_COOKIE},
    hint="one layer reads the header, another one the cookie",
)
def credentials_are_not_mixed(claim: Claim) -> Iterator[Finding]:
    """
    With a header and a cookie of different users a stream never mixes their data.

    Somebody logs in again in another tab: one page then shows the notifications of two people.
    """
    if claim.foreign and claim.own:
        yield Finding(expected="events of one user", actual="events of both", at=claim.foreign[0])


@rule(
    "auth.two-credentials-header",
    level=Level.SHOULD,
    spec=practice("Mercure: where both are sent the Authorization header is used and the cookie is ignored"),
    over=claims("both"),
    scenes=_SCENE,
    needs=_NEEDS | {Capability.HEADER_AND_COOKIE},
    hint="the cookie is looked for first",
)
def header_decides(claim: Claim) -> Iterator[Finding]:
    """
    Where header and cookie name different users, the header decides, or both are refused.

    A client sets the header on purpose; a cookie is sent by itself, and may be left over from another login.
    """
    if claim.foreign and not claim.own:
        yield Finding(expected="the header's user, or 401", actual="the cookie's user", at=claim.foreign[0])


RULES = (query_overrides_nothing, path_overrides_nothing, credentials_are_not_mixed, header_decides)
