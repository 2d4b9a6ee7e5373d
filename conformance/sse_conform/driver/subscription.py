"""One attempt on the stream route: what arrives is recorded, and scenes can wait for what they expect."""

from collections import Counter
from collections.abc import Callable

from sse_conform import entries as e
from sse_conform.driver.clock import Clock
from sse_conform.driver.content_coding import ContentDecoder
from sse_conform.driver.news import News
from sse_conform.driver.stream_reader import End, Head, OpenStream, Piece, Stamp
from sse_conform.eventstream import Decoder, Frame
from sse_conform.evidence import Known
from sse_conform.markers import markers_in
from sse_conform.recorder import Recorder
from sse_conform.terms import Terms

#: How much longer than the latency budget a scene waits, as a share of it: a late event shows as late, not missing.
PATIENCE = 1.0
#: ... and at least this many seconds.
PATIENCE_FLOOR = 1.0
#: After a wait in vain: so many seconds more than the budget.
VAIN_FLOOR = 0.25
#: Ends that a process which is gone brings about, among others.
_LOSSES = {e.EndKind.REFUSED, e.EndKind.RESET, e.EndKind.EOF, e.EndKind.CLOSE_DELIMITED}
#: A frame that is not finished within this many bytes is awaited no longer.
PENDING_LIMIT = 4 * 1024 * 1024


def patience(terms: Terms) -> float:
    """How long a scene waits for what must come within the latency budget, in seconds."""
    return terms.latency + max(PATIENCE * terms.latency, PATIENCE_FLOOR)


class LiveSubscription:
    """
    Told by the stream reader what happens (as its sink), asked by a scene what came.

    ``on_lost`` is called with the instant at which the connection is lost, or refused.
    """

    def __init__(
        self,
        conn: int,
        recorder: Recorder,
        clock: Clock,
        terms: Terms,
        *,
        on_lost: Callable[[int], None] = lambda _t: None,
    ) -> None:
        self.conn = conn
        self.stream: OpenStream | None = None
        self.head: Head | None = None
        self.end: End | None = None
        self.last_event_id = ""
        self.retry: int | None = None
        self._frames: list[Frame] = []
        # Looked for once: to search all frames for each event that is awaited takes quadratic time.
        self._markers: set[str] = set()
        self._types: Counter[str] = Counter()
        self._arrived: dict[str, int] = {}
        self._has_snapshot = False
        self._recorder = recorder
        self._clock = clock
        self._terms = terms
        self._on_lost = on_lost
        self._coding = ContentDecoder("")
        self._decoder: Decoder | None = Decoder()
        self._news = News()
        self._in_vain = False
        self._stalled_at: int | None = None

    @property
    def room(self) -> int:
        """How many more octets of its body are read."""
        return 0 if self._coding.exhausted else self._recorder.room(self.conn)

    def on_connected(self, t: int, local_address: str) -> None:
        """The transport is up."""
        self._recorder.add(e.Connected(t=t, conn=self.conn, address=local_address))

    def on_head(self, t: int, head: Head) -> None:
        """The answer's head is in."""
        self.head = head
        self._coding = ContentDecoder(",".join(value for name, value in head.headers if name == "content-encoding"))
        self._recorder.add(
            e.HeadReceived(
                t=t,
                conn=self.conn,
                status=head.status,
                reason=head.reason,
                http_version=head.http_version,
                headers=head.headers,
            )
        )
        self._news.tell()

    def on_body(self, t: int, piece: Piece, stamp: Stamp) -> None:
        """A piece of the body arrived."""
        plain = self._coding.feed(piece.data)
        entry = e.BodyReceived(t=t, conn=self.conn, data=plain, stamp=stamp, ends_chunk=piece.ends_chunk)
        self._recorder.add(entry)
        if self._decoder is not None:
            self._take(self._decoder.feed(plain), t)
            if self._decoder.pending > PENDING_LIMIT:
                self._decoder = None
        self._news.tell()

    def _take(self, frames: list[Frame], t: int) -> None:
        if frames:
            self._recorder.charge_frames(self.conn, len(frames))
            self._frames += frames
            self._types.update(frame.type for frame in frames)
            self._arrived |= {frame.type: t for frame in frames}
            self._markers.update(marker for frame in frames for marker in markers_in(frame.data or ""))
            self._has_snapshot |= any(frame.type == "snapshot" and frame.dispatches for frame in frames)
            self.last_event_id = frames[-1].last_event_id
            self.retry = next((frame.retry for frame in reversed(frames) if frame.retry is not None), self.retry)

    def on_end(self, t: int, end: End) -> None:
        """Nothing more will come."""
        self.end = end
        self._recorder.add(e.Ended(t=t, conn=self.conn, kind=end.kind, detail=end.detail))
        self._news.tell()
        if end.kind in _LOSSES:
            self._on_lost(t)

    @property
    def status(self) -> int:
        """The status of the answer, 0 without one."""
        return self.head.status if self.head else 0

    @property
    def ended(self) -> bool:
        """Whether the exchange is over."""
        return self.end is not None

    @property
    def is_open(self) -> bool:
        """Whether it was answered, and did not end as far as is known."""
        return self.head is not None and self.end is None

    @property
    def listens(self) -> bool:
        """Whether it is open and would notice its end."""
        return self.is_open and self._stalled_at is None

    @property
    def received(self) -> int:
        """How many frames came so far."""
        return self._types.total()

    def heard(self, name: str) -> int:
        """How many events of this type came so far."""
        return self._types[name]

    async def until_snapshot(self) -> bool:
        """Wait for the first event named snapshot."""
        return await self._until_told(lambda: self._has_snapshot)

    async def until(self, *published: e.Published) -> bool:
        """Wait until each of the published events that the target accepted was seen here."""
        unmarked = {p.number: p for p in published if p.accepted and not p.marker}
        markers = {p.marker for p in published if p.accepted and p.marker}
        known, looked_at = Known(unmarked.values()), 0

        def all_seen() -> bool:
            nonlocal looked_at
            markers.difference_update(self._markers)
            for frame in self._frames[looked_at:] if unmarked else ():
                for seen in known.told(frame):
                    unmarked.pop(seen.number, None)
            looked_at = len(self._frames)
            return not markers and not unmarked

        return await self._until_told(all_seen)

    async def until_event(self, name: str, *, seconds: float) -> bool:
        """Wait for an event of this type that arrives from now on: one that only has to be read is none."""
        since = self._clock.now()
        return await self._wait(lambda: self._arrived.get(name, since) > since, seconds)

    async def until_ended(self, *, seconds: float) -> bool:
        """Wait for the end of the exchange."""
        return await self._wait(lambda: self.ended, seconds)

    async def close(self) -> None:
        """End it in an orderly way (FIN); what came is in the record."""
        self._note_pause()
        if self.stream is not None and not self.ended:
            self.stream.close()
            await self.stream.wait_closed()
        self._frames.clear()
        self._markers.clear()

    async def reset(self) -> None:
        """End it as a lost connection does (RST)."""
        self._note_pause()
        if self.stream is not None and not self.ended:
            self.stream.abort()
            await self.stream.wait_closed()

    def stall(self) -> None:
        """Read no more, but stay."""
        if self.stream is not None and not self.ended:
            self.stream.pause()
            self._stalled_at = self._clock.now()

    def resume(self) -> None:
        """Read again."""
        if self.stream is not None and self._note_pause():
            self.stream.resume()

    def _note_pause(self) -> bool:
        """The stall, if any, is over: timings on this stream prove nothing for as long as it lasted."""
        since, self._stalled_at = self._stalled_at, None
        if since is not None:
            self._recorder.add(e.Disturbed(t=since, until=self._clock.now(), kind=e.Disturbance.PAUSE, conn=self.conn))
        return since is not None

    async def _until_told(self, came: Callable[[], bool]) -> bool:
        """
        Wait until what must come within the latency budget came.

        Where the last such wait was in vain, lateness has been seen, and the budget alone is waited out.
        """
        seconds = self._terms.latency + VAIN_FLOOR if self._in_vain else patience(self._terms)
        self._in_vain = not await self._wait(came, seconds)
        return not self._in_vain

    async def _wait(self, came: Callable[[], bool], seconds: float) -> bool:
        await self._news.until(lambda: self.ended or came(), seconds)
        return came()
