from hypothesis import given
from hypothesis import strategies as st

from sse_conform import entries as e
from sse_conform.death_entry import Act, Action
from sse_conform.deaths import Death
from sse_conform.places import SIGHTS, WIRE_BYTES, locate

from .records import (
    exchanged,
    notification,
    ns,
    published,
    showed,
    snapshot,
    stream,
    transcript,
)


def test_an_event_is_located_by_its_bytes_and_shown_with_what_came_before():
    recorded = transcript(stream((1, snapshot()), (2, b"event: ping\r\n\r\n"), conn=3))
    evidence = locate(recorded.streams[0].blocks[1])
    start = len(snapshot())
    assert (evidence.conn, evidence.t, evidence.start, evidence.end) == (3, ns(2), start, start + 15)
    assert evidence.wire == snapshot().decode() + "event: ping\\r\n\\r\n"


def test_only_the_last_bytes_of_the_wire_are_shown():
    body = notification("x" * 2000)
    (event,) = transcript(stream((1, body))).streams[0].events
    assert locate(event).wire == body[-WIRE_BYTES:].decode()


def test_a_stream_is_shown_by_its_request_head_and_last_bytes():
    recorded = transcript(stream((1, b": hi\n"), at=0.5, headers=(("server", "x"), ("vary", "y"))))
    evidence = locate(recorded.streams[0])
    assert evidence.t == ns(0.5)
    assert evidence.wire == "> GET /stream\n< 200 OK\n< server: x\n< vary: y\n<\n: hi\n"


def test_a_stream_without_an_answer_is_shown_with_the_reason():
    recorded = transcript(stream(status=None, ends=(1, e.EndKind.RESET)), stream(conn=2, at=1, status=None))
    assert [locate(each).wire for each in recorded.streams] == [
        "> GET /stream\n< it ended",
        "> GET /stream\n< no answer",
    ]


def test_a_publish_and_an_exchange_are_shown_in_a_line():
    assert locate(published(octets=b"hello", at=2)).wire == "publish alert to alice: 201, text 'hello'"
    evidence = locate(exchanged(body=b"\xff[]\r\n", status=500))
    assert (evidence.t, evidence.wire) == (ns(2), "GET /api/items -> 500\n\\xff[]\\r\n")


def test_a_page_is_shown_by_what_it_showed_and_by_its_picture():
    evidence = locate(
        showed("one", "two", unread="2", connection="live", prompt=True, picture="pictures/page-1-look.png")
    )
    assert evidence.wire.split("\n") == [
        "connection: live",
        "unread: 2",
        "it asks for a login",
        "2 notifications, from the top:",
        "- one",
        "- two",
    ]
    assert evidence.picture == "pictures/page-1-look.png"


def test_of_a_long_list_the_first_entries_are_shown():
    *_, last = locate(showed(*map(str, range(50)))).wire.split("\n")
    assert last == f"- and {50 - SIGHTS} more"


def test_a_death_is_shown_with_what_was_done_before_it_in_order():
    last = Action(t=ns(4.9), scene="a.scene", part="text", act=Act.PUBLISH)
    first = Action(t=ns(4.5), scene="a.scene", part="text", act=Act.LEAVING)
    died = e.Died(t=ns(5), endpoint="127.0.0.1:3000", after=(last, first))
    evidence = locate(Death(died=died, actions=died.after))
    assert (evidence.scene, evidence.t) == ("a.scene", ns(5))
    assert evidence.wire == (
        "0.500 s before: leaving text of a.scene\n0.100 s before: publish text of a.scene\n"
        "nobody listens on 127.0.0.1:3000"
    )


TEXT = st.text(st.characters(codec=None, exclude_categories=()), max_size=30)


@given(octets=st.binary(max_size=60), text=TEXT)
def test_the_wire_is_printable_whatever_the_target_sent(octets, text):
    recorded = transcript(
        stream((1, b"data: x\n" + octets + b"\n\n"), headers=(("x-any", text), (text, "y"))),
        stream(conn=2, at=1, status=None, target=text),
    )
    raw = text.encode("utf-8", "surrogatepass")
    places = [
        *recorded.streams,
        *recorded.streams[0].blocks,
        published(octets=raw, to=text),
        exchanged(body=octets, target=text),
        showed(text, unread=text, connection=text),
    ]
    for place in places:
        assert all(line.isprintable() for line in locate(place).wire.split("\n"))
