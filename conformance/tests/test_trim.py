from dataclasses import replace
from pathlib import Path

import pytest

from sse_conform import entries as e
from sse_conform import transcript_file
from sse_conform.rules import BY_ID
from sse_conform.transcript import Transcript, TranscriptFooter
from sse_conform.trim import trim
from sse_conform.verdict import Outcome, judge

FOLDER = Path(__file__).parents[2] / "fixtures" / "transcripts"
SILENCE, DATA = BY_ID["heartbeat.no-silence"], BY_ID["heartbeat.has-data"]


def joined(*names: str) -> Transcript:
    """Recorded runs played one after another, as if they had been one: connections and numbers stay apart."""
    recorded: list[e.AnyEntry] = []
    for place, name in enumerate(names):
        for entry in transcript_file.read(FOLDER / name).entries:
            conn = getattr(entry, "conn", 0)
            recorded.append(_renumbered(entry, conn + 1000 * place) if conn else entry)
    header = transcript_file.read(FOLDER / names[0]).header
    return Transcript(header, tuple(recorded), TranscriptFooter(entries=len(recorded)))


def _renumbered(entry, conn):
    from msgspec.structs import replace as changed

    return changed(entry, conn=conn)


RUN = joined("heartbeat.has-data/fail.jsonl", "auth.challenge/pass.jsonl", "rate_limit.exists/pass.jsonl")


def test_the_verdict_stays_and_the_rest_goes():
    trimmed = trim(RUN, DATA)
    before, after = judge(DATA, RUN), judge(DATA, trimmed)
    assert after.outcome is before.outcome is Outcome.FAIL
    assert after.breaches[0].expected == before.breaches[0].expected
    assert len(trimmed.of(e.Attempted)) == 1 < len(RUN.of(e.Attempted))
    assert len(trimmed.entries) < len(RUN.entries)


def test_a_trimmed_transcript_can_be_read_again(tmp_path):
    transcript_file.write(trim(RUN, DATA), tmp_path / "trimmed.jsonl")
    assert judge(DATA, transcript_file.read(tmp_path / "trimmed.jsonl")).outcome is Outcome.FAIL


def test_a_breach_keeps_no_entry_that_it_does_not_need():
    trimmed = trim(RUN, DATA)
    for place in range(len(trimmed.entries)):
        if not isinstance(trimmed.entries[place], e.Attempted):
            fewer = trimmed.entries[:place] + trimmed.entries[place + 1 :]
            assert judge(DATA, Transcript(trimmed.header, fewer, trimmed.footer)).outcome is not Outcome.FAIL


def test_a_passing_transcript_keeps_its_connections_whole():
    whole = transcript_file.read(FOLDER / "heartbeat.no-silence" / "pass.jsonl")
    trimmed = trim(whole, SILENCE)
    assert judge(SILENCE, trimmed).outcome is Outcome.PASS
    assert [stream.body for stream in trimmed.streams] == [stream.body for stream in whole.streams]


def test_the_header_names_the_rule_alone():
    header = trim(RUN, DATA).header
    assert (header.rules, header.scenes) == ((DATA.id,), DATA.scenes)


@pytest.mark.parametrize("outcome", [Outcome.UNTESTED])
def test_what_says_nothing_is_left_as_it_is(outcome):
    blind = replace(DATA, over=lambda _transcript: ())
    assert judge(blind, RUN).outcome is outcome
    assert trim(RUN, blind).entries == RUN.entries
