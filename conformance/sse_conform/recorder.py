"""The recorder: the only way into a transcript, and the place where secrets stop."""

from collections import Counter, defaultdict
from collections.abc import Sequence

import msgspec

from sse_conform import entries as e
from sse_conform.redaction import Redactor
from sse_conform.transcript import Transcript, TranscriptFooter, TranscriptHeader

#: All bodies of a run together may take so much, in bytes; beyond it streams are cut short. Recorded, decoded and
#: looked at by every rule, a byte takes up to twelve.
BODY_BUDGET = 24 * 1024 * 1024
#: One stream alone may take so much ...
STREAM_BUDGET = 12 * 1024 * 1024
#: ... and is always granted so much.
STREAM_FLOOR = 128 * 1024
#: What a piece, a line and a frame take beside their bytes, as if it were bytes of a body: tiny ones take most.
PIECE_COST = 128
LINE_COST = 128
FRAME_COST = 1024

#: The field of entries whose only text that is not our own it holds.
_ONE_TEXT: dict[type[e.AnyEntry], str] = {
    e.Ended: "detail",
    e.SceneEnded: "detail",
    e.Relayed: "detail",
    e.Repeated: "reason",
    e.Noted: "value",
    e.Commanded: "error",
}


class Recorder:
    """Collects entries in the order in which they happened, redacted."""

    def __init__(self, redactor: Redactor) -> None:
        self.redactor = redactor
        self._entries: list[e.AnyEntry] = []
        self._places: dict[int, list[int]] = defaultdict(list)
        self._tails: dict[int, bytes] = defaultdict(bytes)
        self._numbers: dict[str, int] = defaultdict(int)
        self._spent: Counter[int] = Counter()
        self._spent_by_all = 0

    @property
    def entries(self) -> Sequence[e.AnyEntry]:
        """All that was recorded so far."""
        return self._entries

    def next(self, what: str) -> int:
        """The next number of its kind, from 1."""
        self._numbers[what] += 1
        return self._numbers[what]

    def room(self, conn: int) -> int:
        """How many more bytes this stream may deliver."""
        spent = self._spent[conn]
        shared = min(STREAM_BUDGET - spent, BODY_BUDGET - self._spent_by_all)
        return max(STREAM_FLOOR - spent, shared, 0)

    def charge_frames(self, conn: int, number: int) -> None:
        """So many frames were completed on this stream."""
        self._charge(conn, number * FRAME_COST)

    def _charge(self, conn: int, cost: int) -> None:
        self._spent[conn] += cost
        self._spent_by_all += cost

    def add(self, entry: e.AnyEntry) -> None:
        """Take down one entry; its texts are redacted here."""
        redact = self.redactor
        match entry:
            case e.BodyReceived():
                self._add_piece(entry)
                return
            case e.Attempted():
                headers = redact.headers(entry.headers)
                entry = msgspec.structs.replace(entry, target=redact.text(entry.target), headers=headers)
            case e.HeadReceived():
                reason, headers = redact.text(entry.reason), redact.headers(entry.headers)
                entry = msgspec.structs.replace(entry, reason=reason, headers=headers)
            case e.Exchanged():
                entry = msgspec.structs.replace(
                    entry,
                    target=redact.text(entry.target),
                    headers=redact.headers(entry.headers),
                    body=redact.whole(entry.body),
                    error=redact.text(entry.error),
                )
            case e.Published():
                entry = msgspec.structs.replace(
                    entry, event_id=redact.text(entry.event_id), error=redact.text(entry.error)
                )
            case e.PageSaw() | e.PageShowed():
                entry = _told(redact, entry)
            case _ if name := _ONE_TEXT.get(type(entry)):
                entry = msgspec.structs.replace(entry, **{name: redact.text(getattr(entry, name))})
            case _:
                pass
        self._entries.append(entry)

    def _add_piece(self, piece: e.BodyReceived) -> None:
        """A secret may straddle pieces, so the bytes before are looked at again together with these."""
        conn = piece.conn
        lines = piece.data.count(b"\n") + piece.data.count(b"\r")
        self._charge(conn, len(piece.data) + PIECE_COST + lines * LINE_COST)
        self._places[conn].append(len(self._entries))
        self._entries.append(piece)
        joined = self._tails[conn] + piece.data
        redacted = self.redactor.octets(joined)
        if redacted != joined:
            self._replace_end(conn, redacted)
        self._tails[conn] = redacted[max(0, len(redacted) - self.redactor.longest) :]

    def _replace_end(self, conn: int, data: bytes) -> None:
        """The last pieces of a stream hold ``data`` from now on, each as much of it as before."""
        for place in reversed(self._places[conn]):
            entry = self._entries[place]
            assert isinstance(entry, e.BodyReceived)
            kept, size = max(0, len(entry.data) - len(data)), len(data)
            rest, own = data[: max(0, size - len(entry.data))], data[max(0, size - len(entry.data)) :]
            self._entries[place] = msgspec.structs.replace(entry, data=entry.data[:kept] + own)
            data = rest
            if not data:
                return

    def transcript(self, header: TranscriptHeader, *, interrupted: bool = False) -> Transcript:
        """All that was recorded so far."""
        footer = TranscriptFooter(entries=len(self._entries), interrupted=interrupted)
        return Transcript(header, tuple(self._entries), footer)


def _as_bytes(redact: Redactor, text: str) -> str:
    """Text with every secret replaced, but no more than that."""
    return redact.octets(text.encode("utf-8", "surrogatepass")).decode("utf-8", "surrogatepass")


def _told(redact: Redactor, entry: e.PageSaw | e.PageShowed) -> e.PageSaw | e.PageShowed:
    """What a page told, redacted as the bytes of a stream are, lest one of the two be changed and the other not."""
    told = {
        name: tuple(_as_bytes(redact, text) for text in value) if isinstance(value, tuple) else _as_bytes(redact, value)
        for name in ("type", "data", "last_event_id", "notifications", "unread", "connection")
        if (value := getattr(entry, name, ""))
    }
    return msgspec.structs.replace(entry, **told)
