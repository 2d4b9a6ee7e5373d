"""Rules on logging out: the token is worth nothing from then on, neither for a new stream nor for an open one."""

from collections.abc import Iterator
from dataclasses import dataclass

from sse_conform import entries as e
from sse_conform.evidence import SECOND, refuses
from sse_conform.rule import Finding, rule
from sse_conform.spec import Capability, Level, plan, rfc
from sse_conform.terms import Terms
from sse_conform.transcript import Stream, Transcript

_SCENE, _SECOND = "auth.logout", "before-too"
_SPEC = (plan("Security"), rfc(7009, "2"))


@dataclass(frozen=True, kw_only=True, slots=True)
class Logout:
    """A logout that was answered with 2xx or 3xx, and the streams of its token that were open then."""

    answered: int
    streams: tuple[Stream, ...]


def logouts(transcript: Transcript) -> Iterator[Logout]:
    """The logout, where its token had a stream that was still open."""
    for exchange in transcript.exchanges:
        if exchange.scene == _SCENE and exchange.part == "logout" and 200 <= exchange.status < 400:
            before = transcript.streams_in(_SCENE, "before", _SECOND)
            still = tuple(stream for stream in before if stream.opened and stream.watched_until >= exchange.t)
            if still:
                yield Logout(answered=exchange.answered, streams=still)


def comebacks(transcript: Transcript) -> Iterator[Stream | e.Exchanged]:
    """What was asked for with the token after its logout: a stream, and a page where one was given before."""
    for _ in logouts(transcript):
        yield from (stream for stream in transcript.streams_in(_SCENE, "after") if stream.admitted)
        polls = [x for x in transcript.exchanges if x.scene == _SCENE and x.part in {"poll-before", "poll-after"}]
        if any(poll.part == "poll-before" and poll.status == 200 for poll in polls):
            yield from (poll for poll in polls if poll.part == "poll-after" and poll.status not in {0, 429})


def open_streams(transcript: Transcript, *, far: bool = False) -> Iterator[tuple[Stream, int]]:
    """
    Each stream that was open at the logout, and when that was answered.

    Those of the instance that the logout came to, or the ``far`` ones: of two instances the other has the second one.
    """
    two = transcript.terms.has(Capability.MULTI_INSTANCE)
    for logout in logouts(transcript):
        for stream in logout.streams:
            if far == (two and stream.attempt.part == _SECOND):
                yield stream, logout.answered


@rule(
    "auth.logout-refuses",
    level=Level.MUST,
    spec=_SPEC,
    over=comebacks,
    scenes=_SCENE,
    needs={Capability.LOGOUT},
    hint="logging out clears the cookie and nothing else",
)
def token_is_refused(asked: Stream | e.Exchanged) -> Iterator[Finding]:
    """
    After a logout the token opens no stream and reads no page.

    Whoever has copied it, from a shared machine or from a log, goes on reading until it expires.
    """
    if not refuses(asked.status):
        what = "the stream" if isinstance(asked, Stream) else "a poll"
        yield Finding(expected="401", actual=f"{asked.status} to {what} after the logout", at=asked)


@rule(
    "auth.logout-closes",
    level=Level.MUST,
    spec=_SPEC,
    over=open_streams,
    scenes=_SCENE,
    needs={Capability.LOGOUT},
    timed=True,
    hint="the session is forgotten, but nobody tells the streams that it opened",
)
def stream_is_closed(subject: tuple[Stream, int], terms: Terms) -> Iterator[Finding]:
    """
    A logout ends the streams of its token within one heartbeat.

    The next person at the same machine must not see what arrives for the one before.
    """
    yield from _left_open(subject, terms)


@rule(
    "multi_instance.logout",
    level=Level.MUST,
    spec=(plan("Future Upgrade"), *_SPEC),
    over=lambda transcript: open_streams(transcript, far=True),
    scenes=_SCENE,
    needs={Capability.MULTI_INSTANCE, Capability.LOGOUT},
    timed=True,
    hint="what is published the instances tell one another, and logouts they do not",
)
def far_stream_is_closed(subject: tuple[Stream, int], terms: Terms) -> Iterator[Finding]:
    """
    A logout on one instance ends the streams of its token on the other within one heartbeat.

    Behind a load balancer chance decides where the logout arrives, and where the stream is.
    """
    yield from _left_open(subject, terms)


def _left_open(subject: tuple[Stream, int], terms: Terms) -> Iterator[Finding]:
    (stream, answered), limit = subject, round(terms.silence * SECOND)
    lived = stream.watched_until - answered
    if lived > limit:
        open_for = f"{'still open' if stream.closed_by_suite else 'open for'} {lived / SECOND:.3f} s"
        yield Finding(
            expected=f"the end within {terms.silence:g} s",
            actual=f"{open_for} after the logout",
            at=stream,
            since=answered,
            until=stream.watched_until,
            excess=lived - limit,
        )


RULES = (token_is_refused, stream_is_closed, far_stream_is_closed)
