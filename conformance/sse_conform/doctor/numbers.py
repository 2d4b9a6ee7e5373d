"""Which of the promised numbers a visit happens to see, and which only a run judges."""

from collections.abc import AsyncIterator, Iterator
from itertools import pairwise

from sse_conform.doctor.check import Check
from sse_conform.doctor.visit import ONE, Visit
from sse_conform.evidence import PING, SECOND
from sse_conform.rules.reconnect import near_retry
from sse_conform.terms import Terms
from sse_conform.transcript import Stream

#: A ping that is due is waited for no longer than this, in seconds.
SOON = 5.0


async def number_checks(visit: Visit) -> AsyncIterator[Check]:
    """The retry time and the heartbeat, as far as the stream that is open anyway shows them; then all the others."""
    terms, stream = visit.world.terms, visit.stream(ONE)
    for check in retry_checks(stream, terms):
        yield check
    due = (stream.pieces[-1].t if stream.pieces else stream.answered) / SECOND + terms.silence
    seconds = due - visit.world.clock.now() / SECOND
    if not _pings(stream) and seconds <= SOON:
        await visit.streams[ONE].until_event(PING, seconds=seconds)
    beats = list(heartbeat_checks(visit.stream(ONE), terms, until=visit.world.clock.now()))
    for check in beats:
        yield check
    numbers = ", ".join(_not_tried(visit, heartbeat=not beats))
    yield Check(name="numbers", said=f"not tried here, but judged by a run: {numbers}", note=True)


def retry_checks(stream: Stream, terms: Terms) -> Iterator[Check]:
    """What the stream says of reconnecting, beside what was promised."""
    said = next((block.frame.retry for block in stream.blocks if block.frame.retry is not None), None)
    if said is None and terms.retry is not None:
        fix = "leave numbers.retry out, or let the stream begin with a line retry:"
        yield Check(name="retry", said=f"the stream has no retry line, numbers.retry is {terms.retry} ms", fix=fix)
    elif said is not None and terms.retry is None:
        yield Check(name="retry", said=f"the stream says {said} ms; numbers.retry = {said} would promise it", note=True)
    elif said is not None and terms.retry is not None:
        fix = "" if near_retry(said, terms.retry) else f"set numbers.retry = {said}, or let the stream say what it is"
        yield Check(name="retry", said=f"the stream says {said} ms, numbers.retry is {terms.retry} ms", fix=fix)


def heartbeat_checks(stream: Stream, terms: Terms, *, until: int) -> Iterator[Check]:
    """A ping that came, or one that was due and did not; nothing where none is due yet."""
    promised = f"numbers.heartbeat is {terms.heartbeat:g} s"
    arrivals = [stream.answered, *(piece.t for piece in stream.pieces)]
    end = stream.end.t if stream.end else until
    longest = max(b - a for a, b in pairwise([*arrivals, end]))
    if longest > terms.silence * SECOND:
        said = f"no ping came in a silence of {longest / SECOND:.1f} s; {promised}"
        fix = "let the stream send event: ping so often, or set numbers.heartbeat to what it keeps"
        yield Check(name="heartbeat", said=said, fix=fix)
    elif ping := next(iter(_pings(stream)), None):
        before = max((t for t in arrivals if t < ping), default=stream.answered)
        silence = f"{(ping - before) / SECOND:.1f} s after what came before it"
        yield Check(name="heartbeat", said=f"a ping came {silence}; {promised}")


def _pings(stream: Stream) -> list[int]:
    return [block.t for block in stream.blocks if block.frame.event == PING]


def _not_tried(visit: Visit, *, heartbeat: bool) -> Iterator[str]:
    terms, profile = visit.world.terms, visit.profile
    if heartbeat:
        yield f"heartbeat = {terms.heartbeat:g}"
    if not profile.triggers.kinds:
        yield f"latency = {terms.latency:g}"
    yield f"rate_limit = {terms.rate_limit}" + (f" in {terms.rate_window:g} s" if terms.rate_limit else " (none)")
    yield f"snapshot_items = {terms.snapshot_items}"
    yield f"burst = {terms.burst}"
    if terms.max_stream_age is not None:
        yield f"max_stream_age = {terms.max_stream_age:g}"
    if profile.ui:
        yield f"kept_items = {terms.kept_items}"
        yield f"fallback = {terms.fallback:g}"
    if profile.control:
        yield f"grace = {terms.grace:g}"
