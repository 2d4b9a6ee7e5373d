"""Rules on pages whose network failed: they come back by themselves and in time, and learn what they missed."""

from collections.abc import Iterator

from sse_conform.browser_absences import Absence, Missed, absences, missed, whole
from sse_conform.browser_evidence import CLOSED, DEFAULT_RETRY
from sse_conform.evidence import SECOND, first_snapshot
from sse_conform.rule import Finding, rule
from sse_conform.spec import Capability, Level, plan, whatwg
from sse_conform.terms import Terms
from sse_conform.transcript import Transcript

_OFFLINE, _LONG, _DROPS, _SILENCE = "browser.offline", "browser.offline-long", "browser.drops", "browser.silence"
_NEEDS = frozenset({Capability.BROWSER, Capability.TRIGGERS})
_TESTING, _RETRY = plan("Testing"), plan("Failure / Retry")
_MODEL = whatwg("9.2.3 Processing model", "sse-processing-model")
#: The ways to lose a connection, as the scenes call them.
_HOWS = {
    _OFFLINE: ("offline-0.2", "offline-2"),
    _LONG: ("offline-8",),
    _DROPS: ("reset", "close", "refused", "flapping", "gateway"),
    _SILENCE: ("silence",),
}
#: After these the network works at once, so that the next request shows how long the browser waited.
_MOMENTARY = ("reset", "close")
#: A server may spread its clients by this share of the promised time, and a busy browser is late by some tenths.
_SPREAD, _LATE_SECONDS = 0.5, 1.0


def _missed(transcript: Transcript, *scenes: str) -> Iterator[Missed]:
    return whole(missed(transcript, *scenes), [how for scene in scenes for how in _HOWS[scene]])


def missed_offline(transcript: Transcript) -> Iterator[Missed]:
    """What was published while a browser was offline: for a moment, for a while, and for long."""
    return _missed(transcript, _OFFLINE, _LONG)


def missed_otherwise(transcript: Transcript) -> Iterator[Missed]:
    """What was published while a page was cut off in any other way."""
    return _missed(transcript, _DROPS, _SILENCE)


def _untold(subject: Missed) -> Iterator[Finding]:
    """That the page was never told, with where it should have been."""
    if subject.told is None:
        page, how = subject.absence.page.opened, subject.absence.how
        yield Finding(
            expected=f"publish {subject.published.number} in the snapshot, replayed or live after {how}",
            actual=f"the page was never told of it, {page.browser}",
            at=first_snapshot(subject.after) or subject.after,
        )


@rule(
    "reconnect.after-offline",
    level=Level.MUST,
    spec=(_TESTING, _RETRY),
    over=missed_offline,
    scenes=(_OFFLINE, _LONG),
    needs=_NEEDS,
    hint="what is kept for a user who is away is dropped too soon, or the answer to a resume is no stream",
)
def offline_loses_nothing(subject: Missed) -> Iterator[Finding]:
    """
    A browser that was offline comes back and learns what it missed.

    By snapshot, replay or live: after a moment, after two reconnection times and after eight. It is the plan's second
    test.
    """
    yield from _untold(subject)


@rule(
    "reconnect.after-faults-browser",
    level=Level.MUST,
    spec=(_TESTING, _RETRY),
    over=missed_otherwise,
    scenes=(_DROPS, _SILENCE),
    needs=_NEEDS,
    hint="what was written to a connection that was dead already counts as delivered",
)
def faults_lose_nothing(subject: Missed) -> Iterator[Finding]:
    """
    A page learns what it missed however its network failed.

    After RST and FIN, refused connections, a slow and a flapping link, a gateway's 502 in the target's stead, and a
    silent loss that only the missing heartbeats show.
    """
    yield from _untold(subject)


def returns(transcript: Transcript) -> Iterator[Absence]:
    """Absences after which the EventSource that was cut asked again by itself, and had time to hear the answer."""
    budget = round(transcript.terms.latency * SECOND)
    for absence in absences(transcript, _OFFLINE, _DROPS):
        head = absence.after.head if absence.after else None
        if not head or head.status == 429 or not absence.by_itself:
            continue
        if absence.reopened or absence.lasted >= head.t + budget:
            yield absence


@rule(
    "client.reconnects-native",
    level=Level.MUST,
    spec=(_TESTING, _MODEL),
    over=returns,
    scenes=(_OFFLINE, _DROPS),
    needs=_NEEDS,
    hint="a request that resumes is answered otherwise than a first one: another status or media type",
)
def comes_back_by_itself(absence: Absence) -> Iterator[Finding]:
    """
    A native EventSource is open again after its connection was lost.

    Browsers come back by themselves, but give up for good at the first answer that is no event stream with status 200.
    """
    after = absence.after
    assert after is not None
    if not absence.reopened:
        closed = any(seen.ready_state == CLOSED for seen in absence.sights)
        state = "closed for good" if closed else "still connecting"
        actual = f"{state} after {after.status} {after.media_type}".rstrip()
        yield Finding(expected="an open EventSource", actual=actual, at=after)


def _told(absence: Absence) -> list[int]:
    """The reconnection times (ms) that the stream named before it was cut."""
    return [block.frame.retry for block in absence.before.blocks if block.frame.retry is not None]


def _bounds(absence: Absence, terms: Terms) -> tuple[float, float]:
    """Between how many seconds after the cut the next request is awaited."""
    told, own = _told(absence), DEFAULT_RETRY[absence.page.opened.browser.partition(" ")[0]]
    wanted = terms.retry / 1000 if terms.retry else told[-1] / 1000 if told else own
    return wanted * (1 - _SPREAD), wanted * (1 + _SPREAD) + _LATE_SECONDS


def _waited(absence: Absence) -> float:
    """Seconds from the cut to the next request, or for as long as none came."""
    return ((absence.after.t if absence.after else absence.until) - absence.cut.t) / SECOND


def prompt_returns(transcript: Transcript) -> Iterator[Absence]:
    """
    Absences that ended with the cut itself, as long as the browser meant to come back.

    Where one return was not late, those that were are left out: a service that names the time wrongly does it always,
    but a browser on a busy machine is late now and then.
    """
    found = [absence for absence in absences(transcript, _DROPS) if absence.how in _MOMENTARY and _meant(absence)]
    timely = [absence for absence in found if _waited(absence) <= _bounds(absence, transcript.terms)[1]]
    yield from timely or found


def _meant(absence: Absence) -> bool:
    return bool(absence.after) or not any(seen.ready_state == CLOSED for seen in absence.sights)


@rule(
    "client.honours-retry-native",
    level=Level.MUST,
    spec=(_RETRY, _MODEL),
    over=prompt_returns,
    scenes=_DROPS,
    needs=_NEEDS,
    timed=True,
    hint="the retry line says something else than was promised, or nothing that a browser takes for a number",
)
def comes_back_in_time(absence: Absence, terms: Terms) -> Iterator[Finding]:
    """
    A native EventSource comes back after the time that was promised.

    Else after the time that the server said, and without either after the browser's own: judged by the proxy, from the
    cut to the next request. Too soon is a storm after every deploy, too late a page that misses its events.
    """
    told, waited = _told(absence), _waited(absence)
    soonest, latest = _bounds(absence, terms)
    came = absence.after.t if absence.after else absence.until
    late = waited > latest
    if late or (absence.after and waited < soonest):
        said = f"retry: {told[-1]}" if told else "no retry"
        asked = f"a request after {waited:.3f} s" if absence.after else f"none in {waited:.3f} s"
        yield Finding(
            expected=f"the next request between {soonest:g} and {latest:g} s after the cut",
            actual=f"{asked}; the stream said {said}",
            at=absence.after or absence.before,
            since=absence.cut.t,
            until=came,
            excess=came - absence.cut.t - round(latest * SECOND) if late else 0,
        )


RULES = (offline_loses_nothing, faults_lose_nothing, comes_back_by_itself, comes_back_in_time)
