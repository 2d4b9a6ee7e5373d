import pytest

from sse_conform import entries as e

from .records import SCENE, completed, disturbed, event, notification, ns, only, published, snapshot, stream, transcript


def one(*pieces, **details):
    return only(transcript(stream(*pieces, **details)))


def test_an_event_has_the_instants_of_its_first_and_last_byte():
    first, second = one((1, b"event: ping\nda"), (2, b"ta: 1\n\ndata: 2\n"), (3, b"\n")).events
    assert (first.first, first.t) == (ns(1), ns(2))
    assert (second.first, second.t) == (ns(2), ns(3))


def test_a_cr_at_the_end_of_a_piece_completes_its_event_there():
    (event,) = one((1, b"data: x\r\n\r"), (2, b"\n")).events
    assert event.t == ns(1)
    assert event.raw == b"data: x\r\n\r\n"


def test_a_lone_cr_at_the_end_of_a_piece_does_so_too():
    first, second = one((1, b"data: 1\r\r"), (2, b"data: 2\r\r")).events
    assert (first.t, second.first) == (ns(1), ns(2))


def test_a_byte_arrives_with_the_piece_that_holds_it():
    recorded = one((1, b"ab"), (2, b""), (3, b"c"))
    assert [recorded.arrival(offset) for offset in range(3)] == [ns(1), ns(1), ns(3)]


def test_what_arrives_in_one_piece_arrives_at_once():
    assert {event.t for event in one((1, notification() * 3)).events} == {ns(1)}


def test_frames_that_dispatch_nothing_are_blocks_but_no_events():
    recorded = one((1, b"retry: 5000\n\n: hello\n\nevent: ping\n\ndata: x\n\n"))
    assert [block.type for block in recorded.blocks] == ["message", "message", "ping", "message"]
    assert [event.data for event in recorded.events] == ["x"]


@pytest.mark.parametrize("text", ["[1]", "7", "null", "NaN", "{", "", '{"a": 1} {"b": 2}'])
def test_data_that_is_no_object_has_an_empty_payload(text):
    (event,) = one((1, f"data: {text}\n\n".encode())).events
    assert event.payload == {}


def test_data_that_is_no_json_has_no_document():
    texts = (b"data: NaN\n\n", b"data: {\n\n", b"data:\n\n", b"data: [1]\n\n")
    assert [one((1, text)).events[0].document for text in texts] == [None, None, None, [1]]


def test_data_over_several_lines_is_one_document():
    (event,) = one((1, b'data: {"id":\ndata: 7}\n\n')).events
    assert event.payload == {"id": 7}


def test_an_unanswered_attempt_has_status_0_and_is_not_opened():
    recorded = one(status=None, ends=(1, e.EndKind.RESET))
    assert (recorded.status, recorded.opened, recorded.media_type) == (0, False, "")
    assert recorded.headers("content-type") == ()


@pytest.mark.parametrize(("status", "admitted"), [(200, True), (428, True), (429, False), (430, True), (None, False)])
def test_an_attempt_is_admitted_where_it_was_answered_and_not_by_the_limiter(status, admitted):
    assert only(transcript(stream(status=status))).admitted is admitted


def test_an_attempt_is_answered_when_its_head_comes():
    head = e.HeadReceived(t=ns(3), conn=1, status=200, reason="OK", http_version="1.1", headers=())
    assert only(transcript(stream(at=1, status=None), head)).answered == ns(3)
    assert only(transcript(stream(at=1, status=None))).answered == ns(1)


def test_only_status_200_opens_a_stream():
    assert [one(status=status).opened for status in (200, 201, 204, 401, 500)] == [True, False, False, False, False]


@pytest.mark.parametrize(
    "value", ["text/event-stream", "Text/Event-Stream; charset=utf-8", " text/event-stream ;charset=UTF-8"]
)
def test_the_media_type_is_the_essence_in_lower_case(value):
    assert one(headers=(("content-type", value),)).media_type == "text/event-stream"


def test_all_values_of_a_header_are_kept_in_order():
    recorded = one(headers=(("vary", "origin"), ("x", "1"), ("vary", "cookie")))
    assert recorded.headers("vary") == ("origin", "cookie")


# mentions


def test_an_event_is_recognised_by_the_marker_in_its_data():
    one_publish, other = published(), published()
    recorded = one((1, notification(f"say {one_publish.marker}!", id=1) + notification("nothing", id=2)))
    assert [event.payload["id"] for event in recorded.mentions(one_publish)] == [1]
    assert recorded.mentions(other) == ()


def test_a_marker_twice_in_one_event_is_one_mention():
    publish = published()
    assert len(one((1, notification(f"{publish.marker} {publish.marker}"))).mentions(publish)) == 1


def test_every_event_with_the_marker_is_a_mention():
    publish = published()
    recorded = one((1, snapshot({"id": 1, "message": publish.marker})), (2, notification(publish.marker)))
    assert [event.type for event in recorded.mentions(publish)] == ["snapshot", "notification"]


def test_without_a_marker_an_event_is_recognised_by_its_id():
    recorded = one((1, notification(id=7) + notification(id="7") + notification(id=77)))
    assert [event.payload["id"] for event in recorded.mentions(published(marker="", event_id="7"))] == [7, "7"]


def test_with_neither_marker_nor_id_nothing_is_recognised():
    assert one((1, notification(id=""))).mentions(published(marker="", event_id="")) == ()


# time


def test_silences_are_the_stretches_between_pieces():
    recorded = one((1, b"a"), (4, b"b"), (4.5, b"c"))
    assert list(recorded.silences(0, ns(10))) == [
        (0, ns(1)), (ns(1), ns(4)), (ns(4), ns(4.5)), (ns(4.5), ns(10)),
    ]  # fmt: skip


def test_silences_are_cut_to_the_stretch_that_is_asked_for():
    recorded = one((1, b"a"), (4, b"b"), (9, b"c"))
    assert list(recorded.silences(ns(1), ns(9))) == [(ns(1), ns(4)), (ns(4), ns(9))]
    assert list(recorded.silences(ns(5), ns(6))) == [(ns(5), ns(6))]


def test_a_stream_is_watched_until_its_end_or_its_last_piece():
    assert one((1, b"a"), ends=(5, e.EndKind.CLOSED)).watched_until == ns(5)
    assert one((1, b"a"), (3, b"b")).watched_until == ns(3)
    assert one(at=0.5).watched_until == ns(0.5)


def test_only_our_own_close_counts_as_ours():
    assert one(ends=(1, e.EndKind.CLOSED)).closed_by_suite
    assert not one(ends=(1, e.EndKind.EOF)).closed_by_suite
    assert not one().closed_by_suite


@pytest.mark.parametrize(
    ("since", "until", "conn", "calm"),
    [
        (1, 2, 0, True),  # before the lag; touching it is not overlapping
        (1, 2.1, 0, False),
        (2.5, 2.6, 0, False),
        (2.9, 4, 7, False),  # lag concerns every connection
        (3, 4, 0, True),
        (5, 6, 1, False),  # the pause of connection 1
        (5, 6, 2, True),
        (5, 6, 0, True),
    ],
)
def test_a_stretch_is_undisturbed_where_neither_lag_nor_an_act_on_its_connection_touches_it(since, until, conn, calm):
    recorded = transcript(disturbed(2, 3), disturbed(5, 6, conn=1, kind=e.Disturbance.PAUSE))
    assert recorded.undisturbed(ns(since), ns(until), conn) is calm


def test_lag_shorter_than_the_excess_does_not_explain_it():
    recorded = transcript(disturbed(2, 3), disturbed(5, 6, conn=1, kind=e.Disturbance.PAUSE), disturbed(8, 8.5))
    assert recorded.undisturbed(ns(1), ns(4), excess=ns(1.1))
    assert not recorded.undisturbed(ns(1), ns(4), excess=ns(1.0))
    assert not recorded.undisturbed(ns(1), ns(9), excess=ns(1.2))  # both lags together explain it
    assert recorded.undisturbed(ns(2.9), ns(4), excess=ns(0.2))  # what lies outside the stretch explains nothing


def test_what_was_done_to_its_connection_explains_any_excess():
    recorded = transcript(disturbed(5, 5.1, conn=1, kind=e.Disturbance.PAUSE))
    assert not recorded.undisturbed(ns(1), ns(9), 1, excess=ns(5))


# the transcript


def test_streams_are_in_the_order_of_their_attempts_and_hold_their_own_entries():
    recorded = transcript(
        stream((3, b"one"), conn=1, at=0, ends=(9, e.EndKind.EOF)), stream((2, b"two"), conn=2, at=1, status=429)
    )
    first, second = recorded.streams
    assert (first.conn, first.t, first.body, first.status) == (1, 0, b"one", 200)
    assert (second.conn, second.body, second.status, second.end) == (2, b"two", 429, None)


def test_the_address_in_use_is_known_once_connected():
    recorded = only(transcript(stream(), e.Connected(t=1, conn=1, address="127.0.0.1:40000")))
    assert recorded.connected is not None
    assert recorded.connected.address == "127.0.0.1:40000"


def test_streams_can_be_asked_for_by_scene_and_part():
    recorded = transcript(
        stream(conn=1, part="a"), stream(conn=2, part="b"), stream(conn=3, part="a", scene="another.scene")
    )
    assert [s.conn for s in recorded.streams_in(SCENE)] == [1, 2]
    assert [s.conn for s in recorded.streams_in(SCENE, "b")] == [2]
    assert [s.conn for s in recorded.streams_in(SCENE, "a", "b")] == [1, 2]


def test_of_an_attempt_that_the_limiter_delayed_only_the_last_belongs_to_the_scene():
    refused = [stream(conn=1, status=429), stream(conn=2, status=429, repeats=1)]
    recorded = transcript(*refused, stream(conn=3, repeats=2), stream(conn=4, status=429))
    assert [s.conn for s in recorded.streams_in(SCENE)] == [3, 4]
    assert [s.conn for s in recorded.streams] == [1, 2, 3, 4]


def test_the_outcome_of_a_scene_that_ran_twice_is_its_last():
    again = e.SceneEnded(t=ns(1), scene=SCENE, outcome=e.SceneOutcome.BROKEN)
    assert transcript(again, completed(at=2)).outcomes[SCENE].outcome is e.SceneOutcome.COMPLETED


def test_entries_can_be_asked_for_by_kind():
    publish = published()
    recorded = transcript(stream(), publish, completed())
    assert recorded.publishes == (publish,) == recorded.of(e.Published)
    assert recorded.exchanges == ()


def test_the_body_is_read_as_an_event_stream_whatever_its_media_type():
    assert one((1, event("ping", 1)), headers=(("content-type", "text/html"),)).events[0].type == "ping"
