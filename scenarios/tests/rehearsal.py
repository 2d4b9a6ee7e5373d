"""A stage without a target: everything succeeds at once, and what a scene said is kept."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from sse_conform.browsing import Outage
from sse_conform.corpus import Alias
from sse_conform.entries import EventKind, Order, Published, TokenKind
from sse_conform.scenario import Reply, User, Variant
from sse_conform.spec import Capability
from sse_conform.terms import Terms


@dataclass
class Tab:
    """A subscription on which all that is awaited has come."""

    status: int = 200
    ended: bool = False
    last_event_id: str = "7"
    received: int = 1

    async def until_snapshot(self) -> bool:
        return True

    async def until(self, *published: Published) -> bool:
        return True

    async def until_event(self, name: str, *, seconds: float) -> bool:
        return True

    async def until_ended(self, *, seconds: float) -> bool:
        self.ended = True
        return True

    async def close(self) -> None:
        self.ended = True

    async def reset(self) -> None:
        self.ended = True

    def stall(self) -> None:
        pass

    def resume(self) -> None:
        pass


@dataclass
class Page:
    """A tab of a browser on which all that is awaited has come."""

    attempts: list[dict[str, Any]]
    part: str
    connected: bool = True
    stopped: bool = True
    retry: float = 0.0

    async def until_snapshot(self) -> bool:
        return True

    async def until(self, *published: Published) -> bool:
        return True

    async def until_back(self, *published: Published) -> bool:
        return True

    async def until_lost(self, *, seconds: float) -> bool:
        return True

    async def until_stopped(self, *, seconds: float) -> bool:
        return True

    async def until_let_in(self, *, seconds: float) -> bool:
        return True

    async def reload(self) -> None:
        pass

    async def leave(self) -> None:
        pass

    async def back(self) -> None:
        pass

    async def connect(self) -> None:
        self.attempts.append({"part": self.part})

    async def abandon(self) -> None:
        pass

    async def freeze(self) -> None:
        pass

    async def thaw(self) -> None:
        pass

    async def close(self) -> None:
        pass


@dataclass
class AppPage:
    """The target's own page: each login, each return and each refusal is an attempt."""

    attempts: list[dict[str, Any]]
    part: str
    retry: float = 0.0

    def ask(self) -> bool:
        self.attempts.append({"part": self.part})
        return True

    async def log_in(self) -> None:
        self.ask()

    async def log_out(self) -> bool:
        return True

    async def until_back(self, *, seconds: float) -> bool:
        return self.ask()

    async def until_prompted(self, *, seconds: float) -> bool:
        return self.ask()

    async def until_shown(self, *published: Published, seconds: float) -> bool:
        return True

    async def until_polled(self, *published: Published, seconds: float) -> bool:
        return True

    async def until_heard(self, name: str, *, seconds: float) -> bool:
        return True

    async def hide(self) -> None:
        pass

    async def unhide(self) -> None:
        self.ask()

    async def look(self, part: str) -> None:
        pass

    async def leave(self) -> None:
        pass


@dataclass
class Browser:
    """A device: each tab that opens the stream is an attempt."""

    attempts: list[dict[str, Any]]
    token: TokenKind

    async def open(self, part: str, **settings: Any) -> Page:
        self.attempts.append({"part": part, "token": self.token, **settings})
        return Page(self.attempts, part)

    async def visit(self, part: str) -> Page:
        return Page(self.attempts, part)

    async def use(self, part: str) -> AppPage:
        return AppPage(self.attempts, part)

    def expire(self) -> bool:
        return True

    async def fail(self, outage: Outage) -> None:
        pass

    async def mend(self) -> None:
        pass

    async def close(self) -> None:
        pass


@dataclass
class Rehearsal:
    """The stage; `attempts`, `polls` and `published` are what the scene did, `status` what each attempt gets."""

    terms: Terms = field(default_factory=Terms)
    status: int = 200
    attempts: list[dict[str, Any]] = field(default_factory=list)
    polls: list[dict[str, Any]] = field(default_factory=list)
    published: list[Published] = field(default_factory=list)
    namesakes: list[Alias] = field(default_factory=list)

    @property
    def kinds(self) -> tuple[EventKind, ...]:
        return tuple(EventKind)

    def has(self, capability: Capability) -> bool:
        return True

    def user(self, label: str) -> User:
        return User(label=label, username=f"{label}-name", id=f"{label}-id")

    async def namesake(self, user: str, alias: Alias) -> bool:
        self.namesakes.append(alias)
        return True

    async def second_login(self, user: str) -> str:
        return f"{user}-again"

    def makes(self, token: TokenKind) -> bool:
        return True

    async def subscribe(self, user: str, **attempt: Any) -> Tab:
        self.attempts.append({"user": user, **attempt})
        return Tab(status=self.status)

    async def publish(
        self,
        to: str,
        *,
        kind: EventKind | None = None,
        part: str = "",
        text: str = "",
        variant: Variant = Variant.ORDINARY,
        via: Page | AppPage | None = None,
        times: int = 1,
    ) -> Published:
        said = Published(
            t=0, number=len(self.published), scene="", part=part, kind=kind or EventKind.VULNERABILITY, to=to,
            octets=text.encode("utf-8", "surrogatepass"), marker="", acked=0, status=201, accepted=True, times=times,
        )  # fmt: skip
        self.published.append(said)
        return said

    async def device(self, user: str = "", *, token: TokenKind = TokenKind.GENUINE) -> Browser:
        return Browser(self.attempts, token)

    async def log_out(self, user: str) -> int:
        return 204

    async def rest(self, user: str, **request: Any) -> int:
        return 200

    async def poll(self, user: str, **poll: Any) -> Reply:
        self.polls.append({"user": user, **poll})
        return Reply(status=200, document={"items": [], "next": 1})

    async def scrape(self, *, part: str = "") -> Reply:
        return Reply(status=200)

    async def watch(self, subscription: Tab, seconds: float, what: str) -> bool:
        return True

    async def outlast(self, subscription: Tab) -> None:
        pass

    async def until_heard(self, name: str, seconds: float, what: str) -> bool:
        return True

    @property
    def open_streams(self) -> int:
        return len(self.attempts)

    def heard(self, name: str) -> int:
        return len(self.published)

    async def pass_time(self, seconds: float, what: str) -> None:
        pass

    async def command(self, order: Order) -> None:
        pass

    def note(self, name: str, subscription: Tab | None = None, value: str = "") -> None:
        pass


def values(said: Iterable[dict[str, Any]], key: str) -> set[Any]:
    """What was said under one key."""
    return {each.get(key) for each in said}
