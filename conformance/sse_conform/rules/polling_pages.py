"""Rules on following the cursor: pages neither skip nor repeat, come in order, and keep their limit."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlsplit

from sse_conform import entries as e
from sse_conform.evidence import Known
from sse_conform.rule import Finding, rule
from sse_conform.rules.polling import Poll, polls
from sse_conform.spec import Capability, Level, plan
from sse_conform.transcript import Transcript

_PLAN = plan("Goals")
_SCENE = "polling.pages"
_NEEDS = frozenset({Capability.POLLING, Capability.TRIGGERS, Capability.SECOND_USER})
_BURST, _OVERFLOW = "delivery.burst", "snapshot.overflow"
#: Scenes with their pages, the publishes that should be on these, and whether they were published at once.
_WALKS = (
    (_SCENE, "page-", {"paged", "paged-later"}, False),
    (_BURST, "burst-page-", {"burst"}, True),
    (_OVERFLOW, "unlimited-", {"missed"}, False),
    (_OVERFLOW, "from-before-", {"seen", "missed"}, False),
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Walk:
    """The pages after a cursor, what should be on them, in order unless it was published ``at_once``."""

    pages: tuple[Poll, ...]
    published: tuple[e.Published, ...]
    at_once: bool = False

    def positions(self) -> list[list[int]]:
        """For each publish the places at which it stands, counted over all pages."""
        known, places = Known(self.published), defaultdict[int, list[int]](list)
        for place, item in enumerate(item for poll in self.pages for item in poll.items):
            for published in known.named(item):
                places[published.number].append(place)
        return [places[published.number] for published in self.published]

    @property
    def missing(self) -> list[int]:
        """The numbers of the publishes that are on no page."""
        return [p.number for p, places in zip(self.published, self.positions(), strict=True) if not places]

    @property
    def ended(self) -> bool:
        """Whether an empty page said that there is no more: a page may hold fewer items than were asked for."""
        last = self.pages[-1]
        return last.exchange.status == 200 and not last.items


def told_to_the_end(transcript: Transcript) -> Iterator[Walk]:
    """The walks of which it is known whether they skip anything: they show all, or came to an empty page."""
    return (walk for walk in walks(transcript) if walk.ended or not walk.missing)


def walks(transcript: Transcript) -> Iterator[Walk]:
    """
    The walks through pages, none that its scene did not bring to an end.

    Page by page, after a burst, after an absence without a limit, and from where the list had been before.
    """
    cut_short = {scene for scene, end in transcript.outcomes.items() if end.outcome is not e.SceneOutcome.COMPLETED}
    for scene, part, parts, at_once in _WALKS:
        pages = tuple(polls(transcript, part, scene=scene))
        published = tuple(p for p in transcript.publishes if p.scene == scene and p.part in parts and p.accepted)
        if pages and published and scene not in cut_short:
            yield Walk(pages=pages, published=published, at_once=at_once)


@rule(
    "polling.complete",
    level=Level.MUST,
    spec=_PLAN,
    over=told_to_the_end,
    scenes=_SCENE,
    needs=_NEEDS,
    hint="the cursor is a time with ties, or the page is cut before it is ordered",
)
def skips_nothing(walk: Walk) -> Iterator[Finding]:
    """
    Following the cursor skips nothing.

    What a page skips is lost for a client that has no stream.
    """
    if walk.missing:
        yield Finding(
            expected=f"all {len(walk.published)} items over the pages",
            actual=f"{len(walk.missing)} are on none",
            at=walk.pages[-1].exchange,
        )


@rule(
    "polling.exclusive-cursor",
    level=Level.MUST,
    spec=_PLAN,
    over=walks,
    scenes=_SCENE,
    needs=_NEEDS,
    hint=">= where > is due",
)
def repeats_nothing(walk: Walk) -> Iterator[Finding]:
    """
    Following the cursor repeats nothing: the cursor is exclusive.

    An inclusive one shows the last item again with every poll, for ever.
    """
    listed = [str(item.get("id")) for page in walk.pages for item in page.items]
    twice = sorted({one for one in listed if listed.count(one) > 1})
    if twice:
        yield Finding(expected="each item once", actual=f"again: {', '.join(twice[:5])}", at=walk.pages[-1].exchange)


@rule(
    "polling.oldest-first",
    level=Level.MUST,
    spec=_PLAN,
    over=lambda transcript: (walk for walk in walks(transcript) if not walk.at_once),
    scenes=_SCENE,
    needs=_NEEDS,
    hint="pages are ordered like the list in the page, newest first",
)
def comes_in_order(walk: Walk) -> Iterator[Finding]:
    """
    Items after a cursor come oldest first.

    Newest first, a page that is full hides what lies between it and the cursor.
    """
    listed = [(p.kind, places[0]) for p, places in zip(walk.published, walk.positions(), strict=True) if places]
    # Kinds may have producers of their own, and what these publish has an order for each of them alone.
    for kind in dict.fromkeys(kind for kind, _ in listed):
        places = [place for each, place in listed if each is kind]
        if places != sorted(places):
            yield Finding(expected="the order of publishing", actual=f"places {places}", at=walk.pages[0].exchange)
            return


@rule(
    "polling.limit",
    level=Level.MUST,
    spec=_PLAN,
    over=lambda transcript: polls(transcript, "page-"),
    scenes=_SCENE,
    needs=_NEEDS,
    hint="limit is read under another name",
)
def keeps_the_limit(poll: Poll) -> Iterator[Finding]:
    """
    A page holds at most as many items as were asked for.

    A client on a slow line asks for few.
    """
    asked = dict(parse_qsl(urlsplit(poll.exchange.target).query)).get("limit", "")
    if asked.isdecimal() and len(poll.items) > int(asked):
        yield Finding(expected=f"at most {asked}", actual=f"{len(poll.items)} items", at=poll.exchange)


RULES = (skips_nothing, repeats_nothing, comes_in_order, keeps_the_limit)
