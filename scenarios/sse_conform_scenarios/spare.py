"""
Attempts by the doors that are tried last: keys that a token brings along, the token in the other place, rare methods.

Attempts are scarce. Where the target limits them, the limit's scene makes some that only have to be refused, and these
are they; where it does not, they stand beside the others of their kind.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from sse_conform import corpus
from sse_conform.entries import TokenKind
from sse_conform.listening import Subscription
from sse_conform.scenario import Stage
from sse_conform.spec import Capability
from sse_conform.terms import Terms

#: The part of the attempt with a valid token in the other place: it shows whether tokens are read there at all.
CONTROL = "crosswise-control"


@dataclass(frozen=True, kw_only=True, slots=True)
class Knock:
    """One attempt on the stream route; ``crosswise`` ones carry the token where it does not travel otherwise."""

    token: TokenKind = TokenKind.GENUINE
    method: str = "GET"
    crosswise: bool = False

    @property
    def contested(self) -> bool:
        """Whether it may be granted or not: the profile says that tokens are read in either place, no more."""
        return self.crosswise and self.token.valid

    async def at(self, stage: Stage, *, part: str, urgent: bool = False) -> Subscription:
        """Make it, as Alice."""
        return await stage.subscribe(
            "alice",
            part=CONTROL if self.contested else part,
            token=self.token,
            method=self.method,
            crosswise=self.crosswise,
            urgent=urgent,
        )


#: What the code that reads the other place may have forgotten to check, the plainest first.
_FORGOTTEN = (TokenKind.WRONG_KEY, TokenKind.ALG_NONE, TokenKind.EXPIRED)


def elsewhere(terms: Terms) -> bool:
    """Whether the limit's scene makes them; a quick run, which does not play it, makes none."""
    return terms.has(Capability.RATE_LIMIT) or terms.quick


def tokens(terms: Terms) -> Iterator[Knock]:
    """Those with tokens that are to be refused; which of them can be made the stage knows."""
    yield from (Knock(token=token.name) for token in corpus.tokens() if token.spare)
    if terms.has(Capability.HEADER_AND_COOKIE):
        yield from (Knock(token=kind, crosswise=True) for kind in _FORGOTTEN)


def methods() -> Iterator[Knock]:
    """Those with a valid token and a rare method."""
    return (Knock(method=each.method) for each in corpus.methods() if each.spare)


def control(terms: Terms) -> Iterator[Knock]:
    """The one with a valid token in the other place, where one is read there."""
    if terms.has(Capability.HEADER_AND_COOKIE):
        yield Knock(crosswise=True)


def to_be_refused(stage: Stage) -> tuple[Knock, ...]:
    """All that can be made and are to be refused, those first that betray most."""
    first, *others = (knock for knock in tokens(stage.terms) if stage.makes(knock.token))
    return tuple(dict.fromkeys((first, *others[:1], *methods(), *others[1:])))
