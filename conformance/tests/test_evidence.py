import json

import pytest

from sse_conform import entries as e
from sse_conform import evidence
from sse_conform.eventstream import decode
from sse_conform.evidence import deliveries, names, recognises
from sse_conform.terms import Terms

from .records import event, notification, only, published, snapshot, stream, transcript

TERMS = Terms(latency=2.0)
CLOSED, EOF = e.EndKind.CLOSED, e.EndKind.EOF


def heard(*lines):
    return list(deliveries(transcript(*lines, terms=TERMS)))


def frame(data: bytes):
    (only_frame,) = decode(data).frames
    return only_frame


# deliveries


def test_an_event_on_an_open_stream_of_its_user_is_a_delivery_with_its_copies():
    publish = published(at=1)
    (delivery,) = heard(stream((0.5, snapshot()), (1.2, notification(publish.marker))), publish)
    assert delivery.published is publish
    assert [copy.type for copy in delivery.copies] == ["notification"]


def test_an_event_that_never_came_is_a_delivery_without_copies():
    (delivery,) = heard(stream((0.5, snapshot())), published(at=1))
    assert delivery.copies == ()


def test_a_stream_is_open_from_its_snapshot_on():
    assert heard(stream((1.5, snapshot())), published(at=1)) == []
    assert heard(stream((1.5, notification())), published(at=1)) == []
    assert len(heard(stream((0.9, snapshot())), published(at=1))) == 1


def test_a_snapshot_that_is_not_complete_opens_nothing():
    half = snapshot()
    assert heard(stream((0.5, half[:-1]), (1.5, half[-1:])), published(at=1)) == []


def test_a_stream_that_ended_before_was_not_open():
    assert heard(stream((0.5, snapshot()), ends=(0.9, EOF)), published(at=1)) == []


@pytest.mark.parametrize(("closed_at", "counts"), [(2.9, False), (3.1, True)])
def test_a_stream_that_we_closed_counts_where_the_budget_after_the_acknowledgement_was_over(closed_at, counts):
    lines = stream((0.5, snapshot()), ends=(closed_at, CLOSED)), published(at=0.6, acked=1)
    assert bool(heard(*lines)) is counts


def test_a_stream_that_we_closed_soon_counts_where_the_event_came_before():
    publish = published(at=1)
    (delivery,) = heard(stream((0.5, snapshot()), (1.1, notification(publish.marker)), ends=(1.2, CLOSED)), publish)
    assert len(delivery.copies) == 1


def test_a_stream_that_the_target_ended_too_soon_is_a_delivery_without_copies():
    (delivery,) = heard(stream((0.5, snapshot()), ends=(1.2, EOF)), published(at=1))
    assert delivery.copies == ()


def test_only_streams_of_the_user_it_concerns_hear_a_targeted_event():
    lines = stream((0.5, snapshot()), conn=1), stream((0.5, snapshot()), conn=2, user="bob")
    assert [d.stream.conn for d in heard(*lines, published(to="bob"))] == [2]
    assert [d.stream.conn for d in heard(*lines, published(to="bob", everyone=True))] == [1, 2]


def test_streams_of_other_scenes_are_not_asked():
    assert heard(stream((0.5, snapshot()), scene="another.scene"), published()) == []


def test_deliveries_can_be_asked_for_by_scene():
    recorded = transcript(stream((0.5, snapshot())), published())
    assert list(deliveries(recorded, "another.scene")) == []
    assert len(list(deliveries(recorded, "another.scene", "a.scene"))) == 1


@pytest.mark.parametrize("changes", [{"accepted": False, "status": 400}, {"valid": False}])
def test_what_was_refused_or_meant_to_be_is_nobodys_delivery(changes):
    assert heard(stream((0.5, snapshot())), published(**changes)) == []


def test_an_attempt_that_opened_nothing_hears_nothing():
    assert heard(stream((0.5, snapshot()), status=429), published()) == []


def test_the_next_snapshot_is_no_copy():
    publish = published(at=1)
    (delivery,) = heard(stream((0.5, snapshot()), (1.1, snapshot({"id": 1, "message": publish.marker}))), publish)
    assert delivery.copies == ()


# recognising


def test_a_frame_is_recognised_by_the_marker_alone_where_there_is_one():
    publish = published(event_id="7")
    assert recognises(publish, frame(notification(publish.marker, id=1)))
    assert not recognises(publish, frame(notification("nothing", id=7)))


@pytest.mark.parametrize("identifier", ["7", "urn:uuid:1", "a/b", "\u00e9", 'q"', "\U0001f6a8"])
@pytest.mark.parametrize("ascii_only", [True, False])
def test_a_frame_is_recognised_by_its_id_however_json_spells_it(identifier, ascii_only):
    spelled = json.dumps({"id": identifier}, ensure_ascii=ascii_only).replace("/", "\\/")
    data = f"data: {spelled}\n\n".encode()
    assert recognises(published(marker="", event_id=identifier), frame(data))


def test_a_number_is_recognised_by_its_text():
    assert recognises(published(marker="", event_id="7"), frame(notification(id=7)))
    assert not recognises(published(marker="", event_id="7"), frame(notification(id=77)))


@pytest.mark.parametrize(
    "data", [b"data: 7\n\n", b"data: [7]\n\n", b"data: x7\n\n", b"event: 7\n\n", b'data: {"a":7}\n\n']
)
def test_an_id_elsewhere_is_not_recognised(data):
    assert not recognises(published(marker="", event_id="7"), frame(data))


def test_a_publish_with_neither_marker_nor_id_is_recognised_nowhere():
    assert not recognises(published(marker="", event_id=""), frame(notification(id="")))


def test_an_item_is_named_by_a_marker_in_any_text_or_by_its_id():
    publish = published()
    assert names(publish, {"id": 1, "data": {"deep": [f"<{publish.marker}>"]}})
    assert not names(publish, {"id": publish.number, "message": "else"})
    assert names(published(marker="", event_id="7"), {"id": 7})
    assert not names(published(marker="", event_id="7"), {"message": "7"})


def test_many_publishes_are_known_again_as_each_of_them_is():
    marked = [published(number=number) for number in (3, 1, 2)]
    twins = [published(number=number, marker="", event_id="7") for number in (5, 4)]
    known = evidence.Known([*marked, *twins])
    texts = [*(p.marker for p in marked), f"{marked[0].marker} {marked[1].marker}", "mk" + 16 * "0" + "x", ""]
    for text in texts:
        for identifier in (7, "7", 8):
            item = {"id": identifier, "message": text}
            of_item = sorted((p for p in [*marked, *twins] if names(p, item)), key=lambda p: p.number)
            assert known.named(item) == of_item == known.told(frame(event("notification", item)))


# selections


def test_items_of_a_snapshot_are_its_objects():
    bodies = [{"items": [{"id": 1}, 2, None]}, {"items": "none"}, {"items": None}, {}, [1], "text"]
    recorded = only(transcript(stream(*((n, event("snapshot", body)) for n, body in enumerate(bodies)))))
    assert [evidence.items(each) for each in recorded.events] == [[{"id": 1}], [], [], [], [], []]


def test_opened_streams_are_valid_gets_that_were_answered_with_200():
    recorded = transcript(
        stream(conn=1),
        stream(conn=2, status=401),
        stream(conn=3, status=429),
        stream(conn=4, method="HEAD"),
        stream(conn=5, token=e.TokenKind.EXPIRED),
        stream(conn=6, status=None),
        stream(conn=7, token=e.TokenKind.RESIGNED),
    )
    assert [s.conn for s in evidence.admitted(recorded)] == [1, 2, 7]
    assert [s.conn for s in evidence.opened(recorded)] == [1, 7]


def test_a_conversation_has_at_least_one_completed_frame():
    recorded = transcript(stream((1, b"data: x\n"), conn=1), stream((1, b": hi\n\n"), conn=2))
    assert [s.conn for s in evidence.conversations(recorded)] == [2]


def test_a_ping_without_data_is_a_ping_but_no_event():
    recorded = transcript(stream((1, b"event: ping\n\n" + event("ping", 1))))
    assert len(list(evidence.pings(recorded))) == 2
    assert len(list(evidence.events(recorded, "ping"))) == 1


def test_the_first_snapshot_is_the_first():
    recorded = only(transcript(stream((1, b": hi\n\n" + notification()), (2, snapshot()), (3, snapshot()))))
    first = evidence.first_snapshot(recorded)
    assert first is not None
    assert (first.type, first.t) == ("snapshot", 2_000_000_000)
    assert evidence.first_snapshot(only(transcript(stream()))) is None


def test_notifications_and_snapshots_are_told_apart():
    recorded = transcript(stream((1, snapshot() + notification() + notification() + event("ping", 1))))
    assert len(list(evidence.notifications(recorded))) == 2
    assert len(list(evidence.snapshots(recorded))) == 1


@pytest.mark.parametrize(("status", "refuses"), [(399, False), (400, True), (499, True), (500, False), (0, False)])
def test_a_refusal_is_a_status_that_blames_the_request(status, refuses):
    assert evidence.refuses(status) is refuses


def test_a_finding_shows_how_a_value_begins():
    assert evidence.quoted("a\n" + "b" * 79) == repr("a\n" + "b" * 78)
    assert evidence.quoted(b"b" * 80) == repr(b"b" * 80)
    assert evidence.quoted({"b": "c" * 99}) == "{'b': '" + "c" * 73
