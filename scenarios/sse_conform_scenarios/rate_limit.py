"""The limit of connection attempts: it exists, it is fair, it ends."""

import asyncio
import math
from collections.abc import Awaitable, Callable, Iterable, Sequence

from sse_conform.browser_session import LIMITED
from sse_conform.browsing import Tab
from sse_conform.entries import TokenKind
from sse_conform.listening import Subscription
from sse_conform.scenario import Nature, Stage, scenario
from sse_conform.spec import Capability
from sse_conform.terms import Terms
from sse_conform_scenarios import spare
from sse_conform_scenarios.browser.periods import NOTICE_SECONDS, STOPPED_PERIODS, period
from sse_conform_scenarios.spare import Knock

#: A server that admits so many attempts at once has no limit worth the name (three times the limit).
FACTOR = 3
#: After the first refusal so many attempts come in disguise, one after another, until one of them is refused ...
DISGUISED = 3
#: ... once as everything at a time, and where all of these are admitted, as each of these alone: with other addresses
#: named as theirs, which nobody has (RFC 5737), by another user, at another URL, by another client, after a drop.
DISGUISES = ("spoofed", "other-user", "other-url", "other-client", "resumed")
#: Then so many times such a share of the window passes, and attempts are made anew: a limit lasts for its window.
ROUNDS = 2
PAUSE_SHARE = 0.125
#: So many are made at once, lest a slow answer stretch the burst beyond its window; with the held stream they stay
#: within what one user may commonly hold open.
AT_ONCE = 3
#: A page comes anew at once where it was let in, since a bucket may have had one attempt to spare, and once more when
#: the limit was reached anew, since a window may have ended.
PAGE_COMES_AT_ONCE, PAGE_COMES_LATER = 2, 2
#: A page is given no more of the window to notice that it was refused: one that goes on is to be refused again.
NOTICE_SHARE = 1 / 6
#: Added to the window before the limit must have ended, in seconds: clocks differ a little.
AFTER_WINDOW = 0.5


Gathered = Callable[[list[Subscription]], Awaitable[None]]
Groups = Sequence[Sequence[Knock]]

_GUESS, _VALID = Knock(token=TokenKind.GARBAGE), Knock()


def _at_most(terms: Terms) -> int:
    """One stream that is held, guesses before, after and instead of the burst, disguises, rounds, and the return."""
    disguised = DISGUISED + len(DISGUISES) * (DISGUISED + 1)
    guesses = _guesses(terms) + max(terms.rate_limit, _spare(terms))
    again = ROUNDS * (1 + _in_groups(terms.rate_limit)) + 1
    by_page = PAGE_COMES_AT_ONCE + PAGE_COMES_LATER if terms.has(Capability.BROWSER) else 0
    return 1 + guesses + FACTOR * terms.rate_limit + disguised + again + by_page


def _usually(terms: Terms) -> int:
    """
    One stream that is held, the burst, one in disguise, one after a pause, and the return after the window; guesses
    for which the burst has no room; one of a page.

    The limit shows in the one attempt that exceeds it; the held stream and the guesses count.
    """
    left = max(0, _spare(terms) - 1 - _guesses(terms))
    return 1 + terms.rate_limit + 1 + 1 + 1 + left + terms.has(Capability.BROWSER)


def _spare(terms: Terms) -> int:
    """The attempts by other doors, and their control."""
    return sum(1 for knocks in (spare.tokens(terms), spare.methods(), spare.control(terms)) for _ in knocks)


def _guesses(terms: Terms) -> int:
    """So many attempts of the burst are refused, in whole groups: half of the limit, and no more."""
    return terms.rate_limit // 2 // AT_ONCE * AT_ONCE


def _in_groups(attempts: int) -> int:
    return math.ceil(attempts / AT_ONCE) * AT_ONCE


def _pause(terms: Terms) -> float:
    return PAUSE_SHARE * terms.rate_window


def _recovery(terms: Terms) -> float:
    return terms.rate_window + AFTER_WINDOW


def _waits(terms: Terms) -> float:
    return _pause(terms) + _recovery(terms)


@scenario(
    "rate_limit.burst",
    users=("alice", "bob"),
    attempts=_at_most,
    usually=_usually,
    needs={Capability.RATE_LIMIT},
    nature=Nature.LIMITER,
    waits=_waits,
)
async def burst(stage: Stage) -> None:
    """
    Attempts are made without a pause until the limit shows, while a stream stays open; then a window passes.

    The first of them are refused: whether they count shows in how many of the others are admitted. Since they only
    have to be refused, they come by the doors that are tried nowhere else; what met the limit there comes once more
    when it is over.
    """
    # Made before the burst: a limit may hold for a shorter time than a page takes to load.
    page = await (await stage.device("alice")).visit(LIMITED) if stage.has(Capability.BROWSER) else None
    held = await stage.subscribe("alice", part="held", urgent=True)
    await held.until_snapshot()
    if stage.has(Capability.TRIGGERS):
        await held.until(await stage.publish("alice", part="told"))
    if stage.has(Capability.REST):
        await stage.rest("alice", part="unlimited")

    async def gathered(tabs: list[Subscription]) -> None:
        """So many tabs of one user are open at no other time: each is to have its snapshot, and an event."""
        await asyncio.gather(*(tab.until_snapshot() for tab in tabs))
        if stage.has(Capability.TRIGGERS):
            published = await stage.publish("alice", part="crowd")
            await asyncio.gather(*(tab.until(published) for tab in (held, *tabs)))

    answered: set[Knock] = set()
    await _until_limited(stage, "guess", _guessed(stage), answered)
    refused = await _until_limited(stage, "burst", _valid(stage.terms), answered, gathered)
    if refused:
        async with asyncio.TaskGroup() as beside:
            limited_again = asyncio.Event()
            if page:
                beside.create_task(_come_by_page(stage, page, limited_again))
            await _come_in_disguise(stage)
            if stage.has(Capability.REST):
                await stage.rest("alice", part="limited")
            if stage.has(Capability.TRIGGERS):
                await stage.publish("alice", part="held-limited")
            await _come_again(stage)
            limited_again.set()
            await stage.pass_time(_recovery(stage.terms), "the rate window to pass")
        await _recover(stage, held)
    else:
        await _until_limited(stage, "guess", _grouped([_GUESS] * stage.terms.rate_limit), answered)
    doors = (*spare.to_be_refused(stage), *spare.control(stage.terms))
    await _until_limited(stage, "late", _grouped([knock for knock in doors if knock not in answered]), answered)
    await held.close()


async def _recover(stage: Stage, held: Subscription) -> None:
    """Somebody comes when the limit has ended, and is told, as is who stayed; once more when that one has gone."""
    recovered = await stage.subscribe("alice", part="recovered", urgent=True)
    await recovered.until_snapshot()
    if stage.has(Capability.TRIGGERS):
        published = await stage.publish("alice", part="recovered")
        await asyncio.gather(*(stream.until(published) for stream in (held, recovered)))
    await recovered.close()
    if stage.has(Capability.TRIGGERS) and not held.ended:
        await held.until(await stage.publish("alice", part="held-alive"))


def _guessed(stage: Stage) -> Groups:
    """Attempts that are to be refused, by as many doors as there are."""
    number = _guesses(stage.terms)
    doors = spare.to_be_refused(stage)[:number]
    return _grouped([*doors, *[_GUESS] * (number - len(doors))])


def _valid(terms: Terms) -> Groups:
    """Attempts with a valid token; the one after which the limit is due ends a group, so that few exceed it."""
    due = terms.rate_limit - _guesses(terms)
    control = tuple(spare.control(terms))
    within = [*control, *[_VALID] * (due - len(control))]
    return [*_grouped(within), *_grouped([_VALID] * (FACTOR * terms.rate_limit - len(within)))]


def _grouped(knocks: Sequence[Knock]) -> Groups:
    return [knocks[number : number + AT_ONCE] for number in range(0, len(knocks), AT_ONCE)]


async def _come_in_disguise(stage: Stage) -> None:
    """Attempts that differ from the others in everything but where they come from; then in one thing at a time."""
    if not await _all_admitted(stage, "disguised", DISGUISES):
        return
    for disguise in DISGUISES:
        # One that is refused shows that a bucket has nothing left again.
        await (await stage.subscribe("alice", part="beyond", urgent=True)).close()
        await _all_admitted(stage, disguise, (disguise,))


async def _come_by_page(stage: Stage, page: Tab, limited_again: asyncio.Event) -> None:
    """A page comes while the limit holds, and is watched for as long as it might come again."""
    let_in = await _let_in(stage, page, PAGE_COMES_AT_ONCE)
    if let_in:
        await limited_again.wait()
        let_in = await _let_in(stage, page, PAGE_COMES_LATER)
    if page.stopped and not let_in:
        await stage.pass_time(STOPPED_PERIODS * period(stage.terms), "attempts that must not come")
    await page.close()


async def _let_in(stage: Stage, page: Tab, most: int) -> bool:
    """Whether a page that comes so often is let in each time; it goes by itself then."""
    noticing = min(NOTICE_SECONDS, stage.terms.rate_window * NOTICE_SHARE)
    for _ in range(most):
        await page.connect()
        if not await page.until_let_in(seconds=period(stage.terms) + noticing):
            return False
        await page.abandon()
    return True


async def _all_admitted(stage: Stage, part: str, disguises: Iterable[str]) -> bool:
    """So many attempts in these disguises, up to the first that gets 429; whether none did."""
    user = "bob" if "other-user" in disguises and stage.has(Capability.SECOND_USER) else "alice"
    for number in range(1, DISGUISED + 1):
        headers: list[tuple[str, str]] = []
        if "spoofed" in disguises and stage.has(Capability.UNTRUSTED):
            address = f"203.0.113.{number}"
            headers += [("x-forwarded-for", address), ("forwarded", f"for={address}"), ("x-real-ip", address)]
        if "other-client" in disguises:
            headers.append(("user-agent", f"another-client/{number}"))
        attempt = await stage.subscribe(
            user,
            part=part,
            headers=headers,
            query=f"attempt={number}" if "other-url" in disguises else "",
            last_event_id=str(number) if "resumed" in disguises else None,
            urgent=True,
        )
        await attempt.close()
        if attempt.status == 429:
            return False
    return True


async def _come_again(stage: Stage) -> None:
    """Let a part of the window pass and come again, until that is refused; once more where that took long."""
    for _ in range(ROUNDS):
        await stage.pass_time(_pause(stage.terms), "a part of the rate window")
        if await _admitted_again(stage) <= 2 * PAUSE_SHARE * stage.terms.rate_limit:
            return


async def _admitted_again(stage: Stage) -> int:
    """How many attempts are admitted until one is refused: first one alone, which mostly is, then groups."""
    admitted, together = 0, 1
    while admitted <= stage.terms.rate_limit:
        attempts = await asyncio.gather(*(stage.subscribe("alice", part="again", urgent=True) for _ in range(together)))
        await asyncio.gather(*(attempt.close() for attempt in attempts))
        taken = sum(attempt.status == 200 for attempt in attempts)
        admitted += taken
        if taken < together:
            break
        together = AT_ONCE
    return admitted


async def _until_limited(
    stage: Stage, part: str, groups: Groups, answered: set[Knock], gathered: Gathered | None = None
) -> list[Subscription]:
    """
    Attempts in groups until one is refused by 429, or nobody answers any more; those that were.

    What ``gathered`` does is done with the first group while it is open. ``answered`` becomes whatever met no 429.
    """
    for number, group in enumerate(groups):
        attempts = await asyncio.gather(*(knock.at(stage, part=part, urgent=True) for knock in group))
        answered.update(knock for knock, attempt in zip(group, attempts, strict=True) if attempt.status != 429)
        refused = [a for knock, a in zip(group, attempts, strict=True) if a.status == 429 and not knock.contested]
        if gathered and not number and not refused:
            await gathered(attempts)
        await asyncio.gather(*(attempt.close() for attempt in attempts if attempt not in refused))
        if refused or not any(attempt.status for attempt in attempts):
            await asyncio.gather(*(attempt.until_ended(seconds=1.0) for attempt in refused))
            return refused
    return []


SCENARIOS = (burst,)
