"""The polling fallback: pages, cursors, and whether it agrees with the stream."""

from collections.abc import Sequence
from itertools import cycle
from urllib.parse import quote

from sse_conform import corpus
from sse_conform.entries import TokenKind
from sse_conform.scenario import Stage, scenario
from sse_conform.spec import Capability
from sse_conform.spelling import Spelling
from sse_conform.terms import Terms
from sse_conform_scenarios.kinds import kinds_in_turn

#: Items published, and the sizes of pages in turn: several pages with a remainder, and some of one item.
ITEMS = 11
PAGES = (4, 1, 3)
#: A service that never ends its pages is not followed for ever: up to so many items beyond those that are due.
BEYOND_DUE = 32


def _filed(terms: Terms) -> float:
    return 3 * terms.latency


@scenario(
    "polling.pages",
    users=("alice", "bob"),
    attempts=0,
    quick=True,
    needs={Capability.POLLING, Capability.TRIGGERS, Capability.SECOND_USER},
    waits=_filed,
)
async def pages(stage: Stage) -> None:
    """
    A client polls, follows the cursor page by page, and goes on from its end when something new is there.

    It also polls after somebody else's cursor, and after cursors that are none. Somebody without a token polls, too, at
    the path and at other spellings of it.
    """
    await stage.publish("bob", part="foreign")
    await stage.publish("alice", part="start")
    # An acknowledgement may precede the filing by as much as it may precede the delivery.
    await stage.pass_time(stage.terms.latency, "the acknowledged events to be filed")
    foreign = cursor_after((await stage.poll("bob", part="foreign-start")).document)
    await stage.publish("bob", part="foreign")
    start = await stage.poll("alice", part="start")
    for kind in kinds_in_turn(stage, ITEMS):
        await stage.publish("alice", kind=kind, part="paged")
    await stage.pass_time(stage.terms.latency, "the acknowledged events to be filed")
    end = await follow(stage, cursor_after(start.document), part="page", limits=PAGES, due=ITEMS)
    await stage.poll("alice", part="newest")
    await stage.poll("alice", part="foreign-cursor", query=f"after={quote(foreign)}")
    await stage.poll("alice", part="anonymous", token=TokenKind.MISSING)
    for spelling in Spelling:
        if spelling is not Spelling.PLAIN:
            await stage.poll("alice", part=f"door-{spelling.value}", token=TokenKind.MISSING, spelling=spelling)
    for bad in corpus.cursors():
        await stage.poll("alice", part=f"bad-cursor-{bad.name}", query=f"after={quote(bad.value)}")
    await stage.publish("alice", part="paged-later")
    await stage.pass_time(stage.terms.latency, "the acknowledged event to be filed")
    await follow(stage, end, part="page-later", limits=PAGES, due=1)


async def follow(stage: Stage, cursor: str, *, part: str, limits: Sequence[int | None], due: int) -> str:
    """
    Poll page by page after a cursor of Alice's, up to an empty page; the cursor to go on from.

    A limit is the most that a page may hold, and it may hold fewer: items are counted, not pages. None asks for pages
    of the target's own size.
    """
    listed = 0
    for number, limit in enumerate(cycle(limits)):
        size = "" if limit is None else f"&limit={limit}"
        page = await stage.poll("alice", part=f"{part}-{number}", query=f"after={quote(cursor)}{size}")
        cursor = cursor_after(page.document) or cursor
        items = page.document.get("items") if isinstance(page.document, dict) else None
        listed += len(items) if isinstance(items, list) else 0
        if not items or listed > due + BEYOND_DUE:
            break
    return cursor


def cursor_after(document: object) -> str:
    """The cursor for what comes after this page: what it names, else the id of its last item."""
    if not isinstance(document, dict):
        return ""
    if document.get("next") is not None:
        return str(document["next"])
    items = document.get("items")
    return str(items[-1].get("id", "")) if isinstance(items, list) and items and isinstance(items[-1], dict) else ""


SCENARIOS = (pages,)
