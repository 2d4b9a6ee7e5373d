"""Builders for tests: a transcript, a rule, a verdict in a line or two. Instants are given in seconds."""

import json
from collections.abc import Callable, Iterable
from typing import Any

from sse_conform import entries as e
from sse_conform.markers import new_marker
from sse_conform.rule import Finding, Rule
from sse_conform.spec import Capability, Level, plan
from sse_conform.terms import Terms
from sse_conform.transcript import Stream, Transcript, TranscriptFooter, TranscriptHeader
from sse_conform.verdict import Outcome, Verdict

SCENE = "a.scene"
EVENT_STREAM = (("content-type", "text/event-stream"),)

Lines = e.AnyEntry | list[e.AnyEntry]


def ns(seconds: float) -> int:
    return round(seconds * 1_000_000_000)


def event(name: str, data: object) -> bytes:
    """One frame as a plain service writes it."""
    return f"event: {name}\ndata: {json.dumps(data)}\n\n".encode()


def snapshot(*items: dict[str, Any]) -> bytes:
    return event("snapshot", {"unread": len(items), "items": list(items)})


def notification(message: str = "", *, id: object = 1) -> bytes:
    return event("notification", {"id": id, "type": "alert", "message": message})


def stream(
    *pieces: tuple[float, bytes],
    conn: int = 1,
    at: float = 0.0,
    status: int | None = 200,
    headers: tuple[e.Header, ...] = EVENT_STREAM,
    ends: tuple[float, e.EndKind] | None = None,
    **attempt: Any,
) -> list[e.AnyEntry]:
    """One attempt at ``at`` that is answered at once (not at all where ``status`` is None), and what it brought."""
    fields = {"scene": SCENE, "part": "tab", "user": "alice", "token": e.TokenKind.GENUINE, "method": "GET"} | attempt
    target = fields.pop("target", "/stream")
    lines: list[e.AnyEntry] = [e.Attempted(t=ns(at), conn=conn, target=target, headers=(), **fields)]
    if status is not None:
        head = {"status": status, "reason": "OK", "http_version": "1.1", "headers": headers}
        lines.append(e.HeadReceived(t=ns(at), conn=conn, **head))
    lines += [e.BodyReceived(t=ns(t), conn=conn, data=data, stamp=e.Stamp.KERNEL) for t, data in pieces]
    if ends is not None:
        lines.append(e.Ended(t=ns(ends[0]), conn=conn, kind=ends[1], detail="it ended"))
    return lines


def published(at: float = 1.0, acked: float | None = None, **changes: Any) -> e.Published:
    """An accepted publish for Alice that carries its marker."""
    fields: dict[str, Any] = {
        "number": 1, "scene": SCENE, "part": "", "kind": e.EventKind.ALERT, "to": "alice", "marker": new_marker(),
        "status": 201, "accepted": True,
    }  # fmt: skip
    fields |= changes
    fields.setdefault("octets", fields["marker"].encode())
    return e.Published(t=ns(at), acked=ns(at if acked is None else acked), **fields)


def exchanged(**changes: Any) -> e.Exchanged:
    fields: dict[str, Any] = {
        "t": ns(1), "number": 1, "scene": SCENE, "part": "", "user": "alice", "method": "GET", "target": "/api/items",
        "answered": ns(2), "status": 200,
    }  # fmt: skip
    return e.Exchanged(**(fields | changes))


def showed(*notifications: str, at: float = 1.0, page: int = 1, **changes: Any) -> e.PageShowed:
    """What the target's own page showed."""
    return e.PageShowed(**({"t": ns(at), "page": page, "scene": SCENE, "notifications": notifications} | changes))


def completed(scene: str = SCENE, *, at: float = 100.0) -> e.SceneEnded:
    return e.SceneEnded(t=ns(at), scene=scene, outcome=e.SceneOutcome.COMPLETED)


def disturbed(since: float, until: float, *, conn: int = 0, kind: e.Disturbance = e.Disturbance.LAG) -> e.Disturbed:
    return e.Disturbed(t=ns(since), until=ns(until), kind=kind, conn=conn)


def header(*, terms: Terms | None = None, **changes: Any) -> TranscriptHeader:
    fields: dict[str, Any] = {
        "suite": "0.1.0", "target": "http://127.0.0.1:8080", "name": "sample", "rules": (), "scenes": (SCENE,),
        "started_at": "2026-01-02T03:04:05+00:00",
    }  # fmt: skip
    return TranscriptHeader(terms=terms or Terms(), **(fields | changes))


def transcript(*lines: Lines, terms: Terms | None = None, interrupted: bool = False, **changes: Any) -> Transcript:
    """A transcript of these lines in order of time; ``changes`` go to its header."""
    flat = [entry for line in lines for entry in (line if isinstance(line, list) else [line])]
    flat.sort(key=lambda entry: entry.t)
    footer = TranscriptFooter(entries=len(flat), interrupted=interrupted)
    return Transcript(header(terms=terms, **changes), tuple(flat), footer)


def only(recorded: Transcript) -> Stream:
    """The one stream of a transcript."""
    (single,) = recorded.streams
    return single


def rule_of(
    *findings: Finding,
    over: Callable[[Transcript], Iterable[Any]] = lambda recorded: recorded.streams,
    id: str = "area.rule",
    level: Level = Level.MUST,
    scenes: tuple[str, ...] = (SCENE,),
    needs: Iterable[Capability] = (),
    **changes: Any,
) -> Rule:
    """A rule that finds the same on each of its subjects."""
    return Rule(
        id=id,
        level=level,
        title="A title.",
        why="",
        spec=(plan("Testing"),),
        scenes=scenes,
        over=over,
        needs=frozenset(needs),
        **({"check": lambda subject, terms: iter(findings)} | changes),
    )


def verdict(outcome: Outcome, *, rule: str = "area.rule", level: Level = Level.MUST) -> Verdict:
    return Verdict(rule=rule, level=level, outcome=outcome)
