"""Rules on the target's own page whose session ends, and which is left."""

from collections.abc import Iterator
from dataclasses import dataclass

from sse_conform import entries as e
from sse_conform.evidence import SECOND, first_snapshot
from sse_conform.own_page_evidence import LEAVING, LEFT, SESSION_OVER, OwnPage, own_pages
from sse_conform.rule import Finding, rule
from sse_conform.spec import Capability, Level, plan
from sse_conform.transcript import Stream, Transcript

_SESSION = "page.session"
_NEEDS = frozenset({Capability.BROWSER, Capability.UI})
_FAILURE = plan("Failure / Retry")
#: A stream that nobody reads any more is closed within this share of the time that it is watched.
_CLOSED_SHARE = 0.5


@dataclass(frozen=True, kw_only=True, slots=True)
class SessionOver:
    """
    A page whose session ended: the refused attempt, None where the page knew without one, and the instant of either.

    ``further`` are its requests for the stream from then on, as long as it was watched.
    """

    page: OwnPage
    refused: Stream | None
    t: int
    further: int
    prompt: e.PageShowed | None


def sessions(transcript: Transcript) -> Iterator[SessionOver]:
    """Pages that were told 401, or asked for a login, after a cut; none that got a new token by themselves."""
    notes = (noted.t for noted in transcript.of(e.Noted) if noted.scene == _SESSION and noted.name == SESSION_OVER)
    over = next(notes, None)
    for page in own_pages(transcript, _SESSION):
        cut, _ = next(page.cuts(), (None, None))
        if cut is None or over is None:
            continue
        later = [stream for stream in page.streams if cut.t < stream.t < over]
        refused = next((stream for stream in later if stream.status == 401), None)
        prompt = next((shown for shown in page.shows if cut.t < shown.t < over and shown.prompt), None)
        told = [entry.t for entry in (refused.head if refused else None, prompt) if entry]
        if told and not any(stream.opened for stream in later):
            since = min(told)
            yield SessionOver(page=page, refused=refused, t=since, further=len(page.asks(since, over)), prompt=prompt)


@rule(
    "client.stops-at-401-ui",
    level=Level.MUST,
    spec=(plan("Testing"), _FAILURE),
    over=sessions,
    scenes=_SESSION,
    needs=_NEEDS,
    hint="401 is taken for any other failure, and tried again",
)
def page_stops_at_401(subject: SessionOver) -> Iterator[Finding]:
    """
    A page whose session has ended asks for the stream no more.

    The plan's third test: for three reconnection times after the 401 no further request, seen by the proxy.
    """
    if subject.further:
        at = subject.refused or subject.page.look(SESSION_OVER) or subject.prompt
        assert at is not None
        yield Finding(expected="no further request for the stream", actual=f"{subject.further} came", at=at)


@rule(
    "client.stops-at-401-ui-login",
    level=Level.MUST,
    spec=(plan("Testing"), _FAILURE),
    over=sessions,
    scenes=_SESSION,
    needs=_NEEDS,
    hint="the error is set, and nobody shows it",
)
def page_asks_for_a_login(subject: SessionOver) -> Iterator[Finding]:
    """
    A page whose session has ended asks for a login.

    Else it looks as if nothing had happened, and its user waits for notifications that cannot come.
    """
    if subject.prompt is None:
        at = subject.page.look(SESSION_OVER) or subject.refused
        assert at is not None
        yield Finding(expected="what the profile names as ui.prompt is visible", actual="it is not", at=at)


@dataclass(frozen=True, kw_only=True, slots=True)
class Departure:
    """A page that somebody left, the stream it had then, how it was left, and until when it was watched."""

    page: OwnPage
    stream: Stream
    left: e.Noted
    until: int


def departures(transcript: Transcript) -> Iterator[Departure]:
    """Pages that had a stream when somebody began to leave them."""
    notes = {noted.name: noted for noted in transcript.of(e.Noted) if noted.scene == _SESSION}
    left = notes.get(LEFT)
    waits = [waited for waited in transcript.of(e.Waited) if waited.scene == _SESSION]
    if left is None or not waits or waits[-1].t < left.t:
        return
    leaving = notes.get(LEAVING, left)
    for page in own_pages(transcript, _SESSION):
        streams = [stream for stream in page.streams if stream.t < leaving.t and first_snapshot(stream)]
        if streams and (streams[-1].end is None or streams[-1].end.t > leaving.t):
            yield Departure(page=page, stream=streams[-1], left=left, until=waits[-1].until)


@rule(
    "client.unmount-closes",
    level=Level.MUST,
    spec=plan("Client Hook Sketch"),
    over=departures,
    scenes=_SESSION,
    needs=_NEEDS,
    timed=True,
    hint="what opens the stream is forgotten without being closed",
)
def leaving_closes(subject: Departure) -> Iterator[Finding]:
    """
    Whoever logs out or leaves the page leaves no stream behind.

    A stream that nobody reads costs the server a connection, and goes on telling about somebody who is not there.
    """
    due = subject.left.t + round((subject.until - subject.left.t) * _CLOSED_SHARE)
    expected = f"no stream and no request for one once the user {subject.left.value}"
    if subject.stream.end is None or subject.stream.end.t > due:
        open_for = (subject.until - subject.left.t) / SECOND
        yield Finding(
            expected=expected,
            actual=f"the stream was still open after {open_for:.1f} s",
            at=subject.stream,
            since=subject.left.t,
            until=due,
        )
    elif further := len(subject.page.asks(max(subject.left.t, subject.stream.end.t), subject.until)):
        yield Finding(expected=expected, actual=f"{further} further requests for the stream", at=subject.stream)


RULES = (page_stops_at_401, page_asks_for_a_login, leaving_closes)
