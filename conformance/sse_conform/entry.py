"""What every entry of a transcript has in common, and the words that several kinds of them use."""

from enum import StrEnum

import msgspec

Header = tuple[str, str]


class Entry(msgspec.Struct, frozen=True, kw_only=True, tag_field="entry", omit_defaults=True):
    """One thing that happened at ``t`` (ns since the start of the run)."""

    t: int


class TokenKind(StrEnum):
    """What credential an attempt carried: the genuine one, or one mutation of it."""

    GENUINE = "genuine"
    RESIGNED = "resigned"
    MISSING = "missing"
    GARBAGE = "garbage"
    WRONG_KEY = "wrong-key"
    EMBEDDED_KEY = "embedded-key"
    TAMPERED = "tampered"
    CUT_SIGNATURE = "cut-signature"
    EXPIRED = "expired"
    ALG_NONE = "alg-none"
    ALG_NONE_ODD_CASE = "alg-none-odd-case"
    FOREIGN_ALGORITHM = "foreign-algorithm"
    NOT_YET_VALID = "not-yet-valid"
    NO_SUBJECT = "no-subject"
    EMPTY_SUBJECT = "empty-subject"
    NO_EXPIRY = "no-expiry"
    WRONG_ISSUER = "wrong-issuer"
    WRONG_AUDIENCE = "wrong-audience"
    NEAR_EXPIRY = "near-expiry"
    LATELY_EXPIRED = "lately-expired"

    @property
    def minted(self) -> bool:
        """Whether making it needs the target's signing key."""
        return self in _MINTED

    @property
    def valid(self) -> bool:
        """Whether a conforming service accepts it."""
        return self in {TokenKind.GENUINE, TokenKind.RESIGNED}

    @property
    def invalid(self) -> bool:
        """Whether a conforming service refuses it; a token near its end, on either side, may be accepted or not."""
        return not self.valid and self not in {TokenKind.NEAR_EXPIRY, TokenKind.LATELY_EXPIRED}

    @property
    def common(self) -> bool:
        """Whether a quick run tries it too: no token, and what forgers and clocks bring about every day."""
        return self in _COMMON


_COMMON = frozenset(
    {
        TokenKind.MISSING,
        TokenKind.GARBAGE,
        TokenKind.WRONG_KEY,
        TokenKind.TAMPERED,
        TokenKind.EXPIRED,
        TokenKind.ALG_NONE,
    }
)
_MINTED = frozenset(
    {
        TokenKind.RESIGNED,
        TokenKind.EXPIRED,
        TokenKind.FOREIGN_ALGORITHM,
        TokenKind.NOT_YET_VALID,
        TokenKind.NO_SUBJECT,
        TokenKind.EMPTY_SUBJECT,
        TokenKind.NO_EXPIRY,
        TokenKind.WRONG_ISSUER,
        TokenKind.WRONG_AUDIENCE,
        TokenKind.NEAR_EXPIRY,
        TokenKind.LATELY_EXPIRED,
    }
)
