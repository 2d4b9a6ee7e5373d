"""What a limiter counts is deduced from the number that it admits, whatever its windows are like."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import pytest

from sse_conform.entries import TokenKind
from sse_conform.rules.limit_counting import COINCIDENCE, counts_all_attempts
from sse_conform.spec import Capability
from sse_conform.terms import Terms
from sse_conform.verdict import Outcome, judge

from ..records import completed, stream, transcript

SCENE = "rate_limit.burst"
LIMIT, WINDOW = 20, 60.0
TERMS = Terms(rate_limit=LIMIT, rate_window=WINDOW, capabilities=(Capability.RATE_LIMIT,))
#: The burst begins at this instant with so many guesses; so many attempts are made at once.
BEGINS, GROUP = 200.0, 3
GUESSES = ["GET", "GET", "PUT", "DELETE", *["GET"] * 5]
GETS = ["GET"] * 3 * LIMIT

#: Whether it admits an attempt at this instant.
Limiter = Callable[[float], bool]


def sliding_log() -> Limiter:
    log: list[float] = []

    def admit(t: float) -> bool:
        log[:] = [at for at in log if at > t - WINDOW]
        admitted = len(log) < LIMIT
        if admitted:
            log.append(t)
        return admitted

    return admit


def fixed_window(border: float) -> Limiter:
    counts: dict[int, int] = {}

    def admit(t: float) -> bool:
        number = int((t - border) // WINDOW)
        counts[number] = counts.get(number, 0) + 1
        return counts[number] <= LIMIT

    return admit


def sliding_counter(border: float) -> Limiter:
    counts: dict[int, int] = {}

    def admit(t: float) -> bool:
        number, since = divmod(t - border, WINDOW)
        weighed = counts.get(int(number), 0) + counts.get(int(number) - 1, 0) * (1 - since / WINDOW)
        if weighed >= LIMIT:
            return False
        counts[int(number)] = counts.get(int(number), 0) + 1
        return True

    return admit


def bucket() -> Limiter:
    tokens, then = float(LIMIT), 0.0

    def admit(t: float) -> bool:
        nonlocal tokens, then
        tokens, then = min(LIMIT, tokens + (t - then) * LIMIT / WINDOW), t
        admitted = tokens >= 1
        tokens -= admitted
        return admitted

    return admit


class Burst:
    """
    The burst as the scene makes it; None admits all.

    Valid attempts go by one limiter, guesses by another, those with a valid token and an odd method by a third.
    """

    def __init__(self, valid: Limiter | None, guess: Limiter | None, odd: Limiter | None, *, step: float) -> None:
        self.limiters = {"guess": guess, "PUT": odd, "DELETE": odd}
        self.valid = valid
        self.lines: list[Any] = []
        self.step = step
        self.now = BEGINS

    def attempt(self, at: float, part: str, *, method: str = "GET", scene: str = SCENE) -> bool:
        """Whether it was admitted."""
        limiter = self.limiters.get(part if method == "GET" else method, self.valid)
        admitted = limiter is None or limiter(at)
        fields = {"scene": scene, "part": part, "method": method, "address": "127.0.0.1", "conn": len(self.lines) + 1}
        if part == "guess":
            fields |= {"token": TokenKind.GARBAGE if method == "GET" else TokenKind.GENUINE}
        status = {"GET": 401 if part == "guess" else 200}.get(method, 405) if admitted else 429
        self.lines.append(stream(at=at, status=status, **fields))
        return admitted

    def until_limited(self, part: str, methods: Sequence[str]) -> bool:
        for number in range(0, len(methods), GROUP):
            self.now += self.step
            group = enumerate(methods[number : number + GROUP])
            admitted = [self.attempt(self.now + n / 10_000, part, method=method) for n, method in group]
            if not all(admitted):
                return True
        return False


def judged(
    valid: Limiter | None,
    guess: Limiter | None,
    odd: Limiter | None,
    *,
    earlier: Iterable[tuple[float, str]] = (),
    step: float = 0.02,
) -> Outcome:
    """The verdict; ``earlier`` attempts of other scenes have an instant and a part, groups of three come every step."""
    burst = Burst(valid, guess, odd, step=step)
    for at, part in earlier:
        burst.attempt(at, part, scene="another.scene")
    burst.attempt(BEGINS, "held")
    burst.until_limited("guess", GUESSES)
    within = LIMIT - len(GUESSES)
    if not (burst.until_limited("burst", GETS[:within]) or burst.until_limited("burst", GETS[within:])):
        burst.until_limited("guess", GETS[:LIMIT])
    recorded = transcript(*burst.lines, completed(SCENE, at=400), terms=TERMS, scenes=(SCENE,))
    return judge(counts_all_attempts, recorded).outcome


#: What other scenes did from the same address in the window before: what is valid, and what is not.
MIXED = [(BEGINS - 50.0 + 2.5 * n, "guess" if n % 2 else "earlier") for n in range(18)]
VALID_FIRST = [(BEGINS - 50.0 + 2.5 * n, "earlier" if n < 9 else "guess") for n in range(18)]
each_history = pytest.mark.parametrize("earlier", [(), MIXED, VALID_FIRST], ids=["none", "mixed", "valid first"])
each_odd = pytest.mark.parametrize("odd", [True, False], ids=["odd methods count", "odd methods do not"])
#: Where a window may have its border, in steps of these seconds: everywhere, and finely in the burst.
COARSE, FINE = 0.5, 0.005
BORDERS = [BEGINS - WINDOW + n * COARSE for n in range(120)] + [BEGINS + n * FINE for n in range(200)]


@each_history
@pytest.mark.parametrize("step", [0.02, 0.5])
@pytest.mark.parametrize(
    "kind", [sliding_log, bucket, *(lambda b=border: sliding_counter(b) for border in BORDERS[::10])]
)
@each_odd
def test_a_limiter_that_counts_all_is_not_accused(kind, step, earlier, odd):
    limiter = kind()
    assert judged(limiter, limiter, limiter if odd else None, earlier=earlier, step=step) is not Outcome.WARN


@each_history
@each_odd
@pytest.mark.parametrize("step", [0.02, 0.5])
def test_fixed_windows_that_count_all_are_accused_by_less_than_one_chance_in_a_thousand(step, earlier, odd):
    accused = 0.0
    for border in BORDERS:
        limiter = fixed_window(border)
        if judged(limiter, limiter, limiter if odd else None, earlier=earlier, step=step) is Outcome.WARN:
            accused += FINE if border >= BEGINS else COARSE
    assert accused / WINDOW < COINCIDENCE


@pytest.mark.parametrize("kind", [sliding_log, bucket, lambda: fixed_window(BEGINS - 30.0)])
@each_odd
def test_a_limiter_that_counts_all_passes(kind, odd):
    limiter = kind()
    assert judged(limiter, limiter, limiter if odd else None) is Outcome.PASS


@pytest.mark.parametrize("kind", [sliding_log, bucket, lambda: fixed_window(BEGINS - 30.0)])
@each_odd
def test_refused_attempts_that_are_free_are_seen(kind, odd):
    limiter = kind()
    assert judged(limiter, None, limiter if odd else None) is Outcome.WARN


@pytest.mark.parametrize("kind", [sliding_log, bucket, lambda: fixed_window(BEGINS - 30.0)])
@each_odd
def test_valid_attempts_that_are_free_are_seen(kind, odd):
    limiter = kind()
    assert judged(None, limiter, limiter if odd else None) is Outcome.WARN


def test_guesses_that_have_a_stricter_limit_of_their_own_are_limited():
    failures = iter([True] * 5 + [False] * 100)
    assert judged(sliding_log(), lambda _t: next(failures), None) is Outcome.PASS


def test_without_any_limit_nothing_is_told():
    assert judged(None, None, None) is Outcome.UNTESTED


def recorded(*attempts: tuple[float, str, int]) -> Outcome:
    """The verdict on these attempts: instant, part, status."""
    lines = [
        stream(conn=number, at=BEGINS + at, scene=SCENE, part=part, status=status, address="127.0.0.1")
        for number, (at, part, status) in enumerate(attempts, start=1)
    ]
    return judge(
        counts_all_attempts, transcript(*lines, completed(SCENE, at=400), terms=TERMS, scenes=(SCENE,))
    ).outcome


def test_that_guesses_meet_a_limit_says_nothing_of_a_few_valid_attempts():
    assert recorded((0, "guess", 429), *((1 + n / 100, "burst", 200) for n in range(LIMIT))) is Outcome.UNTESTED


def test_without_any_valid_attempt_nothing_is_told():
    assert recorded((0, "guess", 401), (0.1, "guess", 429)) is Outcome.UNTESTED


@pytest.mark.parametrize(("guesses", "wanted"), [(5, Outcome.WARN), (4, Outcome.UNTESTED)])
def test_a_quarter_of_the_limit_has_to_have_been_refused(guesses, wanted):
    valid = [(1 + n / 1000, "burst", 200) for n in range(LIMIT)]
    refused = [(0.999 - n / 1000, "guess", 401) for n in reversed(range(guesses))]
    assert recorded(*refused, *valid, (1.1, "burst", 429)) is wanted


@pytest.mark.parametrize(("pause", "wanted"), [(0.05, Outcome.WARN), (0.07, Outcome.UNTESTED)])
def test_a_fixed_window_that_began_between_guesses_and_valid_attempts_explains_it(pause, wanted):
    valid = [(9 + n / 1000, "burst", 200) for n in range(LIMIT)]
    refused = [(9 - pause - n, "guess", 401) for n in reversed(range(6))]
    assert recorded(*refused, *valid, (9.1, "burst", 429)) is wanted


@pytest.mark.parametrize(("began", "wanted"), [(-2.0, Outcome.WARN), (-4.0, Outcome.UNTESTED)])
def test_a_bucket_refills_from_the_first_attempt_of_the_window_on(began, wanted):
    """Three seconds refill one of twenty a minute, and then twenty-one valid attempts are no sign of free ones."""
    valid = [(n / 1000, "burst", 200) for n in range(LIMIT + 1)]
    assert recorded((began, "guess", 429), *valid) is wanted
