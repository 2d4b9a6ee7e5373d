"""Rules on what the limit of connection attempts goes by, and for how long: the address, for its whole window."""

import math
from collections.abc import Iterator
from dataclasses import dataclass

from sse_conform.evidence import SECOND
from sse_conform.rule import Finding, rule
from sse_conform.rules.rate_limit import limited_bursts, until
from sse_conform.spec import Capability, Level, plan, rfc
from sse_conform.terms import Terms
from sse_conform.transcript import Stream, Transcript

_PLAN = plan("Security")
_SCENE = "rate_limit.burst"
_NEEDS = frozenset({Capability.RATE_LIMIT})
#: How an attempt differs from those of the burst, and what a limit goes by that is so evaded.
_OTHERWISE = {
    "other-user": "another user",
    "other-url": "another query",
    "other-client": "another User-Agent",
    "resumed": "a Last-Event-ID",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Evasion:
    """
    Attempts that differed in one thing from those that had been refused just before, or in everything (``together``).

    ``refilled`` is how many of them a bucket that refills may have admitted meanwhile.
    """

    attempts: tuple[Stream, ...]
    refilled: int
    together: bool

    @property
    def succeeded(self) -> bool:
        """Whether all were admitted, and more than a bucket has."""
        return not self.together and self.refilled < len(self.attempts) == sum(s.opened for s in self.attempts)


def evasions(transcript: Transcript, *parts: str) -> Iterator[Evasion]:
    """
    The attempts in these disguises, each kind after one that was refused: the limit held.

    Where one that differs in everything was refused, no disguise helps, and they are not tried alone.
    """
    for _ in limited_bursts(transcript):
        together = tuple(s for s in transcript.streams_in(_SCENE, "disguised") if s.head)
        if any(stream.status == 429 for stream in together):
            yield Evasion(attempts=together, refilled=0, together=True)
        for part in parts:
            attempts = tuple(s for s in transcript.streams_in(_SCENE, part) if s.head)
            before = [s for s in transcript.streams_in(_SCENE, "beyond") if attempts and s.t < attempts[0].t]
            if before and before[-1].status == 429:
                seconds = (attempts[-1].t - before[-1].t) / SECOND
                rate = transcript.terms.rate_limit / transcript.terms.rate_window
                yield Evasion(attempts=attempts, refilled=math.ceil(seconds * rate), together=False)


@rule(
    "rate_limit.forwarded-for",
    level=Level.MUST,
    spec=(_PLAN, rfc(7239, "8.1")),
    over=lambda transcript: evasions(transcript, "spoofed"),
    scenes=_SCENE,
    needs=_NEEDS | {Capability.UNTRUSTED},
    hint="the left-most hop is believed; take the peer's address, or the last hop that a trusted proxy added (uvicorn "
    "believes whoever connects from loopback: proxy_headers=False, or declare capabilities.trusted_proxy)",
)
def spoofing_evades_nothing(evasion: Evasion) -> Iterator[Finding]:
    """
    A spoofed X-Forwarded-For, Forwarded or X-Real-IP does not evade the limit.

    Anybody can write these headers. Whoever believes them from everybody limits nobody, and lets a stranger use up
    another's attempts.
    """
    if evasion.succeeded:
        yield Finding(
            expected="429, as without these headers",
            actual=f"all {len(evasion.attempts)} attempts with other addresses were admitted",
            at=evasion.attempts[0],
        )


@rule(
    "rate_limit.by-address",
    level=Level.MUST,
    spec=_PLAN,
    over=lambda transcript: evasions(transcript, *_OTHERWISE),
    scenes=_SCENE,
    needs=_NEEDS,
    hint="the limiter's key is the user, the token, the URL or the client instead of the address, or has these in it",
)
def nothing_but_the_address_counts(evasion: Evasion) -> Iterator[Finding]:
    """
    The limit goes by the address alone: another user, query or client, or a resume, meets the same limit.

    What a client may choose is no key: whoever changes it has no limit.
    """
    if evasion.succeeded:
        otherwise = _OTHERWISE[evasion.attempts[0].attempt.part]
        yield Finding(
            expected="429, as for the attempt before",
            actual=f"all {len(evasion.attempts)} attempts with {otherwise} were admitted",
            at=evasion.attempts[0],
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Return:
    """The attempts from the burst's address in the stretch that ends with the last one after a pause."""

    admitted: int
    seconds: float
    last: Stream


def returns(transcript: Transcript) -> Iterator[Return]:
    """The returns after a part of the window, with all that was admitted from that address in the last window."""
    again = [s for s in transcript.streams_in(_SCENE, "again") if s.head]
    if again and any(limited_bursts(transcript)):
        last = again[-1]
        lately = [s for s in until(transcript, last) if s.head]
        admitted = sum(stream.admitted for stream in lately)
        yield Return(admitted=admitted, seconds=(last.t - lately[0].t) / SECOND, last=last)


@rule(
    "rate_limit.lasts",
    level=Level.MUST,
    spec=_PLAN,
    over=returns,
    scenes=_SCENE,
    needs=_NEEDS,
    hint="the window is given in another unit: seconds for minutes",
)
def limit_lasts(returned: Return, terms: Terms) -> Iterator[Finding]:
    """
    The limit lasts for its window.

    Twenty a second is no limit of twenty a minute. Around the border of a fixed window twice the limit may be admitted,
    and a bucket refills.
    """
    most = terms.rate_limit * (2 + returned.seconds / terms.rate_window)
    if returned.admitted > most:
        yield Finding(
            expected=f"at most {most:.0f} admitted within {returned.seconds:.1f} s",
            actual=f"{returned.admitted} admitted",
            at=returned.last,
        )


RULES = (spoofing_evades_nothing, nothing_but_the_address_counts, limit_lasts)
