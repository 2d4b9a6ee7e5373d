"""Scenes of a few lines and rules over them, for tests of how a run is conducted."""

from sse_conform import entries as e
from sse_conform.promises import Numbers
from sse_conform.scenario import Nature, scenario

from .records import rule_of


def scene(id, play=None, *, attempts=1, users=("alice",), nature=Nature.PLAIN, needs=()):
    """A scene; unless told otherwise Alice opens a stream, sees its snapshot and leaves."""

    async def look(stage):
        """Alice looks in."""
        stream = await stage.subscribe("alice")
        assert await stream.until_snapshot()

    return scenario(id, attempts=attempts, users=users, nature=nature, needs=needs)(play or look)


def limited(limit, window=0.3):
    return Numbers(heartbeat=2.0, latency=0.5, rate_limit=limit, rate_window=window)


def rule_for(*scenes):
    return rule_of(id=f"area.{scenes[0]}", scenes=scenes)


def outcome(result, name):
    return result.transcript.outcomes[name].outcome


def stretch(transcript, name):
    """When a scene began and ended."""
    (began,) = [entry.t for entry in transcript.of(e.SceneBegan) if entry.scene == name]
    return began, transcript.outcomes[name].t


def overlap(transcript, one, other):
    (one_began, one_ended), (other_began, other_ended) = stretch(transcript, one), stretch(transcript, other)
    return one_began < other_ended and other_began < one_ended
