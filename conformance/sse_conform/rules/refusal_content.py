"""Rules on what a refusal says: neither how the service is made, nor anybody's data, nor what it was sent."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from sse_conform import entries as e
from sse_conform.entries import TokenKind
from sse_conform.evidence import quoted
from sse_conform.markers import markers_in
from sse_conform.rule import Finding, rule
from sse_conform.rules.auth import controlled, refusals
from sse_conform.spec import Capability, Level, plan, practice, rfc
from sse_conform.transcript import Stream, Transcript

_SCENE = "auth.refusals"
#: So many bytes of a refusal are searched: a page may be long, a trace stands near its beginning.
LOOKED_AT = 64 * 1024
#: What a refusal must never show: traces of the four common stacks, and key material.
_TRACES = re.compile(
    r"Traceback \(most recent call last\)|^[ \t]{1,40}at .{1,200}\(.{1,200}:\d{1,9}:\d{1,9}\)"
    r"|\bat [\w.$]{1,200}\(\w{1,200}\.java:\d{1,9}\)|goroutine \d{1,9} \[|BEGIN (RSA |EC )?PRIVATE KEY",
    re.MULTILINE,
)
#: What the record has in the place of a token that we sent; help texts write <token>, but not so long a one.
_ECHO = re.compile(r"<token>\*{8,}")


@dataclass(frozen=True, kw_only=True, slots=True)
class Refusal:
    """What one refusal said, heads included, and in answer to what kind of token."""

    text: str
    token: TokenKind
    at: Stream | e.Exchanged


def _text(headers: tuple[e.Header, ...], body: bytes) -> str:
    head = "\n".join(f"{name}: {value}" for name, value in headers)
    return f"{head}\n{body[:LOOKED_AT].decode('utf-8', 'replace')}"


def said(transcript: Transcript) -> Iterator[Refusal]:
    """The refusals of tokens that are not valid, on the stream route and by REST, under control."""
    for stream in refusals()(transcript):
        if not stream.opened and stream.head:
            text = _text(stream.head.headers, stream.body)
            yield Refusal(text=text, token=stream.attempt.token, at=stream)
    if controlled(transcript):
        for exchange in transcript.exchanges:
            kind = exchange.part.removeprefix("rest-")
            if exchange.scene == _SCENE and kind in set(TokenKind) and exchange.status >= 300:
                yield Refusal(text=_text(exchange.headers, exchange.body), token=TokenKind(kind), at=exchange)


@rule(
    "auth.no-trace",
    level=Level.MUST,
    spec=plan("Security"),
    over=said,
    scenes=("preflight", _SCENE),
    hint="the framework's debug mode is on, or the exception's text is sent",
)
def refusal_tells_nothing(refusal: Refusal) -> Iterator[Finding]:
    """
    A refusal shows no stack trace and no key.

    Traces name files, versions and secrets to whoever sends garbage.
    """
    found = _TRACES.search(refusal.text)
    if found:
        yield Finding(expected="a short refusal", actual=f"{quoted(found[0].strip())} in it", at=refusal.at)


@dataclass(frozen=True, kw_only=True, slots=True)
class Bait:
    """A refusal that might have told something: everybody's markers, and the names of users other than its own."""

    refusal: Refusal
    markers: frozenset[str]
    names: frozenset[str]


def baited(transcript: Transcript) -> Iterator[Bait]:
    """The refusals of tokens of a user of whom there was something to tell."""
    baits = [p for p in transcript.publishes if p.scene == _SCENE and p.part == "bait" and p.marker]
    told = [s for s in transcript.streams_in(_SCENE, "control-before") if any(s.mentions(bait) for bait in baits)]
    markers = frozenset(p.marker for p in transcript.publishes if p.marker)
    users = {stream.attempt.user for stream in transcript.streams} - {""}
    # An ordinary word, as "admin", stands in texts of refusals without naming anybody.
    telling = frozenset(user for user in users if re.search(r"[0-9@]", user))
    for refusal in said(transcript) if told else ():
        at = refusal.at
        if not isinstance(at, Stream) or at.attempt.scene == _SCENE:
            own = at.attempt.user if isinstance(at, Stream) else at.user
            yield Bait(refusal=refusal, markers=markers, names=telling - {own})


@rule(
    "auth.refusal-without-data",
    level=Level.MUST,
    spec=plan("Security"),
    over=baited,
    scenes=_SCENE,
    needs={Capability.TRIGGERS, Capability.MARKERS},
    hint="the handler goes on after it has sent the refusal: a return is missing; or an error page shows who is there",
)
def refusal_shows_no_data(bait: Bait) -> Iterator[Finding]:
    """
    A refusal shows nobody's notifications, and no other user's name.

    Whoever sends an invalid token is nobody: a status of 401 hides nothing where the snapshot follows in its body.
    """
    refusal = bait.refusal
    shown = bait.markers.intersection(markers_in(refusal.text))
    named = [name for name in bait.names if name in refusal.text]
    for what, count in (("of a user's notifications", len(shown)), ("names of other users", len(named))):
        if count:
            actual = f"{count} {what}, in answer to a {refusal.token.value} token"
            yield Finding(expected="a refusal and no data", actual=actual, at=refusal.at)


@rule(
    "auth.no-echo",
    level=Level.SHOULD,
    spec=(rfc(6750, "5.3"), practice("Error texts end in logs and bug reports: mercure redacts tokens from them")),
    over=lambda transcript: (refusal for refusal in said(transcript) if refusal.token is not TokenKind.MISSING),
    scenes=_SCENE,
    hint="the text of the library's error is sent, and it quotes its input",
)
def refusal_repeats_no_token(refusal: Refusal) -> Iterator[Finding]:
    """
    A refusal does not repeat the token.

    What is refused today may have been good yesterday, or be good elsewhere; the body of an error is logged and shown.
    """
    if _ECHO.search(refusal.text):
        actual = f"the {refusal.token.value} token again"
        yield Finding(expected="a refusal without the token", actual=actual, at=refusal.at)


RULES = (refusal_tells_nothing, refusal_shows_no_data, refusal_repeats_no_token)
