"""Rules on logging out: the token is worth nothing from then on, neither for a new stream nor for an open one."""

from collections.abc import Iterator
from dataclasses import dataclass

from sse_conform.evidence import SECOND, refuses
from sse_conform.rule import Finding, rule
from sse_conform.spec import Capability, Level, plan, rfc
from sse_conform.terms import Terms
from sse_conform.transcript import Stream, Transcript

_SCENE = "auth.logout"
_SPEC = (plan("Security"), rfc(7009, "2"))


@dataclass(frozen=True, kw_only=True, slots=True)
class Logout:
    """A logout that was answered with 2xx or 3xx, and one attempt with its token: the open stream, or a later one."""

    answered: int
    stream: Stream


def logouts(transcript: Transcript, part: str) -> Iterator[Logout]:
    """The attempts of one part around the logout, where the token had opened a stream that was still open."""
    exchanges = [x for x in transcript.exchanges if x.scene == _SCENE and x.part == "logout" and 200 <= x.status < 400]
    for exchange in exchanges:
        before = transcript.streams_in(_SCENE, "before")
        if any(stream.opened and stream.watched_until >= exchange.t for stream in before):
            for stream in transcript.streams_in(_SCENE, part):
                if stream.admitted:
                    yield Logout(answered=exchange.answered, stream=stream)


@rule(
    "auth.logout-refuses",
    level=Level.MUST,
    spec=_SPEC,
    over=lambda transcript: logouts(transcript, "after"),
    scenes=_SCENE,
    needs={Capability.LOGOUT},
    hint="logging out clears the cookie and nothing else",
)
def token_is_refused(logout: Logout) -> Iterator[Finding]:
    """
    After a logout the token opens no stream.

    Whoever has copied it, from a shared machine or from a log, goes on reading until it expires.
    """
    if not refuses(logout.stream.status):
        yield Finding(expected="401", actual=f"{logout.stream.status} after the logout", at=logout.stream)


@rule(
    "auth.logout-closes",
    level=Level.MUST,
    spec=_SPEC,
    over=lambda transcript: logouts(transcript, "before"),
    scenes=_SCENE,
    needs={Capability.LOGOUT},
    timed=True,
    hint="the session is forgotten, but nobody tells the streams that it opened",
)
def stream_is_closed(logout: Logout, terms: Terms) -> Iterator[Finding]:
    """
    A logout ends the streams of its token within one heartbeat.

    The next person at the same machine must not see what arrives for the one before.
    """
    stream, limit = logout.stream, round(terms.silence * SECOND)
    lived = stream.watched_until - logout.answered
    if lived > limit:
        open_for = f"{'still open' if stream.closed_by_suite else 'open for'} {lived / SECOND:.3f} s"
        yield Finding(
            expected=f"the end within {terms.silence:g} s",
            actual=f"{open_for} after the logout",
            at=stream,
            since=logout.answered,
            until=stream.watched_until,
            excess=lived - limit,
        )


RULES = (token_is_refused, stream_is_closed)
