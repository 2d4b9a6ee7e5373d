"""
The plan of a run: which scenes the chosen rules ask for, what they cost, and how short the run can be.

Connections to the target are the scarce thing: with N attempts, a window of W seconds, and B attempts in a window and
source address, ``ceil(N / B) - 1`` windows must pass before the last one; the limiter's scene then waits to see the
limit end. Outages begin when everything else is over, so what they wait for comes on top. A bound counts only what is
waited for on purpose: how long a target takes for its answers is its own affair.
"""

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from sse_conform import entries as e
from sse_conform.errors import ConformError
from sse_conform.rule import Rule
from sse_conform.scenario import Nature, Scenario
from sse_conform.spec import Capability
from sse_conform.takes import acts
from sse_conform.terms import Terms
from sse_conform.transcript import Transcript

#: The scene that every run begins with; it is part of the suite, not of a pack.
PREFLIGHT = "preflight"
PREFLIGHT_ATTEMPTS = 2
#: Attempts below the target's limit that are never used: clocks and windows of the two sides differ a little.
RESERVE = 2
#: Of scenes that wait equally long those of the first nature begin first.
_TURNS = (Nature.TIMED, Nature.LOUD, Nature.PLAIN, Nature.QUIET, Nature.LIMITER, Nature.OUTAGE)

#: What these wait for is no part of the waits of those that play together.
_ON_THEIR_OWN = {Nature.LIMITER, Nature.OUTAGE}


@dataclass(frozen=True, kw_only=True, slots=True)
class Addresses:
    """
    Who connects from where: the scenes, the limiter's one and the browsers.

    The latter two have addresses of their own where there are enough; without any they share those of the scenes.
    """

    ordinary: tuple[str, ...]
    limiter: str | None = None
    browsers: tuple[str, ...] = ()


def share_out(addresses: tuple[str, ...], *, limiter: bool, browser: bool) -> Addresses:
    """
    Who of those that are wanted gets which of the source addresses.

    The limiter's scene goes first; of the others browsers get a half, since each of their scenes needs one for itself.
    """
    rest = list(addresses) or [""]
    own = rest.pop() if limiter and len(rest) > 1 else None
    border = len(rest) - (len(rest) // 2 if browser else 0)
    return Addresses(ordinary=tuple(rest[:border]), limiter=own, browsers=tuple(rest[border:]))


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """
    Rules to judge, scenes to play, scenes left out with the reason, and what the run will cost.

    ``attempts`` are those that a conforming target brings about, ``most`` those that any target can. ``left_out`` are
    rules that were chosen and that a quick run does not judge.
    """

    rules: tuple[Rule, ...]
    scenes: tuple[Scenario, ...]
    skipped: tuple[tuple[str, str], ...]
    attempts: int
    most: int
    seconds: float
    left_out: tuple[Rule, ...] = ()


def make_plan(terms: Terms, rules: Iterable[Rule], scenarios: Mapping[str, Scenario], *, addresses: int = 1) -> Plan:
    """Choose the scenes that applicable rules ask for and work out the cost."""
    chosen = tuple(rules)
    applicable = [r for r in chosen if not any(need.may and not terms.has(need) for need in r.needs)]
    wanted = {scene for r in applicable for scene in r.scenes} - {PREFLIGHT}
    unknown = wanted - scenarios.keys()
    if unknown:
        raise ConformError(f"no installed pack has the scene {min(unknown)}", hint="reinstall sse-conform")
    playable: list[Scenario] = []
    skipped: list[tuple[str, str]] = []
    for scene in sorted((scenarios[name] for name in wanted), key=lambda each: _order(each, terms)):
        missing = [need for need in Capability if need in scene.needs and not terms.has(need)]
        if missing:
            skipped.append((scene.id, "; ".join(need.remedy for need in missing)))
        else:
            playable.append(scene)
    limited = [s for s in playable if s.nature is Nature.LIMITER]
    browsed = sum(s.expected(terms) for s in playable if s.in_browser)
    ordinary = PREFLIGHT_ATTEMPTS + sum(s.expected(terms) for s in playable if s not in limited and not s.in_browser)
    apart = sum(s.waits(terms) for s in playable if s.nature is Nature.OUTAGE)
    longest = max((s.waits(terms) for s in playable if s.nature not in _ON_THEIR_OWN), default=0.0)
    return Plan(
        rules=chosen,
        scenes=tuple(playable),
        skipped=tuple(skipped),
        attempts=ordinary + browsed + sum(s.expected(terms) for s in limited),
        most=PREFLIGHT_ATTEMPTS + sum(s.most(terms) for s in playable),
        seconds=bound(
            terms,
            attempts=ordinary,
            browsed=browsed,
            longest=longest,
            apart=apart,
            limiter=max((s.waits(terms) for s in limited), default=None),
            addresses=addresses,
        ),
    )


def _order(scene: Scenario, terms: Terms) -> tuple[float, int, str]:
    """What takes longest begins first: by its waits, then loud ones, once the timed ones are over, which are short."""
    return -scene.waits(terms), _TURNS.index(scene.nature), scene.id


def bound(
    terms: Terms,
    *,
    attempts: int,
    longest: float,
    limiter: float | None,
    addresses: int,
    browsed: int = 0,
    apart: float = 0.0,
    span: float = math.inf,
) -> float:
    """
    The shortest time that a run can take, in seconds.

    ``attempts`` are those of the suite's own outside the limiter's scene, ``browsed`` those of browsers; limiter and
    browsers have source addresses of their own where there are enough. ``longest`` is the longest wait of those that
    play together, ``limiter`` that of the limiter's scene (None where it is not played), ``apart`` are the waits of
    outages. ``span`` is the time from the first of the attempts to the last: no more windows passed than it has.
    """
    if not terms.rate_limit:
        return longest + apart
    shares = share_out(("",) * addresses, limiter=limiter is not None, browser=browsed > 0)
    if not shares.browsers:
        attempts, browsed = attempts + browsed, 0
    windows = max(
        _windows(terms, attempts, len(shares.ordinary)), _windows(terms, browsed, max(1, len(shares.browsers)))
    )
    windows = min(windows, span // terms.rate_window * terms.rate_window)
    recovery = limiter or 0.0
    return apart + (max(longest, windows + recovery) if shares.limiter is None else max(longest, windows, recovery))


def _windows(terms: Terms, attempts: int, addresses: int) -> float:
    """The seconds that pass before so many attempts from so many addresses are admitted."""
    per_window = max(1, terms.rate_limit - RESERVE) * addresses
    return max(math.ceil(attempts / per_window) - 1, 0) * terms.rate_window


def bound_of(transcript: Transcript) -> float:
    """
    The bound recomputed from what was really done: attempts made, time passed on purpose, addresses used.

    Scenes that are played again begin when all others are over, so their own bound comes on top.
    """
    return sum(map(_bound_of, acts(transcript)))


def _bound_of(transcript: Transcript) -> float:
    limiters, outages = transcript.header.limiters, transcript.header.outages
    waits = _time_passed(transcript)
    attempts = transcript.every(e.Attempted)
    return bound(
        transcript.terms,
        attempts=sum(attempt.scene not in limiters and not attempt.page for attempt in attempts),
        browsed=sum(attempt.scene not in limiters and attempt.page > 0 for attempt in attempts),
        longest=max((seconds for scene, seconds in waits.items() if scene not in {*limiters, *outages}), default=0.0),
        apart=sum(waits.get(scene, 0.0) for scene in outages),
        limiter=max((waits.get(a.scene, 0.0) for a in attempts if a.scene in limiters), default=None),
        addresses=max(1, len({attempt.address for attempt in attempts})),
        span=_span(transcript),
    )


def _span(transcript: Transcript) -> float:
    """
    The seconds from the first to the last attempt that had to wait for its window.

    Browsers make some that nobody foresaw and that nothing holds back. Outages follow, and so does the limiter's scene
    where it shares its address: what passes in them is counted as their waits.
    """
    limiters, outages = transcript.header.limiters, transcript.header.outages
    attempts = transcript.every(e.Attempted)
    alone = len({attempt.address for attempt in attempts}) > 1
    end = min((a.t for a in attempts if a.scene in limiters and not alone), default=math.inf)
    instants = [a.t for a in attempts if a.scene not in {*limiters, *outages} and a.t <= end]
    return (max(instants) - min(instants)) / 1e9 if instants else 0.0


def _time_passed(transcript: Transcript) -> dict[str, float]:
    """The seconds that each scene let pass; waits that overlap pass at the same time."""
    passed: defaultdict[str, int] = defaultdict(int)
    seen: defaultdict[str, int] = defaultdict(int)
    for waited in sorted(transcript.every(e.Waited), key=lambda each: each.t):
        passed[waited.scene] += max(0, waited.until - max(waited.t, seen[waited.scene]))
        seen[waited.scene] = max(waited.until, seen[waited.scene])
    return {scene: ns / 1e9 for scene, ns in passed.items()}
