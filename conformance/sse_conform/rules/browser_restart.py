"""The rule on a page that is open while the target is stopped and started again."""

from collections.abc import Iterator
from dataclasses import dataclass

from sse_conform import entries as e
from sse_conform.browser_evidence import CLOSED, OPEN, Page, pages
from sse_conform.evidence import SECOND
from sse_conform.rule import Finding, rule
from sse_conform.rules.shutdown import memories
from sse_conform.spec import Capability, Level, plan, whatwg
from sse_conform.transcript import Stream, Transcript

_SCENE = "shutdown.restart"
#: What is published once the target is back.
_RETURNED = "returned"
#: Whoever forgets sessions as it stops may send its pages to the login, and whoever limits may make them wait.
_EXCUSED = {401, 403, 429}


@dataclass(frozen=True, kw_only=True, slots=True)
class Survivor:
    """
    A page that was connected when the target was stopped.

    ``answer`` is the last one that it got from then on, ``missed`` what happened meanwhile and the service still knows,
    and what was published when it was back.
    """

    page: Page
    answer: Stream
    missed: tuple[e.Published, ...]


def survivors(transcript: Transcript) -> Iterator[Survivor]:
    """Pages that asked again, and had time to be told."""
    orders = [entry for entry in transcript.of(e.Commanded) if entry.scene == _SCENE and not entry.error]
    stops = [entry.t for entry in orders if entry.order is e.Order.STOP]
    ended = transcript.outcomes.get(_SCENE)
    if not stops or ended is None or not any(entry.order is e.Order.START and entry.answers for entry in orders):
        return
    returned = [p for p in transcript.publishes if p.scene == _SCENE and p.part == _RETURNED and p.accepted]
    known = [memory.published for memory in memories(transcript) if memory.known and memory.published.acked > stops[0]]
    budget = round(transcript.terms.latency * SECOND)
    for page in pages(transcript, _SCENE):
        answered = [stream for stream in page.streams if stream.t > stops[0] and stream.head]
        if page.state_at(stops[0]) != OPEN or not answered or answered[-1].status in _EXCUSED:
            continue
        heads = (stream.head.t for stream in answered if stream.head)
        missed = (*known, *returned)
        told = returned and all(page.told_of(published) for published in missed)
        in_time = returned and ended.t >= max(*heads, returned[-1].acked) + budget
        if told or in_time or not answered[-1].opened:
            yield Survivor(page=page, answer=answered[-1], missed=missed)


@rule(
    "reconnect.after-faults-restart",
    level=Level.MUST,
    spec=(plan("Failure / Retry"), whatwg("9.2.3 Processing model", "sse-processing-model")),
    over=survivors,
    scenes=_SCENE,
    needs={Capability.BROWSER, Capability.RESTART, Capability.TRIGGERS},
    hint="while it leaves, or until it is ready, the service refuses streams by a status: let it refuse connections",
)
def page_outlives_a_restart(subject: Survivor) -> Iterator[Finding]:
    """
    A page that is open while the service is restarted comes back by itself, and knows what happened.

    Every deployment does that to every page. An EventSource asks again as long as nobody answers, and gives up for good
    at the first answer that is no stream, a 503 among them.
    """
    page, answer = subject.page, subject.answer
    last = page.state_at(page.sights[-1].t)
    if last != OPEN:
        state = "closed for good" if last == CLOSED else "still connecting"
        actual = f"{state} after {answer.status} {answer.media_type}".rstrip()
        yield Finding(expected="an EventSource that is open again", actual=actual, at=answer)
        return
    for published in subject.missed:
        if page.told_of(published) is None:
            yield Finding(
                expected=f"publish {published.number}, {_when(published)}, in the page",
                actual=f"the page was never told of it, {page.opened.browser}",
                at=answer,
            )


def _when(published: e.Published) -> str:
    return "made after the restart" if published.part == _RETURNED else "accepted as the service stopped"


RULES = (page_outlives_a_restart,)
