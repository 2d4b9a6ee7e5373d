"""Rules on the polling fallback: the same data by the same rights, in pages that neither skip nor repeat."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sse_conform import entries as e
from sse_conform.entries import TokenKind
from sse_conform.evidence import Known, first_snapshot, items, names, objects, page, refuses
from sse_conform.rule import Finding, rule
from sse_conform.spec import Capability, Level, plan, rfc
from sse_conform.terms import Terms
from sse_conform.transcript import Transcript

_PLAN = plan("Goals")
_SCENE, _OVERFLOW, _REFUSALS = "polling.pages", "snapshot.overflow", "auth.refusals"
_NEEDS = frozenset({Capability.POLLING, Capability.TRIGGERS, Capability.SECOND_USER})


@dataclass(frozen=True, kw_only=True, slots=True)
class Poll:
    """One polling request and what it gave."""

    exchange: e.Exchanged
    document: Any

    @property
    def items(self) -> list[dict[str, Any]]:
        """The items that are objects."""
        return objects(self.document)


def polls(transcript: Transcript, *parts: str, scene: str = _SCENE) -> Iterator[Poll]:
    """The polls of the scene whose part begins with one of ``parts``; those with a token where none is named."""
    for exchange in transcript.exchanges:
        wanted = exchange.part.startswith(parts) if parts else bool(exchange.user)
        if exchange.scene == scene and wanted and exchange.status != 429:
            yield Poll(exchange=exchange, document=page(exchange, transcript.terms))


def good_polls(transcript: Transcript) -> Iterator[Poll]:
    """The polls that ask for something that is there."""
    return polls(transcript, "start", "page-", "newest")


@rule(
    "polling.shape",
    level=Level.MUST,
    spec=_PLAN,
    over=good_polls,
    scenes=_SCENE,
    needs=_NEEDS,
    hint="another route answers, or the list is sent bare",
)
def has_its_shape(poll: Poll) -> Iterator[Finding]:
    """
    A poll gives 200 and {"unread", "items", "next"} with items that have id, type and message.

    A client falls back to it with the code that reads snapshots.
    """
    document = poll.document
    if poll.exchange.status != 200 or not isinstance(document, dict):
        actual = poll.exchange.error or f"{poll.exchange.status}, {type(document).__name__}"
        yield Finding(expected="200 and a JSON object", actual=actual, at=poll.exchange)
        return
    missing = [key for key in ("unread", "items", "next") if key not in document]
    if missing:
        yield Finding(expected="unread, items and next", actual=f"without {', '.join(missing)}", at=poll.exchange)
    for item in poll.items:
        absent = [key for key in ("id", "type", "message") if item.get(key) is None]
        if absent:
            yield Finding(expected="id, type and message", actual=f"without {', '.join(absent)}", at=poll.exchange)
            return


def without_a_token(transcript: Transcript) -> Iterator[Poll]:
    """The polls without a token: at the path, at other spellings of it, and beside a stream."""
    yield from polls(transcript, "anonymous", "door-")
    yield from polls(transcript, "rest-missing", scene=_REFUSALS)


@rule(
    "polling.auth",
    level=Level.MUST,
    spec=(plan("Security"), rfc(9110, "15.5.2")),
    over=without_a_token,
    scenes=(_SCENE, _REFUSALS),
    needs=_NEEDS,
    hint="the route lacks the authentication of the stream's, or the access rule reads paths otherwise than the router",
)
def refuses_strangers(poll: Poll) -> Iterator[Finding]:
    """
    A poll without a token is refused, and gives no page at another spelling of the path.

    The fallback shows the same data as the stream. At other spellings anything else than a page is fine.
    """
    exchange, door = poll.exchange, poll.exchange.part.startswith("door-")
    if not door and not refuses(exchange.status):
        yield Finding(expected="401", actual=exchange.error or str(exchange.status), at=exchange)
    elif door and exchange.status == 200 and _is_page(poll.document):
        yield Finding(expected="no page", actual=f"a page at {exchange.target} without a token", at=exchange)


def _is_page(document: object) -> bool:
    return isinstance(document, dict) and isinstance(document.get("items"), list)


def presented(transcript: Transcript) -> Iterator[e.Exchanged]:
    """The polls with tokens that the stream must refuse, where a poll with the valid twin was answered."""
    by_rest = [x for x in transcript.exchanges if x.scene == _REFUSALS and x.part.startswith("rest-")]
    if any(x.part == "rest-control" and x.status == 200 for x in by_rest):
        for exchange in by_rest:
            kind = exchange.part.removeprefix("rest-")
            of_a_token = kind in set(TokenKind) - {TokenKind.MISSING, TokenKind.NO_EXPIRY}
            refused = of_a_token and TokenKind(kind).invalid
            if refused and exchange.status not in {0, 429}:
                yield exchange


@rule(
    "polling.auth-tokens",
    level=Level.MUST,
    spec=(plan("Security"), rfc(9110, "15.5.2")),
    over=presented,
    scenes=_REFUSALS,
    needs={Capability.POLLING},
    hint="the polling route has a verifier of its own, or trusts what a cache remembers",
)
def refuses_what_the_stream_must(exchange: e.Exchanged) -> Iterator[Finding]:
    """
    A poll refuses every token that the stream must refuse.

    The stream and its fallback take the same token, so they must check it alike.
    """
    if not refuses(exchange.status):
        actual = f"{exchange.status} to a {exchange.part.removeprefix('rest-')} token"
        yield Finding(expected="401", actual=actual, at=exchange)


@rule(
    "polling.uncacheable",
    level=Level.MUST,
    spec=(_PLAN, rfc(9111, "5.2.2")),
    over=good_polls,
    scenes=_SCENE,
    needs=_NEEDS,
    hint="the framework's default, or an ETag, lets caches keep it",
)
def is_uncacheable(poll: Poll) -> Iterator[Finding]:
    """
    A poll may not be cached: Cache-Control with no-store or no-cache.

    One address, many users: a shared cache would hand one's list to another.
    """
    control = ",".join(value for name, value in poll.exchange.headers if name == "cache-control").lower()
    directives = {part.split("=")[0].strip() for part in control.split(",")}
    if not directives & {"no-store", "no-cache"}:
        yield Finding(expected="no-store or no-cache", actual=f"Cache-Control: {control or 'none'}", at=poll.exchange)


@rule(
    "polling.newest",
    level=Level.MUST,
    spec=_PLAN,
    over=lambda transcript: ((poll, transcript) for poll in polls(transcript, "newest")),
    scenes=_SCENE,
    needs=_NEEDS,
    hint="without a cursor the walk begins at the oldest item",
)
def newest_without_cursor(subject: tuple[Poll, Transcript], terms: Terms) -> Iterator[Finding]:
    """
    Without a cursor a poll gives the newest items, as many as a snapshot lists at most.

    It is the first request of a client that has no stream.
    """
    poll, transcript = subject
    paged = [p for p in transcript.publishes if p.scene == _SCENE and p.part == "paged" and p.accepted]
    newest = paged[-terms.snapshot_items :]
    missing = [p for p in newest if not any(names(p, item) for item in poll.items)]
    if missing:
        yield Finding(
            expected=f"the {len(newest)} just published", actual=f"{len(missing)} are missing", at=poll.exchange
        )
    if len(poll.items) > terms.snapshot_items:
        yield Finding(expected=f"at most {terms.snapshot_items}", actual=f"{len(poll.items)}", at=poll.exchange)


@rule(
    "polling.bad-cursor",
    level=Level.MUST,
    spec=(_PLAN, rfc(9110, "15.5.1")),
    over=lambda transcript: polls(transcript, "bad-cursor-"),
    scenes=_SCENE,
    needs=_NEEDS,
    hint="the cursor goes into the query as it is, or is silently taken for none",
)
def bad_cursor_is_400(poll: Poll) -> Iterator[Finding]:
    """
    A cursor that is none is answered with 400.

    Never 5xx; and never an empty page, which reads as "nothing new" for ever.
    """
    if poll.exchange.status != 400:
        actual = f"{poll.exchange.part.removeprefix('bad-cursor-')}: {poll.exchange.error or poll.exchange.status}"
        yield Finding(expected="400", actual=actual, at=poll.exchange)


@rule(
    "polling.own-items",
    level=Level.MUST,
    spec=plan("Security"),
    over=lambda transcript: ((poll, transcript) for poll in (*good_polls(transcript), *polls(transcript, "foreign-c"))),
    scenes=_SCENE,
    needs=_NEEDS | {Capability.TARGETED},
    hint="the query lacks the user, or takes the one to whom the cursor belongs",
)
def lists_own_items(subject: tuple[Poll, Transcript]) -> Iterator[Finding]:
    """
    A poll lists nothing that concerns another user alone.

    An event for somebody else was published before each of them; one goes on from that user's cursor.
    """
    poll, transcript = subject
    foreign = Known(
        p for p in transcript.publishes if p.accepted and not p.everyone and poll.exchange.user not in {p.to, p.sender}
    )
    found = [published for item in poll.items for published in foreign.named(item)]
    if found:
        actual = f"an item of {min(found, key=lambda p: p.number).to}"
        yield Finding(expected=f"items of {poll.exchange.user}", actual=actual, at=poll.exchange)


def agreements(transcript: Transcript) -> Iterator[tuple[Poll, dict[str, Any], dict[str, Any]]]:
    """Items that both a client who was away polled and the snapshot after it shows, side by side."""
    for poll in polls(transcript, "missed", scene=_OVERFLOW):
        for stream in transcript.streams_in(_OVERFLOW, "again"):
            snapshot = first_snapshot(stream)
            shown = {str(item.get("id")): item for item in items(snapshot)} if snapshot else {}
            for item in poll.items:
                if str(item.get("id")) in shown:
                    yield poll, item, shown[str(item.get("id"))]


@rule(
    "polling.agrees",
    level=Level.MUST,
    spec=plan("Data Format"),
    over=agreements,
    scenes=_OVERFLOW,
    needs={Capability.POLLING, Capability.TRIGGERS},
    hint="two serialisers",
)
def agrees_with_the_snapshot(subject: tuple[Poll, dict[str, Any], dict[str, Any]]) -> Iterator[Finding]:
    """
    Polling and snapshot show the same id, type and message for the same item.

    A client that changes between them shows both with the same code.
    """
    poll, polled, shown = subject
    for key in ("id", "type", "message"):
        if polled.get(key) != shown.get(key):
            yield Finding(
                expected=f"{key}: {shown.get(key)!r} as in the snapshot",
                actual=f"{polled.get(key)!r}",
                at=poll.exchange,
            )


RULES = (
    has_its_shape,
    refuses_strangers,
    refuses_what_the_stream_must,
    is_uncacheable,
    newest_without_cursor,
    bad_cursor_is_400,
    lists_own_items,
    agrees_with_the_snapshot,
)
