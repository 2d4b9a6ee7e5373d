"""
The entries of a transcript: what happened, when, in which scene.

All instants are nanoseconds since the start of the run on one monotonic scale. Secrets never enter: redaction happens
when an entry is recorded, with placeholders of equal length, so that live and offline judgement see the same record.
"""

from enum import StrEnum

from sse_conform.browser_entries import PageOpened, PageSaw, PageShowed, Relayed
from sse_conform.control_entry import Commanded, Order
from sse_conform.death_entry import Died
from sse_conform.entry import Entry, Header, TokenKind

__all__ = [
    "AnyEntry",
    "Attempted",
    "BodyReceived",
    "Commanded",
    "Connected",
    "Died",
    "Disturbance",
    "Disturbed",
    "EndKind",
    "Ended",
    "Entry",
    "EventKind",
    "Exchanged",
    "HeadReceived",
    "Header",
    "Noted",
    "Order",
    "PageOpened",
    "PageSaw",
    "PageShowed",
    "Published",
    "Relayed",
    "Repeated",
    "SceneBegan",
    "SceneEnded",
    "SceneOutcome",
    "Stamp",
    "TokenKind",
    "Waited",
]


class Stamp(StrEnum):
    """Who took the arrival time of a piece."""

    KERNEL = "kernel"
    """The kernel, when the last segment of the piece arrived."""
    USER = "user"
    """The suite, when it read the piece: later than the arrival by the suite's own delay."""


class EndKind(StrEnum):
    """How a stream ended."""

    COMPLETE = "complete"
    """The response ended as its framing says: final chunk, Content-Length reached, or no body at all."""
    EOF = "eof"
    """The server sent FIN before the response was complete."""
    CLOSE_DELIMITED = "close_delimited"
    """The server sent FIN, which is the proper end of a body with neither Content-Length nor chunks (RFC 9112, 6.3)."""
    RESET = "reset"
    """The server sent RST, or the connection was lost otherwise."""
    REFUSED = "refused"
    """Nothing listens on the port."""
    UNREACHABLE = "unreachable"
    """No such host name, no route, or no usable source address."""
    CONNECT_TIMEOUT = "connect_timeout"
    """Name resolution, TCP or the TLS handshake took too long."""
    PROXY_ERROR = "proxy_error"
    """The proxy on the way cannot be reached, or opens no tunnel."""
    TLS_ERROR = "tls_error"
    """The TLS handshake failed or the peer sent a broken record."""
    HEAD_TIMEOUT = "head_timeout"
    """The response head was not complete in time."""
    PROTOCOL_ERROR = "protocol_error"
    """What came is not HTTP/1.x."""
    OVERFLOW = "overflow"
    """The body is longer than the suite is ready to read."""
    CLOSED = "closed"
    """The suite closed the stream."""
    DIED = "died"
    """The process of the target died meanwhile. It is recorded as whatever was seen, and judged as this."""
    STOPPED = "stopped"
    """The target was stopped on purpose meanwhile. It is recorded as whatever was seen, and judged as this."""


class SceneOutcome(StrEnum):
    """How a scene ended: only a completed one proves anything by silence."""

    COMPLETED = "completed"
    SKIPPED = "skipped"
    LIMITED = "limited"
    BROKEN = "broken"
    INTERRUPTED = "interrupted"


class EventKind(StrEnum):
    """The three kinds of event of the plan."""

    VULNERABILITY = "vulnerability"
    ASSIGNMENT = "assignment"
    ALERT = "alert"


class Disturbance(StrEnum):
    """Why timings inside an interval prove nothing."""

    LAG = "suite-lag"
    CUT = "cut"
    PAUSE = "read-pause"


class SceneBegan(Entry, frozen=True, kw_only=True, tag="scene-began"):
    """A scene enters the stage."""

    scene: str


class SceneEnded(Entry, frozen=True, kw_only=True, tag="scene-ended"):
    """A scene is over; ``detail`` says why where it was not completed."""

    scene: str
    outcome: SceneOutcome
    detail: str = ""


class Repeated(Entry, frozen=True, kw_only=True, tag="repeated"):
    """
    A scene is to be played again, because of ``reason``: whatever is recorded of it from here on is its second take.

    It is recorded when all scenes are over; none is played a third time.
    """

    scene: str
    reason: str


class Attempted(Entry, frozen=True, kw_only=True, tag="attempted"):
    """
    A request on the stream route goes out; every one counts against the target's limit.

    ``user`` is the user name of the account whose token it carries (in whatever mutation), ``part`` its role in the
    scene. ``page`` is the page of a browser that made it, 0 where the suite itself did; ``instance`` the other
    instance of the target, where it went there. ``repeats`` is the attempt that it is made in the place of: one that
    was refused with 429 though the suite holds it to be within the limit.
    """

    conn: int
    scene: str
    part: str
    user: str
    token: TokenKind
    method: str
    target: str
    headers: tuple[Header, ...]
    address: str = ""
    page: int = 0
    instance: str = ""
    repeats: int | None = None


class Connected(Entry, frozen=True, kw_only=True, tag="connected"):
    """The transport is up; ``address`` is the source address in use."""

    conn: int
    address: str


class HeadReceived(Entry, frozen=True, kw_only=True, tag="head"):
    """A response head; header names in lower case, order kept."""

    conn: int
    status: int
    reason: str
    http_version: str
    headers: tuple[Header, ...]


class BodyReceived(Entry, frozen=True, kw_only=True, tag="body"):
    """
    A piece of a body as it arrived, transfer and content coding undone.

    ``ends_chunk`` says that a chunk of HTTP/1.1 ends with it (RFC 9112, 7.1): a border that the server or a proxy
    made, not the network.
    """

    conn: int
    data: bytes
    stamp: Stamp
    ends_chunk: bool = False


class Ended(Entry, frozen=True, kw_only=True, tag="ended"):
    """The exchange on the stream route is over."""

    conn: int
    kind: EndKind
    detail: str = ""


class Exchanged(Entry, frozen=True, kw_only=True, tag="exchanged"):
    """One REST exchange: sent at ``t``, answered at ``answered``; status 0 where no answer came."""

    number: int
    scene: str
    part: str
    user: str
    method: str
    target: str
    answered: int
    status: int = 0
    headers: tuple[Header, ...] = ()
    body: bytes = b""
    error: str = ""


class Published(Entry, frozen=True, kw_only=True, tag="published"):
    """
    One event was asked for: sent at ``t``, acknowledged at ``acked``.

    ``marker`` is unique in the run and part of the text (empty where the target's events cannot carry our text);
    ``event_id`` is what the answer named, as text. ``to`` is the user it concerns and ``sender`` the one who caused it;
    ``everyone`` says that it concerns every user. ``planted`` are the sensitive values that it carried. It was caused
    so many ``times``, one after another with the same text, of which ``t`` is the first and ``acked`` the last.
    """

    number: int
    scene: str
    part: str
    kind: EventKind
    to: str
    octets: bytes
    marker: str
    acked: int
    status: int
    accepted: bool
    sender: str = ""
    everyone: bool = False
    valid: bool = True
    event_id: str = ""
    planted: tuple[str, ...] = ()
    times: int = 1
    error: str = ""

    @property
    def text(self) -> str:
        """What was to be said. It may hold lone surrogates, so the record keeps it as UTF-8 with these passed."""
        return self.octets.decode("utf-8", "surrogatepass")


class Disturbed(Entry, frozen=True, kw_only=True, tag="disturbed"):
    """From ``t`` until ``until`` timings prove nothing: on ``conn``, or on all where it is 0."""

    until: int
    kind: Disturbance
    conn: int = 0


class Waited(Entry, frozen=True, kw_only=True, tag="waited"):
    """A scene let time pass on purpose, from ``t`` until ``until``: part of the bound of a run."""

    scene: str
    until: int
    what: str


class Noted(Entry, frozen=True, kw_only=True, tag="noted"):
    """A scene marks an instant by name, for rules that need to know what was being done."""

    scene: str
    name: str
    conn: int = 0
    value: str = ""


AnyEntry = (
    SceneBegan
    | SceneEnded
    | Repeated
    | Attempted
    | Connected
    | HeadReceived
    | BodyReceived
    | Ended
    | Died
    | Commanded
    | Exchanged
    | Published
    | Disturbed
    | Waited
    | Noted
    | PageOpened
    | PageSaw
    | PageShowed
    | Relayed
)
