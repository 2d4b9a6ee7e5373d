"""Records of the target's own page, and what the rules make of them."""

from typing import Any

from sse_conform import entries as e
from sse_conform.browser_entries import Deed, PageOpened, Relayed
from sse_conform.rules import BY_ID
from sse_conform.spec import Capability
from sse_conform.terms import Terms
from sse_conform.verdict import Outcome, Verdict, judge

from ..records import completed, event, ns, published, showed, stream, transcript

LIST, FALLBACK, SESSION = "page.list", "page.fallback", "page.session"
TERMS = Terms(
    retry=5000,
    kept_items=3,
    fallback=60.0,
    capabilities=(
        Capability.BROWSER, Capability.UI, Capability.TRIGGERS, Capability.MARKERS, Capability.POLLING,
    ),
)  # fmt: skip
RETRY = b"retry: 5000\n"


def opened(scene: str) -> PageOpened:
    return PageOpened(
        t=0, page=1, device=1, scene=scene, part="", user="alice", token=e.TokenKind.GENUINE, browser="b", own=True
    )


def deed(scene: str, kind: Deed, at: float, *, conn: int = 0) -> Relayed:
    return Relayed(t=ns(at), device=1, scene=scene, deed=kind, conn=conn)


def asked(scene: str, *instants: float) -> list[e.AnyEntry]:
    return [deed(scene, Deed.PUSH, at) for at in instants]


def on_page(scene: str, *pieces: tuple[float, bytes], conn: int = 1, at: float = 0.0, **more: Any) -> list[e.AnyEntry]:
    """A stream of the page, which it asked for."""
    return [*asked(scene, at), *stream(*pieces, conn=conn, at=at, page=1, scene=scene, **more)]


def cut(scene: str, at: float) -> list[e.AnyEntry]:
    """The proxy cuts the first stream."""
    return [deed(scene, Deed.CUT, at, conn=1), e.Ended(t=ns(at), conn=1, kind=e.EndKind.CLOSED)]


def told(of: e.Published) -> bytes:
    return event("notification", {"id": of.number, "type": "NEW", "message": of.marker})


def listing(*of: e.Published, unread: int | None = None) -> bytes:
    items = [{"id": each.number, "type": "NEW", "message": each.marker} for each in of]
    return event("snapshot", {"unread": len(items) if unread is None else unread, "items": items})


def look(scene: str, *texts: str, at: float, part: str = "", **more: Any) -> e.PageShowed:
    return showed(*texts, at=at, scene=scene, part=part, **more)


def made(scene: str, *parts: str, at: float = 1.0) -> list[e.Published]:
    return [
        published(at + number / 10, scene=scene, part=part, number=number) for number, part in enumerate(parts, start=1)
    ]


def verdict(rule: str, scene: str, *lines: Any) -> Verdict:
    recorded = transcript(opened(scene), *lines, completed(scene), terms=TERMS, scenes=(scene,))
    return judge(BY_ID[rule], recorded)


def outcome(rule: str, scene: str, *lines: Any) -> Outcome:
    return verdict(rule, scene, *lines).outcome
