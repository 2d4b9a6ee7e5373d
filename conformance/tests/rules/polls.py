"""Builders for tests of polling: pages, their items, and what was published for them."""

import json

from sse_conform.rules import BY_ID
from sse_conform.spec import Capability
from sse_conform.terms import Terms
from sse_conform.verdict import judge

from ..records import completed, exchanged, published, transcript

PAGES, OVERFLOW, REFUSALS = "polling.pages", "snapshot.overflow", "auth.refusals"
TERMS = Terms(snapshot_items=3, capabilities=tuple(Capability))
ITEM = {"id": 1, "type": "alert", "message": "m"}
EMPTY = {"unread": 0, "items": [], "next": None}
PAGED = [published(float(n), number=n, scene=PAGES, part="paged") for n in range(1, 6)]
OTHERS = [
    published(1.5, number=7, scene=PAGES, part="other"),
    published(1.6, number=8, scene=PAGES, part="paged", accepted=False),
    published(1.7, number=9, scene=OVERFLOW, part="paged"),
]
ONE, TWO, THREE, FOUR, FIVE = PAGED


def verdict(rule, *lines):
    done = map(completed, (PAGES, OVERFLOW, REFUSALS, "delivery.burst"))
    return judge(BY_ID[rule], transcript(*lines, *done, terms=TERMS))


def poll(document=EMPTY, *, part="start", scene=PAGES, **fields):
    body = document if isinstance(document, bytes) else json.dumps(document).encode()
    return exchanged(scene=scene, part=part, body=body, **fields)


def item(sent, **changes):
    return {"id": sent.number, "type": "alert", "message": sent.marker} | changes
