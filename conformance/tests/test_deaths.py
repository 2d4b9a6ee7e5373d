from sse_conform import entries as e
from sse_conform.death_entry import Act, Action
from sse_conform.deaths import actions_before

from .records import SCENE, completed, exchanged, ns, only, published, snapshot, stream, transcript

OTHER = "another.scene"


def died(at: float, *, back: float = 0.0, after: tuple[Action, ...] = ()) -> e.Died:
    return e.Died(t=ns(at), endpoint="127.0.0.1:3000", back=ns(back), after=after)


def begun(scene: str = SCENE, *, at: float = 0.0) -> e.SceneBegan:
    return e.SceneBegan(t=ns(at), scene=scene)


def connected(at: float, conn: int = 1) -> e.Connected:
    return e.Connected(t=ns(at), conn=conn, address="127.0.0.1:40000")


# what came before


def names(recorded, at):
    return [(action.part, action.act) for action in actions_before(recorded.entries, ns(at))]


def test_what_was_done_in_the_last_second_is_named_the_latest_first():
    recorded = transcript(
        stream(at=4.5, part="early"),
        connected(4.5),
        published(5.2, part="text"),
        exchanged(t=ns(5.4), answered=ns(5.5), part="poll"),
        stream(at=5.6, part="tab", conn=2, ends=(5.8, e.EndKind.CLOSED)),
        connected(5.6, conn=2),
        published(6.1, part="late"),
    )
    assert names(recorded, 6.0) == [
        ("tab", Act.LEAVING),
        ("tab", Act.ATTEMPT),
        ("poll", Act.REQUEST),
        ("text", Act.PUBLISH),
    ]


def test_an_attempt_that_never_reached_the_target_killed_nobody():
    recorded = transcript(stream(at=5.0, status=None, ends=(5.0, e.EndKind.REFUSED)))
    assert names(recorded, 5.1) == []


def test_a_connection_that_the_target_ended_is_no_action_of_ours():
    recorded = transcript(stream(at=1.0, ends=(5.0, e.EndKind.RESET)), connected(1.0))
    assert names(recorded, 5.1) == []


# what still counts


def test_without_a_death_everything_counts():
    recorded = transcript(stream((1.0, snapshot())), completed())
    assert recorded.counted is recorded.entries


def test_the_death_is_the_end_of_the_streams_that_were_open():
    recorded = transcript(begun(), stream((1.0, snapshot()), ends=(5.0, e.EndKind.RESET)), died(5.0), completed())
    assert only(recorded).end.kind is e.EndKind.DIED
    assert len(only(recorded).events) == 1


def test_a_stream_that_was_broken_before_stays_broken():
    recorded = transcript(begun(), stream((1.0, snapshot()), ends=(4.0, e.EndKind.RESET)), died(5.0), completed())
    assert only(recorded).end.kind is e.EndKind.RESET


def test_an_attempt_without_an_answer_at_the_death_does_not_count():
    lost = stream(at=5.0, conn=2, status=None, ends=(5.0, e.EndKind.EOF))
    recorded = transcript(
        begun(), stream((1.0, snapshot()), at=1.0), lost, connected(5.0, conn=2), died(5.0), completed()
    )
    assert [each.conn for each in recorded.streams] == [1]
    assert len(recorded.every(e.Attempted)) == 2


def test_requests_that_the_death_left_without_an_answer_do_not_count():
    recorded = transcript(
        begun(),
        published(4.0, 4.1, number=1),
        published(4.9, 5.0, number=2, status=0, accepted=False),
        exchanged(t=ns(4.9), answered=ns(5.0), status=0),
        died(5.0),
        completed(),
    )
    assert [publish.number for publish in recorded.publishes] == [1]
    assert recorded.exchanges == ()


def test_what_a_broken_off_scene_did_afterwards_does_not_count():
    recorded = transcript(begun(), stream(at=1.0), died(5.0, back=6.0), stream(at=7.0, conn=2), completed())
    assert [each.conn for each in recorded.streams] == [1]
    assert recorded.outcomes[SCENE].outcome is e.SceneOutcome.COMPLETED


def test_scenes_that_were_over_or_had_not_begun_are_not_touched():
    recorded = transcript(
        begun(),
        stream(at=1.0, ends=(2.0, e.EndKind.RESET)),
        completed(at=3.0),
        died(5.0, back=6.0),
        begun(OTHER, at=7.0),
        stream(at=7.0, conn=2, scene=OTHER, ends=(8.0, e.EndKind.RESET)),
        completed(OTHER, at=9.0),
    )
    assert [each.end.kind for each in recorded.streams] == [e.EndKind.RESET] * 2
