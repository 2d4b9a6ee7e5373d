"""Events of all kinds in turn: what a path forgets is often one kind of them."""

from collections.abc import Iterator
from itertools import cycle, islice

from sse_conform.entries import EventKind
from sse_conform.scenario import Stage


def kinds_in_turn(stage: Stage, count: int) -> Iterator[EventKind]:
    """So many kinds of event, one after another and then again."""
    return islice(cycle(stage.kinds), count)
