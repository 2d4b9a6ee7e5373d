"""The tokens of one scene: of each user and kind one, made when it is first needed, and never seen in the record."""

from collections.abc import Mapping

from sse_conform.driver.accounts import Identity
from sse_conform.driver.tokens import TokenMint
from sse_conform.entries import Header, TokenKind
from sse_conform.profile import Auth, Carrier
from sse_conform.redaction import Redactor


class Credentials:
    """Tokens by the label of their user and by their kind."""

    def __init__(self, mint: TokenMint, redactor: Redactor, cast: Mapping[str, Identity]) -> None:
        self._mint = mint
        self._redactor = redactor
        self._cast = cast
        self._made: dict[tuple[str, TokenKind], str | None] = {}
        self._used: set[tuple[str, TokenKind]] = set()

    def makes(self, kind: TokenKind) -> bool:
        """Whether a token of this kind can be made: some need the target's key."""
        try:
            self._mint.make(kind, next(iter(self._cast.values())).token)
        except LookupError:
            return False
        return True

    def of(self, user: str, kind: TokenKind) -> str | None:
        """The user's token of this kind, None where none is to be sent. LookupError where it cannot be made."""
        if (user, kind) not in self._made:
            token = self._mint.make(kind, self._cast[user].token)
            if token is not None:
                self._redactor.keep(token, "token")
            self._made[user, kind] = token
        return self._made[user, kind]

    def answered(self, user: str, kind: TokenKind, status: int) -> None:
        """The target answered to it. One that has met nothing but the limiter is made anew: it may be short-lived."""
        if status != 429:
            self._used.add((user, kind))
        elif (user, kind) not in self._used:
            self._made.pop((user, kind), None)

    def forget(self) -> None:
        """Whoever is in the cast was logged in anew: tokens that were made of the old ones may be worth nothing."""
        self._made.clear()
        self._used.clear()

    def both(self, token: str | None, cookie: str, beside: str) -> tuple[Header, ...]:
        """A token in the header and another user's in the cookie, however either of them travels alone."""
        other = self.of(beside, TokenKind.GENUINE)
        return ("authorization", f"Bearer {token}"), ("cookie", f"{cookie}={other}")


def otherwise(auth: Auth, token: str) -> Header:
    """The header with the token where it does not travel ordinarily: in the cookie, or after `Bearer`."""
    if auth.carrier is Carrier.BEARER:
        return "cookie", f"{auth.parameter}={token}"
    return "authorization", f"Bearer {token}"
