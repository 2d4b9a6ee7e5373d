"""Rules on what tells a client when to come back."""

from collections.abc import Iterator

from sse_conform.eventstream import Field
from sse_conform.evidence import conversations, plain_conversations
from sse_conform.rule import Finding, rule
from sse_conform.spec import Level, plan, practice, whatwg
from sse_conform.terms import Terms
from sse_conform.transcript import Event, Stream, Transcript

_RETRY = plan("Failure / Retry")
_BASIC = ("preflight", "idle.stream")
#: Shorter reconnection times are not honoured by Firefox and turn an outage into a storm.
SHORTEST_RETRY_MS = 500
#: A server may spread its clients by so much around the promised value.
JITTER = 0.5


def _retries(stream: Stream) -> Iterator[tuple[Event, Field]]:
    for block in stream.blocks:
        yield from ((block, field) for field in block.frame.fields if field.name == "retry")


def retry_fields(transcript: Transcript) -> Iterator[tuple[Event, Field]]:
    """Every retry line on opened streams, with its frame; not those of the hostile texts, which try to forge them."""
    for stream in plain_conversations(transcript):
        yield from _retries(stream)


@rule(
    "reconnect.retry-digits",
    level=Level.MUST,
    spec=(_RETRY, whatwg("9.2.6 Interpreting an event stream", "event-stream-interpretation")),
    over=plain_conversations,
    scenes=_BASIC,
    hint="a unit, a sign or a fraction is written",
)
def retry_is_digits(stream: Stream) -> Iterator[Finding]:
    """
    Retry, where it is sent, is nothing but ASCII digits.

    A client ignores any other value without a word and keeps its own default.
    """
    for event, field in _retries(stream):
        if not (field.value.isascii() and field.value.isdigit()):
            yield Finding(expected="ASCII digits, in milliseconds", actual=f"retry: {field.value}", at=event)


@rule(
    "reconnect.retry-value",
    level=Level.SHOULD,
    spec=(_RETRY, practice("Firefox takes shorter times for 500 ms; short ones turn an outage into a storm")),
    over=retry_fields,
    scenes=_BASIC,
    hint="seconds were taken for milliseconds",
)
def retry_is_sensible(subject: tuple[Event, Field], terms: Terms) -> Iterator[Finding]:
    """
    Retry is at least 500 ms and, where the profile promises a value, near it.

    Spreading clients by up to half of it is good practice.
    """
    event, field = subject
    if not (field.value.isascii() and field.value.isdigit()):
        return
    value = int(field.value)
    if value < SHORTEST_RETRY_MS:
        yield Finding(expected=f"at least {SHORTEST_RETRY_MS} ms", actual=f"retry: {value}", at=event)
    elif terms.retry and not near_retry(value, terms.retry):
        yield Finding(expected=f"{terms.retry} ms, give or take half of it", actual=f"retry: {value}", at=event)


def near_retry(value: int, promised: int) -> bool:
    """Whether a retry time is the promised one, or spreads clients around it."""
    return promised * (1 - JITTER) <= value <= promised * (1 + JITTER)


def _speaking(transcript: Transcript) -> Iterator[Stream]:
    """Conversations in which at least one event was dispatched."""
    return (stream for stream in conversations(transcript) if stream.events)


@rule(
    "reconnect.retry-sent",
    level=Level.SHOULD,
    spec=_RETRY,
    over=_speaking,
    scenes=_BASIC,
    hint="write retry before the snapshot of every connection",
)
def retry_is_sent(stream: Stream) -> Iterator[Finding]:
    """
    Retry is sent on every connection.

    Without it Chromium comes back after 3 s and Firefox after 5 s; a deploy brings all clients back at once.
    """
    if not any(field.name == "retry" for block in stream.blocks for field in block.frame.fields):
        yield Finding(expected="a retry line", actual=f"none in {len(stream.blocks)} frames", at=stream)


RULES = (retry_is_digits, retry_is_sensible, retry_is_sent)
