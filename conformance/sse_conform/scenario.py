"""What is done to a target: scenes, and the stage on which they play."""

import inspect
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Protocol

from sse_conform.browsing import Device, OwnPage, Tab
from sse_conform.control_entry import Order
from sse_conform.corpus import Alias
from sse_conform.entries import EventKind, Published, TokenKind
from sse_conform.listening import Subscription
from sse_conform.spec import Capability
from sse_conform.spelling import Spelling
from sse_conform.terms import Terms


class Nature(StrEnum):
    """
    How a scene disturbs others.

    Loud ones (bursts, floods) never overlap timed ones (whose instants are judged); quiet ones judge what the target
    counts, so they act alone when all that is left is to let time pass. The limiter's scene comes after every other
    attempt, for it uses the limit up. Outages stop the target: each plays alone, when all else is over.
    """

    TIMED = "timed"
    QUIET = "quiet"
    PLAIN = "plain"
    LOUD = "loud"
    LIMITER = "limiter"
    OUTAGE = "outage"


class Variant(StrEnum):
    """What kind of publish a scene asks for: an ordinary one, one to be refused, one that carries sensitive values."""

    ORDINARY = "ordinary"
    INVALID = "invalid"
    SENSITIVE = "sensitive"


@dataclass(frozen=True, kw_only=True, slots=True)
class User:
    """A leased account: its name in the scene, its login name and the id that the service knows it by."""

    label: str
    username: str
    id: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Reply:
    """
    The answer to a REST request: status 0 where none came, the body as JSON (None where it is none) and as text.

    The document of a poll is its page, taken out of what it may be wrapped in.
    """

    status: int
    document: Any = None
    text: str = ""


class Stage(Protocol):
    """All that a scene can do; every act is recorded."""

    @property
    def terms(self) -> Terms:
        """The numbers of this run."""
        ...

    @property
    def kinds(self) -> tuple[EventKind, ...]:
        """The kinds of event that concern as few, and are recognised as surely, as the ordinary one."""
        ...

    def has(self, capability: Capability) -> bool:
        """Whether the target declares or the profile provides ``capability``."""
        ...

    def user(self, label: str) -> User:
        """The leased account of this label; labels are those that the scenario asked for."""
        ...

    async def namesake(self, user: str, alias: Alias) -> bool:
        """Make an account whose name is this alias of the user's, labelled by the alias; whether that worked."""
        ...

    async def second_login(self, user: str) -> str:
        """
        Log the user in once more; the label of the same account with the new token.

        It is the user's own label where there is no other token to be had, and where the first one is refused from then
        on: a service may keep one login of each user, and then it is the new one.
        """
        ...

    def makes(self, token: TokenKind) -> bool:
        """Whether a token of this kind can be made: some need the target's key."""
        ...

    async def subscribe(
        self,
        user: str,
        *,
        part: str = "",
        token: TokenKind = TokenKind.GENUINE,
        method: str = "GET",
        query: str = "",
        headers: Iterable[tuple[str, str]] = (),
        without: Iterable[str] = (),
        scheme: str = "Bearer",
        last_event_id: str | None = None,
        receive_buffer: int | None = None,
        urgent: bool = False,
        beside: str = "",
        crosswise: bool = False,
        path_of: str = "",
        spelling: Spelling = Spelling.PLAIN,
        http2: bool = False,
        elsewhere: bool = False,
    ) -> Subscription:
        """
        One attempt on the stream route; it waits for a place in the connection budget unless ``urgent``.

        Within a scene a user's token of one kind is always the same. ``beside`` labels another user, whose genuine
        token travels in the cookie while the first one's is in the header; ``path_of`` one whom the path names.
        ``crosswise`` the token travels in the cookie alone where it is in the header otherwise, else in the header
        alone. ``spelling`` is how the path is written.
        ``headers`` replace ordinary ones of the same name, ``without`` names those to leave out. ``receive_buffer``
        (bytes) makes the kernel swallow little for a reader that is meant to fall behind. ``http2`` offers HTTP/2
        inside TLS, as browsers do; the target chooses. ``elsewhere`` is the other instance of the target.
        """
        ...

    async def publish(
        self,
        to: str,
        *,
        kind: EventKind | None = None,
        part: str = "",
        text: str = "",
        variant: Variant = Variant.ORDINARY,
        via: Tab | OwnPage | None = None,
        times: int = 1,
    ) -> Published:
        """
        Cause one event for the user labelled ``to``; wait for the acknowledgement.

        It is caused so many ``times``, one after another, with the same text: these are as many events.
        A page that it goes ``via`` sends the requests; the target's own is filled in, where the profile says how.
        """
        ...

    async def device(self, user: str = "", *, token: TokenKind = TokenKind.GENUINE) -> Device:
        """A browser of its own, with the user's credential, or nobody's; it is closed when the scene is over."""
        ...

    async def log_out(self, user: str) -> int:
        """Make the service forget the user's token; the status, 0 without an answer."""
        ...

    async def rest(
        self, user: str, *, part: str = "", token: TokenKind = TokenKind.GENUINE, via: Tab | None = None
    ) -> int:
        """One cheap REST request with the user's token, of a page where it goes ``via`` one; 0 without an answer."""
        ...

    async def poll(
        self,
        user: str,
        *,
        part: str = "",
        query: str = "",
        token: TokenKind = TokenKind.GENUINE,
        origin: str = "",
        spelling: Spelling = Spelling.PLAIN,
    ) -> Reply:
        """
        One polling request; ``query`` holds cursor and limit, ``origin`` names the page that asks.

        ``spelling`` is how the path is written.
        """
        ...

    async def scrape(self, *, part: str = "") -> Reply:
        """One look at the metrics."""
        ...

    async def watch(self, subscription: Subscription, seconds: float, what: str) -> bool:
        """Watch a stream for so long, or until it ends; ``what`` says what for. Whether it was still open then."""
        ...

    async def outlast(self, subscription: Subscription) -> None:
        """
        Watch a stream for as long as other scenes have attempts to make: it takes no time of its own.

        It ends at once where one of them waits for accounts, which this one might hold.
        """
        ...

    async def until_heard(self, name: str, seconds: float, what: str) -> bool:
        """Wait for one more event of this type on any open stream of the run; a timed scene keeps others away."""
        ...

    @property
    def open_streams(self) -> int:
        """How many streams of the run are open now, as far as the suite has noticed; those of pages do not count."""
        ...

    def heard(self, name: str) -> int:
        """How many events of this type came so far, on all streams of the run together."""
        ...

    async def pass_time(self, seconds: float, what: str) -> None:
        """Let time pass on purpose; ``what`` says for what."""
        ...

    async def command(self, order: Order) -> None:
        """
        Have whoever operates the target stop or start it, or its broker; ControlError where that fails.

        A stop is one as by SIGTERM. After a start the target answers, and the users of the scene have logged in anew,
        as far as it still knows them.
        """
        ...

    def note(self, name: str, subscription: Subscription | None = None, value: str = "") -> None:
        """Mark an instant for the rules."""
        ...


Play = Callable[[Stage], Awaitable[None]]
#: A number of attempts: fixed, or by what is promised.
Cost = int | Callable[[Terms], int]


@dataclass(frozen=True, kw_only=True, slots=True)
class Scenario:
    """
    One scene: what it costs, how it disturbs, what it needs.

    ``users`` are the labels of the accounts it leases (``fresh`` ones are new and empty where the profile can make
    them; ``alike`` says that the second one's name begins with the first one's), ``attempts`` the most attempts on the
    stream route it makes, ``usually`` those that a conforming target brings about where that are fewer, ``waits`` gives
    the seconds it lets pass. Without what it ``needs`` it is skipped. ``quick`` ones are played in a quick run too.
    """

    id: str
    title: str
    play: Play
    users: tuple[str, ...]
    attempts: Cost
    nature: Nature
    usually: Cost | None = None
    quick: bool = False
    fresh: frozenset[str] = field(default_factory=frozenset)
    alike: bool = False
    needs: frozenset[Capability] = field(default_factory=frozenset)
    waits: Callable[[Terms], float] = lambda _terms: 0.0

    @property
    def in_browser(self) -> bool:
        """Whether it plays in a browser."""
        return Capability.BROWSER in self.needs

    def most(self, terms: Terms) -> int:
        """The most attempts on the stream route that it makes."""
        return _number(self.attempts, terms)

    def expected(self, terms: Terms) -> int:
        """The attempts that it makes on a conforming target."""
        return _number(self.attempts if self.usually is None else self.usually, terms)


def _number(cost: Cost, terms: Terms) -> int:
    return cost if isinstance(cost, int) else cost(terms)


def scenario(
    id: str,  # noqa: A002 - the field's own word
    *,
    attempts: Cost,
    usually: Cost | None = None,
    quick: bool = False,
    users: tuple[str, ...] = (),
    fresh: Iterable[str] = (),
    alike: bool = False,
    needs: Iterable[Capability] = (),
    nature: Nature = Nature.PLAIN,
    waits: Callable[[Terms], float] | None = None,
) -> Callable[[Play], Scenario]:
    """Make a scenario of a coroutine that plays on a stage; the first line of its docstring is the title."""

    def make(play: Play) -> Scenario:
        return Scenario(
            id=id,
            title=inspect.cleandoc(play.__doc__ or "").partition("\n")[0],
            play=play,
            users=users,
            attempts=attempts,
            usually=usually,
            quick=quick,
            nature=nature,
            fresh=frozenset(fresh),
            alike=alike,
            needs=frozenset(needs),
            waits=waits or (lambda _terms: 0.0),
        )

    return make
