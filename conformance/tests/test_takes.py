from sse_conform import entries as e
from sse_conform.takes import acts, takes

from .records import SCENE, completed, disturbed, exchanged, ns, published, snapshot, stream, transcript

OTHER = "other.scene"


def repeated(at, scene=SCENE):
    return e.Repeated(t=ns(at), scene=scene, reason="it was disturbed")


def began(at, scene=SCENE):
    return e.SceneBegan(t=ns(at), scene=scene)


FIRST = [
    began(1),
    *stream((2, snapshot()), conn=1, at=1, ends=(3, e.EndKind.CLOSED)),
    published(2, number=1),
    disturbed(2, 3, conn=1, kind=e.Disturbance.PAUSE),
    exchanged(t=ns(2), number=1),
    completed(at=4),
]
ELSEWHERE = [*stream((2, snapshot()), conn=2, at=1.5, scene=OTHER), completed(OTHER, at=5)]
SECOND = [*stream((12, snapshot()), conn=3, at=11), published(12, number=2), completed(at=14)]
LAG = disturbed(1.25, 1.4)
TWICE = transcript(FIRST, ELSEWHERE, LAG, repeated(10), SECOND)


def test_a_run_without_repetition_has_one_take_which_is_the_record_itself():
    recorded = transcript(FIRST, ELSEWHERE)
    assert takes(recorded) == (recorded,) == acts(recorded)


def test_each_take_has_its_own_streams_and_publishes_of_the_repeated_scene():
    first, second = takes(TWICE)
    assert [s.conn for s in first.streams_in(SCENE)] == [1]
    assert [s.conn for s in second.streams_in(SCENE)] == [3]
    assert [p.number for p in first.publishes] == [1]
    assert [p.number for p in second.publishes] == [2]
    assert (len(first.exchanges), len(second.exchanges)) == (1, 0)


def test_what_was_played_once_is_in_both_takes_and_so_is_the_suites_own_lag():
    for take in takes(TWICE):
        assert [s.conn for s in take.streams_in(OTHER)] == [2]
        assert LAG in take.disturbances


def test_what_was_done_to_a_stream_goes_with_the_stream():
    first, second = takes(TWICE)
    assert [d.conn for d in first.disturbances] == [0, 1]
    assert [d.conn for d in second.disturbances] == [0]
    assert [s.end.kind for s in first.streams if s.end] == [e.EndKind.CLOSED]


def test_a_scene_ends_in_each_take_by_itself():
    first, second = takes(TWICE)
    assert (first.outcomes[SCENE].t, second.outcomes[SCENE].t) == (ns(4), ns(14))


def test_what_two_acts_have_recorded_is_the_whole_record():
    first, second = acts(TWICE)
    assert first.entries + second.entries == TWICE.entries
    assert {s.conn for s in first.streams} == {1, 2}
    assert {s.conn for s in second.streams} == {3}
