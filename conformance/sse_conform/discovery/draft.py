"""All that goes into a profile: what was found, what was given, and what follows from both."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from sse_conform.discovery.described import Described
from sse_conform.discovery.entry import Entry, Person
from sse_conform.discovery.fact import GUESSED, Fact
from sse_conform.discovery.routes import Routes
from sse_conform.discovery.triggers import TriggerDraft, draft_triggers
from sse_conform.discovery.words import SUBJECTS
from sse_conform.profile import Tls
from sse_conform.token_places import decoded, is_jwt

#: The address of the example, where none was given.
EXAMPLE = "http://127.0.0.1:3000"
#: Where the suite looks for the signing key unless another variable is named.
KEY_REFERENCE = "env:JWT_SECRET"
#: Claims that a service may demand; the suite keeps them as they are when it makes tokens.
_KEPT = ("iss", "aud")


@dataclass(frozen=True, kw_only=True, slots=True)
class TokenFacts:
    """What a genuine token says of itself; all empty where it is no JWT."""

    algorithms: Fact[tuple[str, ...]] | None = None
    subject: Fact[str] | None = None
    lifetime: int | None = None
    kept: Mapping[str, object] = field(default_factory=dict)
    opaque: bool = False

    @property
    def shared_secret(self) -> bool:
        """Whether the key that signs is also the one that verifies."""
        return bool(self.algorithms and self.algorithms.value[0].startswith("HS"))


def token_facts(entry: Entry) -> TokenFacts:
    """Read a token: its algorithm, and which of its claims names the user, by the id that the sign-up gave."""
    token = entry.token
    if not is_jwt(token):
        return TokenFacts(opaque=bool(token))
    header, claims = decoded(token, 0), decoded(token, 1)
    known = {str(name) for name in (entry.user_id, entry.person.username if entry.person else None) if name is not None}
    equal = [name for name, value in claims.items() if entry.user_id is not None and str(value) == str(entry.user_id)]
    named = [name for name in SUBJECTS if name in claims]
    by_name = [name for name, value in claims.items() if str(value) in known]
    if equal:
        subject = Fact(value=min(equal, key=_likelihood), why="the claim that equals the id of the new account")
    elif named or by_name:
        why = f"the token has it beside {', '.join(name for name in claims if name != (named or by_name)[0])}"
        subject = Fact(value=(named or by_name)[0], why=why)
    else:
        subject = Fact(value="sub", why=f"the token has {', '.join(claims)}: {GUESSED}")
    born, ends = claims.get("iat"), claims.get("exp")
    both = isinstance(born, int | float) and isinstance(ends, int | float)
    return TokenFacts(
        algorithms=Fact(value=(str(header["alg"]),), why="the token is signed with it"),
        subject=subject,
        lifetime=int(ends - born) if both else None,  # type: ignore[operator]  # both are numbers
        kept={name: claims[name] for name in _KEPT if name in claims},
    )


def _likelihood(name: str) -> int:
    return SUBJECTS.index(name) if name in SUBJECTS else len(SUBJECTS)


@dataclass(frozen=True, kw_only=True, slots=True)
class Draft:
    """Everything that the page is written from. ``asked`` requests were made, none where nothing was looked at."""

    url: str
    tls: Tls = field(default_factory=Tls)
    person: Person | None = None
    admin: Person | None = None
    key_reference: str = ""
    described: Described = field(default_factory=Described)
    entry: Entry = field(default_factory=Entry)
    routes: Routes = field(default_factory=Routes)
    asked: int = 0
    exhausted: bool = False

    @property
    def token(self) -> TokenFacts:
        """What the genuine token says of itself."""
        return token_facts(self.entry)

    @property
    def triggers(self) -> Mapping[str, Fact[TriggerDraft]]:
        """The triggers that the description offers."""
        return draft_triggers(self.described)

    @property
    def to_fill_in(self) -> tuple[str, ...]:
        """What nobody but a person can find out, with the keys of the profile that it belongs to."""
        parts = {
            "how to log in ([auth.login])": self.entry.token and (self.entry.login or self.person),
            "the stream route (paths.stream)": self.routes.stream,
            "how the token travels (auth.carrier)": self.routes.ride or not (self.entry.token and self.routes.stream),
            "accounts ([users.signup] or [[users.accounts]])": self.entry.sign_up or self.person,
            "requests that cause events ([triggers.*])": self.triggers,
        }
        return tuple(part for part, found in parts.items() if not found)

    @property
    def notes(self) -> tuple[str, ...]:
        """What a person should know of how this came about."""
        return (*self.entry.notes, *self.routes.notes)
