"""A stop ends streams: that is held against the target by no rule but those on shutdown."""

import pytest

from sse_conform import entries as e
from sse_conform.rules.shutdown import drains

from .records import ns, stream, transcript

CHUNK = b"data: x\n\n"


def commanded(order, at, done, scene="shutdown.restart", **fields):
    return e.Commanded(t=ns(at), scene=scene, order=order, done=ns(done), **fields)


STOP = commanded(e.Order.STOP, 5, 6)


def part(name, **fields):
    return stream((1, CHUNK), scene="shutdown.restart", part=name, **fields)


@pytest.mark.parametrize("kind", [e.EndKind.RESET, e.EndKind.EOF, e.EndKind.COMPLETE])
def test_a_stream_that_was_open_when_the_target_was_stopped_counts_as_stopped(kind):
    recorded = transcript(part("open", ends=(5.5, kind)), STOP)
    assert recorded.streams[0].end.kind is e.EndKind.STOPPED
    assert recorded.streams[0].cut_short


def test_the_rules_on_shutdown_see_how_it_ended():
    recorded = transcript(part("open", ends=(5.5, e.EndKind.RESET)), STOP)
    assert [(drain.end.kind, drain.took) for drain in drains(recorded)] == [(e.EndKind.RESET, 0.5)]


def test_what_ended_before_the_stop_counts_as_ever():
    recorded = transcript(part("open", ends=(4, e.EndKind.RESET)), STOP)
    assert recorded.streams[0].end.kind is e.EndKind.RESET
    assert list(drains(recorded)) == []


def test_what_was_opened_after_it_counts_as_ever():
    later = stream((7.5, CHUNK), scene="shutdown.restart", part="after", at=7, ends=(8, e.EndKind.RESET))
    recorded = transcript(STOP, later)
    assert recorded.streams[0].end.kind is e.EndKind.RESET


def test_the_streams_of_other_scenes_count_as_ever():
    recorded = transcript(stream((1, CHUNK), scene="idle.stream", ends=(5.5, e.EndKind.RESET)), STOP)
    assert recorded.streams[0].end.kind is e.EndKind.RESET


def test_a_stream_that_we_closed_ourselves_was_closed():
    recorded = transcript(part("open", ends=(9, e.EndKind.CLOSED)), STOP)
    assert recorded.streams[0].end.kind is e.EndKind.CLOSED


def test_a_stop_that_failed_proves_nothing_of_the_target():
    failed = commanded(e.Order.STOP, 5, 6, error="control.stop ended with code 1")
    assert list(drains(transcript(part("open", ends=(5.5, e.EndKind.RESET)), failed))) == []
