"""
The takes of a run: where scenes were played again, the record is judged as either take has it.

Scenes are played again when all others are over, so whatever was recorded from then on belongs to second takes. Rules
never see two takes of one scene at once: what was published in one is not owed to the streams of the other.
"""

from itertools import takewhile

from sse_conform import entries as e
from sse_conform.transcript import Transcript


def acts(transcript: Transcript) -> tuple[Transcript, ...]:
    """What was recorded until scenes were played again, and what from then on, where any were."""
    before = tuple(takewhile(lambda entry: not isinstance(entry, e.Repeated), transcript.entries))
    after = transcript.entries[len(before) :]
    if not after:
        return (transcript,)
    return tuple(Transcript(transcript.header, part, transcript.footer) for part in (before, after))


def takes(transcript: Transcript) -> tuple[Transcript, ...]:
    """
    The whole record, or, where scenes were played again, the record with their first takes and with their second.

    Scenes that were played once are in both, and so are the lag of the suite and the deaths of the target.
    """
    first, *again = acts(transcript)
    return (first, *(_instead(first, second) for second in again))


def _instead(first: Transcript, second: Transcript) -> Transcript:
    """The record of the first act without the scenes of the second, and these in their stead."""
    repeated = {entry.scene for entry in second.of(e.Repeated)}
    conns = {attempt.conn for attempt in first.every(e.Attempted) if attempt.scene in repeated}

    def stays(entry: e.AnyEntry) -> bool:
        match entry:
            case e.Connected() | e.HeadReceived() | e.BodyReceived() | e.Ended() | e.Disturbed():
                return entry.conn not in conns
            case e.Died():
                return True
            case _:
                return entry.scene not in repeated

    kept = tuple(entry for entry in first.entries if stays(entry))
    return Transcript(first.header, kept + second.entries, first.footer)
