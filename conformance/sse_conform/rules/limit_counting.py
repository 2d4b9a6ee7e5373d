"""Rule on what the limit of connection attempts counts: those that succeed, and those that are refused."""

from collections.abc import Iterator
from dataclasses import dataclass

from sse_conform.evidence import SECOND, refuses
from sse_conform.rule import Finding, rule
from sse_conform.rules.rate_limit import until
from sse_conform.spec import Capability, Level, plan, practice
from sse_conform.terms import Terms
from sse_conform.transcript import Stream, Transcript

_SCENE = "rate_limit.burst"
#: At least this share of the limit must have been refused, or nothing can be told.
FEWEST_REFUSED = 0.25
#: Around the border of a fixed window twice the limit is admitted. Where that border would have to lie in so small a
#: share of the window to be the reason, it is not.
COINCIDENCE = 0.001


@dataclass(frozen=True, kw_only=True, slots=True)
class Count:
    """
    What was admitted from one address in the window before the burst ended, and what got 429 then.

    ``opened`` counts the attempts with a valid token, ``refused`` those without that got another 4xx. ``odd`` ones got
    that for their method: a limit may count them with either, or not at all. ``stopped`` is the first valid one that
    got 429, ``guess`` the first that was to be refused.
    """

    opened: int
    refused: int
    odd: int
    stopped: Stream | None
    guess: Stream | None

    def skips_refused(self, terms: Terms, seconds: float) -> bool:
        """Whether as many valid attempts were admitted as if there had been no others."""
        most = _most(terms, seconds)
        alone = any(terms.rate_limit <= valid <= most for valid in (self.opened, self.opened + self.odd))
        return self.guess is None and alone and most < self.opened + self.refused

    def skips_opened(self, terms: Terms, seconds: float) -> bool:
        """Whether more valid attempts were admitted than a limit that counts them admits."""
        return self.stopped is None and self.guess is not None and self.opened > _most(terms, seconds)


def _most(terms: Terms, seconds: float) -> float:
    """What a limit admits within so many seconds: a bucket refills meanwhile."""
    return terms.rate_limit * (1 + seconds / terms.rate_window)


def counts(transcript: Transcript) -> Iterator[tuple[Count, bool]]:
    """
    The burst of the run, where the limit showed and enough was attempted to tell what it counts.

    With it goes whether refused attempts were free. Where a fixed window may explain that, nothing is told, nor where
    a slow target admitted fewer valid ones in a window than any limit does.
    """
    guesses, genuine = (transcript.streams_in(_SCENE, part) for part in ("guess", "burst"))
    stopped, guess = (next((s for s in each if s.status == 429), None) for each in (genuine, guesses))
    if not genuine or not (stopped or guess):
        return
    last, terms = genuine[-1], transcript.terms
    lately = until(transcript, last)
    admitted = [s for s in lately if s.admitted]
    count = Count(
        opened=sum(s.opened for s in admitted),
        refused=sum(refuses(s.status) and s.attempt.method == "GET" for s in admitted),
        odd=sum(map(_odd, admitted)),
        stopped=stopped,
        guess=guess,
    )
    seconds = (last.t - lately[0].t) / SECOND
    free = count.skips_refused(terms, seconds)
    told = count.skips_opened(terms, seconds) or (stopped and (guess or _enough_refused(count, terms)))
    counted = (admitted, [s for s in admitted if not _odd(s)])
    border = max(_gap(each, terms.rate_limit) for each in counted) if free else 0
    if told and border <= COINCIDENCE * terms.rate_window * SECOND:
        yield count, free


def _odd(stream: Stream) -> bool:
    return refuses(stream.status) and stream.attempt.method != "GET"


def _enough_refused(count: Count, terms: Terms) -> bool:
    return count.refused + count.odd >= FEWEST_REFUSED * terms.rate_limit


def _gap(admitted: list[Stream], limit: int) -> int:
    """The stretch (ns) in which a fixed window must have begun that let the last ``limit`` of these, not all, in."""
    return admitted[-limit].t - admitted[-limit - 1].t


@rule(
    "rate_limit.counts-all",
    level=Level.SHOULD,
    spec=(
        plan("Security"),
        practice(
            "OWASP API2:2023, Broken Authentication: protection against brute force",
            "https://owasp.org/API-Security/editions/2023/en/0xa2-broken-authentication/",
        ),
    ),
    over=counts,
    scenes=_SCENE,
    needs={Capability.RATE_LIMIT},
    hint="the limiter stands behind the authentication, or is told to skip what fails or what succeeds",
)
def counts_all_attempts(subject: tuple[Count, bool]) -> Iterator[Finding]:
    """
    Attempts count whether they succeed or are refused.

    Where refused ones are free, tokens may be guessed without an end; where only they count, a storm of reconnects
    meets no limit.
    """
    count, free = subject
    expected = "429 after as many attempts of either kind as the limit allows"
    if count.stopped is None and count.guess is not None:
        actual = f"none of {count.opened} attempts with a valid token got 429, one without did"
        yield Finding(expected=expected, actual=actual, at=count.guess)
    elif count.stopped is not None and free:
        actual = f"{count.opened} attempts with a valid token were admitted, and {count.refused} others beside them"
        yield Finding(expected=expected, actual=actual, at=count.stopped)


RULES = (counts_all_attempts,)
