import asyncio
import zlib
from itertools import pairwise

import pytest

from sse_conform import entries as e
from sse_conform.driver import subscription as module
from sse_conform.driver.clock import Clock
from sse_conform.driver.stream_records import End, Head, Piece
from sse_conform.driver.subscription import LiveSubscription, patience
from sse_conform.recorder import Recorder
from sse_conform.redaction import Redactor
from sse_conform.terms import Terms

from ..records import EVENT_STREAM, event, header, notification, published, snapshot
from ..virtual_time import now, play

TERMS = Terms(latency=2.0)
END = End(kind=e.EndKind.EOF, detail="it ended")


def head(*headers, status=200):
    return Head(status=status, reason="OK", http_version="1.1", headers=(*EVENT_STREAM, *headers))


class Heard(LiveSubscription):
    """A subscription whose stream is told by hand; ``later`` tells it after so many seconds what arrives then."""

    def __init__(self):
        self.recorder = Recorder(Redactor())
        self.clock = Clock()
        super().__init__(4, self.recorder, self.clock, TERMS)

    def hears(self, data, arrived=None):
        self.on_body(self.clock.now() if arrived is None else arrived, Piece(data=data), e.Stamp.KERNEL)

    def later(self, seconds, data, arrived=None):
        asyncio.get_running_loop().call_later(seconds, self.hears, data, arrived)

    def ends_later(self, seconds):
        asyncio.get_running_loop().call_later(seconds, self.on_end, 0, END)


def waiting(tell, wait):
    """What a wait answers, and after how many seconds."""

    async def main():
        subscription = Heard()
        tell(subscription)
        return await wait(subscription), now()

    return play(main())


@pytest.mark.parametrize(("latency", "seconds"), [(2.0, 4.0), (0.7, 1.7), (5.0, 10.0)])
def test_a_scene_waits_twice_the_budget_and_at_least_a_second_beyond_it(latency, seconds):
    assert patience(Terms(latency=latency)) == pytest.approx(seconds)


# snapshots


def test_a_snapshot_ends_the_wait_when_it_comes():
    assert waiting(lambda s: s.later(1.5, snapshot()), lambda s: s.until_snapshot()) == (True, 1.5)


def test_a_snapshot_that_came_before_is_there():
    assert waiting(lambda s: s.hears(snapshot()), lambda s: s.until_snapshot()) == (True, 0.0)


def test_without_a_snapshot_the_wait_ends_by_itself():
    came, after = waiting(lambda s: s.later(1.0, notification()), lambda s: s.until_snapshot())
    assert (came, after) == (False, pytest.approx(patience(TERMS)))


def test_the_end_of_the_stream_ends_the_wait():
    assert waiting(lambda s: s.ends_later(1.0), lambda s: s.until_snapshot()) == (False, 1.0)


def test_half_a_snapshot_and_one_without_data_are_none():
    def tell(subscription):
        subscription.hears(b"event: snapshot\n\n" + snapshot()[:-1])

    assert waiting(tell, lambda s: s.until_snapshot())[0] is False


def test_a_snapshot_in_pieces_is_there_with_its_last_byte():
    def tell(subscription):
        for place, octet in enumerate(snapshot()):
            subscription.later(place / 100, bytes([octet]))

    came, after = waiting(tell, lambda s: s.until_snapshot())
    assert (came, after) == (True, pytest.approx((len(snapshot()) - 1) / 100))


# published events

FIRST, SECOND = published(), published(number=2)


def said(publish):
    return notification(publish.marker, id=publish.number)


def test_all_published_events_are_waited_for_in_whatever_order_they_come():
    def tell(subscription):
        subscription.later(0.5, said(SECOND))
        subscription.later(1.0, said(FIRST))

    assert waiting(tell, lambda s: s.until(FIRST, SECOND)) == (True, 1.0)


def test_what_came_before_the_wait_counts():
    assert waiting(lambda s: s.hears(said(FIRST)), lambda s: s.until(FIRST)) == (True, 0.0)


def test_one_that_is_missing_ends_the_wait_in_vain():
    came, after = waiting(lambda s: s.hears(said(FIRST)), lambda s: s.until(FIRST, SECOND))
    assert (came, after) == (False, pytest.approx(patience(TERMS)))


def waits(*publishes, tell=lambda _subscription: None):
    """How long one wait after another lasts."""

    async def wait(subscription):
        ends = [now()]
        for publish in publishes:
            await subscription.until(publish)
            ends.append(now())
        return [after - before for before, after in pairwise(ends)]

    return waiting(tell, wait)[0]


def test_after_a_wait_in_vain_the_budget_alone_is_waited_out():
    assert waits(published(1), published(2), published(3)) == pytest.approx([4.0, 2.25, 2.25])


def test_what_comes_at_last_makes_the_next_wait_a_patient_one():
    one, two, three = published(1), published(2), published(3)
    lasted = waits(one, two, three, tell=lambda subscription: subscription.later(5.0, said(two)))
    assert lasted == pytest.approx([4.0, 1.0, 4.0])


def test_what_the_target_refused_is_not_waited_for():
    refused = published(accepted=False, status=400)
    assert waiting(lambda s: s.hears(said(FIRST)), lambda s: s.until(FIRST, refused)) == (True, 0.0)


def test_an_event_in_the_last_piece_before_the_end_came():
    def tell(subscription):
        subscription.later(1.0, said(FIRST))
        subscription.ends_later(1.0)

    assert waiting(tell, lambda s: s.until(FIRST)) == (True, 1.0)


def test_an_event_is_recognised_by_its_id_where_it_has_no_marker():
    publish = published(marker="", event_id="a/b")
    told = b'data: {"id": "a\\/b"}\n\n'
    assert waiting(lambda s: s.later(1.0, told), lambda s: s.until(publish)) == (True, 1.0)


def test_several_may_wait_for_different_things():
    async def main():
        subscription = Heard()
        subscription.later(1.0, snapshot())
        subscription.later(2.0, said(FIRST))
        subscription.ends_later(3.0)
        waits = subscription.until_snapshot(), subscription.until(FIRST), subscription.until_ended(seconds=9)
        return [await each for each in asyncio.as_completed(waits)]

    assert play(main()) == [True, True, True]


# events by name


def test_one_more_event_of_the_name_is_waited_for():
    def tell(subscription):
        subscription.hears(event("ping", 1))
        subscription.later(1.0, notification())
        subscription.later(2.0, event("ping", 2))

    assert waiting(tell, lambda s: s.until_event("ping", seconds=5)) == (True, 2.0)


def test_an_event_that_had_arrived_before_the_wait_and_only_had_to_be_read_is_not_waited_for():
    def tell(subscription):
        subscription.later(1.0, event("ping", 1), arrived=subscription.clock.now())
        subscription.later(2.0, event("ping", 2))

    assert waiting(tell, lambda s: s.until_event("ping", seconds=5)) == (True, 2.0)


def test_the_wait_for_an_event_takes_so_many_seconds():
    came, after = waiting(lambda s: s.hears(event("ping", 1)), lambda s: s.until_event("ping", seconds=5))
    assert (came, after) == (False, pytest.approx(5.0))


def test_the_end_is_waited_for_so_long():
    assert waiting(lambda s: s.ends_later(2.0), lambda s: s.until_ended(seconds=5)) == (True, 2.0)
    came, after = waiting(lambda s: s.ends_later(9.0), lambda s: s.until_ended(seconds=5))
    assert (came, after) == (False, pytest.approx(5.0))


# what a scene can ask


async def test_it_knows_the_status_the_last_id_and_how_much_came():
    heard = Heard()
    assert (heard.status, heard.ended, heard.last_event_id, heard.received) == (0, False, "", 0)
    heard.on_head(1, head(status=429))
    heard.hears(b"id: 7\ndata: x\n\n: beat\n\nid\n\nid: 9\ndata: unfinished\n")
    assert (heard.status, heard.last_event_id, heard.received) == (429, "", 3)
    heard.hears(b"\n")
    assert (heard.last_event_id, heard.received) == ("9", 4)
    heard.on_end(2, END)
    assert heard.ended


async def test_everything_that_happens_is_recorded_under_its_number():
    heard = Heard()
    heard.on_connected(1, "127.0.0.1:40000")
    heard.on_head(2, head())
    heard.on_body(3, Piece(data=b"data: x\n\n"), e.Stamp.KERNEL)
    heard.on_end(4, END)
    entries = heard.recorder.transcript(header()).entries
    assert [(type(entry), entry.t, entry.conn) for entry in entries] == [
        (e.Connected, 1, 4), (e.HeadReceived, 2, 4), (e.BodyReceived, 3, 4), (e.Ended, 4, 4),
    ]  # fmt: skip


async def test_a_compressed_stream_is_understood_and_recorded_as_plain():
    deflater, heard = zlib.compressobj(wbits=31), Heard()
    heard.on_head(1, head(("content-encoding", "gzip")))
    heard.hears(deflater.compress(snapshot()) + deflater.flush(zlib.Z_SYNC_FLUSH))
    assert await heard.until_snapshot()
    assert heard.recorder.transcript(header()).entries[-1].data == snapshot()


async def test_a_frame_without_an_end_is_recorded_but_awaited_no_longer(monkeypatch):
    monkeypatch.setattr(module, "PENDING_LIMIT", 1000)
    heard = Heard()
    heard.hears(b"data: " + b"x" * 1000)
    heard.hears(b"\n\n" + snapshot())
    assert heard.received == 0
    assert len(heard.recorder.transcript(header()).entries) == 2


async def test_its_room_is_what_the_recorder_grants():
    heard = Heard()
    before = heard.room
    heard.hears(b"data: x\n\n")
    assert heard.room < before
