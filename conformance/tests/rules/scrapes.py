"""Builders for tests of metrics: looks at them, and streams beside these. Instants are given in seconds."""

from sse_conform import entries as e
from sse_conform.rules import BY_ID
from sse_conform.spec import Capability
from sse_conform.terms import Terms
from sse_conform.verdict import judge

from ..records import completed, exchanged, ns, snapshot, stream, transcript

SCENE = "metrics.gauge"
TERMS = Terms(metric_names=("open", "life_seconds", "sent"), capabilities=tuple(Capability))


def look(part, text, *, at, **changes):
    fields = {"t": ns(at), "answered": ns(at + 0.1), "scene": SCENE, "part": part, "body": text.encode()}
    return exchanged(**fields | changes)


def gauge(part, value, *, at):
    return look(part, f"open {value}\n", at=at)


def life(since, until, *, conn=1, scene=SCENE, **attempt):
    return stream(
        (since + 0.1, snapshot()), at=since, conn=conn, scene=scene, ends=(until, e.EndKind.CLOSED), **attempt
    )


def verdict(rule, *lines):
    return judge(BY_ID[rule], transcript(*lines, completed(SCENE), terms=TERMS))
