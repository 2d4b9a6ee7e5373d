"""Rules on the list of the target's own page: what it shows, keeps and replaces."""

from collections.abc import Iterator
from dataclasses import dataclass

from sse_conform import entries as e
from sse_conform.evidence import NOTIFICATION, PING, SECOND, SNAPSHOT, first_snapshot, items, lists
from sse_conform.own_page_evidence import (
    CREATED,
    FULL,
    PINGED,
    TOLD,
    OwnPage,
    Return,
    markers,
    number,
    own_pages,
    published_for,
    returns,
    shown_in_time,
)
from sse_conform.rule import Finding, rule
from sse_conform.spec import Capability, Level, plan
from sse_conform.terms import Terms
from sse_conform.transcript import Event, Stream, Transcript

_CREATION, _LIST = "page.creation", "page.list"
_NEEDS = frozenset({Capability.BROWSER, Capability.UI, Capability.TRIGGERS, Capability.MARKERS})
_HOOK = plan("Client Hook Sketch")
#: A ping would change something within so many ns.
_SETTLE = round(0.5 * SECOND)


@dataclass(frozen=True, kw_only=True, slots=True)
class Created:
    """What somebody created, and the page of somebody whom it concerns."""

    page: OwnPage
    published: e.Published
    deadline: int


def created(transcript: Transcript) -> Iterator[Created]:
    """What was created while a page had its stream, and kept it until it showed the event or that was due."""
    for page in own_pages(transcript, _CREATION):
        for published in published_for(transcript, page, CREATED):
            deadline = shown_in_time(published, transcript.terms.latency)
            shown = page.first_shown(published)
            until = min(shown.t, deadline) if shown else deadline
            if any(_listens(stream, published.t, until) for stream in page.streams):
                yield Created(page=page, published=published, deadline=deadline)


def _listens(stream: Stream, since: int, until: int) -> bool:
    greeting = first_snapshot(stream)
    return greeting is not None and greeting.t <= since and (stream.end is None or stream.end.t >= until)


@rule(
    "delivery.browser-to-browser-ui",
    level=Level.MUST,
    spec=(plan("Testing"), plan("Goals")),
    over=created,
    scenes=_CREATION,
    needs=_NEEDS,
    timed=True,
    hint="the page waits for its next poll, or draws only when something else happens",
)
def is_shown_in_the_other_page(subject: Created, terms: Terms) -> Iterator[Finding]:
    """
    What is created in the page of one person is shown in that of another within the latency budget.

    The plan's first test, with the service's own page in two browsers: from the answer to the form to the entry in the
    list.
    """
    page, published = subject.page, subject.published
    shown = page.first_shown(published)
    expected = f"publish {published.number} shown within {terms.latency:g} s"
    if shown is None:
        at = page.look(CREATED) or published
        yield Finding(
            expected=expected, actual="it is not shown", at=at, since=published.t, until=subject.deadline, excess=SECOND
        )
    elif shown.t > subject.deadline:
        yield Finding(
            expected=expected,
            actual=f"shown {(shown.t - published.acked) / SECOND:.3f} s after the answer",
            at=shown,
            since=published.t,
            until=shown.t,
            excess=shown.t - subject.deadline,
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Full:
    """A page that its stream told of more than it keeps, in this order."""

    look: e.PageShowed
    told: tuple[e.Published, ...]


def full_lists(transcript: Transcript) -> Iterator[Full]:
    """Pages that were told of everything."""
    for page in own_pages(transcript, _LIST):
        told = published_for(transcript, page, TOLD)
        heard = all(any(stream.mentions(published) for stream in page.streams) for published in told)
        look = page.look(FULL)
        if look and heard and len(told) > transcript.terms.kept_items:
            yield Full(look=look, told=told)


@rule(
    "client.keeps-newest",
    level=Level.MUST,
    spec=_HOOK,
    over=full_lists,
    scenes=_LIST,
    needs=_NEEDS,
    hint="the list is not cut where something is put in front of it, or is cut at its wrong end",
)
def keeps_the_newest(subject: Full, terms: Terms) -> Iterator[Finding]:
    """
    The list of the page keeps the newest notifications, and no more.

    A list that only grows makes a tab that is open for weeks slower every day; one that is cut at the wrong end, or too
    soon, hides what matters.
    """
    shown, look = markers(subject.look), subject.look
    newest = subject.told[-terms.kept_items :]
    expected = f"the {terms.kept_items} newest"
    if len(look.notifications) > terms.kept_items:
        yield Finding(expected=expected, actual=f"{len(look.notifications)} are shown", at=look)
    elif len(look.notifications) < terms.kept_items:
        yield Finding(expected=expected, actual=f"only {len(look.notifications)} are shown", at=look)
    elif lost := [each.number for each in newest if each.marker not in shown]:
        old = [each.number for each in subject.told[: -terms.kept_items] if each.marker in shown]
        if old:
            yield Finding(expected=expected, actual=f"publish {old[0]} is shown, and {lost[-1]} is not", at=look)


@dataclass(frozen=True, kw_only=True, slots=True)
class Pinged:
    """A ping that nothing else came close to: what the page showed before it and some time after."""

    ping: Event
    before: e.PageShowed
    after: e.PageShowed


def lone_pings(transcript: Transcript) -> Iterator[Pinged]:
    """The pings on the streams of pages that showed something, between two looks of the scene."""
    for page in own_pages(transcript, _LIST):
        first, last = page.look(FULL), page.look(PINGED)
        if first is None or last is None or not first.notifications:
            continue
        events = [event for stream in page.streams for event in stream.events]
        told = [event.t for event in events if event.type in {SNAPSHOT, NOTIFICATION}]
        for event in events:
            until = event.t + _SETTLE
            lone = not any(first.t < t and abs(t - event.t) < _SETTLE for t in told)
            before, after = page.shown_at(event.t), page.shown_at(until)
            if event.type == PING and first.t < event.t and until <= last.t and lone and before and after:
                yield Pinged(ping=event, before=before, after=after)


def _essence(shown: e.PageShowed) -> tuple[int, frozenset[tuple[str, int]], int | None]:
    """What counts of a page: its entries, our events among them, the number of unread. Times on it may go on."""
    return len(shown.notifications), frozenset(markers(shown).items()), number(shown.unread)


@rule(
    "client.ping-changes-nothing",
    level=Level.MUST,
    spec=_HOOK,
    over=lone_pings,
    scenes=_LIST,
    needs=_NEEDS,
    hint="one handler takes every event for a notification",
)
def ping_changes_nothing(subject: Pinged) -> Iterator[Finding]:
    """
    A ping changes neither the list nor the number of unread notifications.

    It comes every half minute for ever: whatever it adds adds up.
    """
    if _essence(subject.before) != _essence(subject.after):
        said = [
            f"{len(shown.notifications)} entries, unread {shown.unread!r}" for shown in (subject.before, subject.after)
        ]
        yield Finding(expected=f"still {said[0]}", actual=f"{said[1]} after the ping", at=subject.after)


@dataclass(frozen=True, kw_only=True, slots=True)
class Replaced:
    """A page that came back, the snapshot it got, and what it had shown before that the snapshot does not list."""

    subject: Return
    snapshot: Event
    outdated: tuple[e.Published, ...]


def replaced(transcript: Transcript) -> Iterator[Replaced]:
    """Pages that had something on show which their new snapshot does not list."""
    for subject in returns(transcript, _LIST):
        snapshot = first_snapshot(subject.after) if subject.after else None
        before = subject.page.shown_at(subject.cut.t)
        if snapshot is None or before is None or subject.back is None:
            continue
        shown = markers(before)
        outdated = tuple(
            each
            for each in subject.events
            if each.marker in shown and each.acked < subject.cut.t and not lists(snapshot, each)
        )
        if outdated:
            yield Replaced(subject=subject, snapshot=snapshot, outdated=outdated)


@rule(
    "client.snapshot-replaces",
    level=Level.MUST,
    spec=(plan("Data Format"), _HOOK),
    over=replaced,
    scenes=_LIST,
    needs=_NEEDS,
    hint="the snapshot is merged into the old list, or the page counts the unread ones itself",
)
def snapshot_replaces(subject: Replaced) -> Iterator[Finding]:
    """
    A snapshot replaces what the page shows: the list, and the number of unread ones.

    What was known before may have been read, withdrawn or deleted elsewhere; only the snapshot knows.
    """
    back, snapshot = subject.subject.back, subject.snapshot
    assert back is not None
    shown = markers(back)
    if kept := [each.number for each in subject.outdated if each.marker in shown]:
        yield Finding(
            expected="the list of the new snapshot",
            actual=f"{len(kept)} older ones are still shown, the first is publish {kept[0]}",
            at=back,
        )
    listed = {str(item.get("id")) for item in items(snapshot)}
    live = (event for event in snapshot.stream.events if event.type == NOTIFICATION and event.t <= back.t)
    later = any(str(event.payload.get("id")) not in listed for event in live)
    unread, told = number(back.unread), snapshot.payload.get("unread")
    if unread is not None and not later and told != unread:
        yield Finding(expected=f"{told} unread, as the snapshot says", actual=f"the page shows {unread}", at=back)


RULES = (is_shown_in_the_other_page, keeps_the_newest, snapshot_replaces, ping_changes_nothing)
