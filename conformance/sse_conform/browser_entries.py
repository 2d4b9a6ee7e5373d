"""
The entries of a transcript that tell of browsers: their pages, what a page saw, and what lay on the way to the target.

A page runs the suite's harness, which opens a native EventSource and tells everything that happens to it; or it is the
target's own, and what it shows is told. All traffic of a page goes through a fault proxy; a request of it that reached
the stream route is recorded as any other attempt, with the number of the page.
"""

from enum import StrEnum

from sse_conform.entry import Entry, TokenKind

#: The folder of screenshots, beside the transcript.
PICTURES = "pictures"


class Sight(StrEnum):
    """What a page can see."""

    CONNECTING = "connecting"
    """The page made a new EventSource."""
    OPEN = "open"
    ERROR = "error"
    MESSAGE = "message"
    """An event was dispatched to a listener of its type."""
    ABANDONED = "abandoned"
    """The page closed its EventSource: it was told to, or heard nothing for longer than it may."""
    ONLINE = "online"
    OFFLINE = "offline"
    SHOWN = "shown"
    """The page was loaded, or came back from the back/forward cache: then ``data`` is ``restored``."""
    HIDDEN = "hidden"
    CONSOLE = "console"
    """The browser wrote to the page's console."""
    CRASHED = "crashed"
    """The browser lost the page, by a fault of its own."""


class Deed(StrEnum):
    """What the fault proxy of a device did, or had done to it."""

    ACCEPTED = "accepted"
    """The browser connected to the proxy."""
    CUT = "cut"
    """The proxy ended a connection; ``detail`` says how."""
    ANSWERED = "answered"
    """The proxy answered a request itself, in the target's stead; ``detail`` is the status."""
    ENDED = "ended"
    """The connection is over at both ends."""
    ON = "on"
    """A fault was switched on; ``detail`` says which."""
    OFF = "off"
    PUSH = "push"
    """The browser asked for the stream, whether the target saw it or not; ``detail`` is method and path."""
    POLL = "poll"
    """The browser asked the polling route."""


class PageOpened(Entry, frozen=True, kw_only=True, tag="page-opened"):
    """
    A tab opened a page with the harness, or the target's ``own``.

    ``device`` is the browser profile (cookies, network) that it belongs to, numbered from 1 in the run; ``user`` and
    ``token`` say whose credential the device holds, or who is to log in, ``browser`` is its name and version.
    """

    page: int
    device: int
    scene: str
    part: str
    user: str
    token: TokenKind
    browser: str
    own: bool = False


class PageSaw(Entry, frozen=True, kw_only=True, tag="page-saw"):
    """
    Something happened in a page, at ``t`` by its own clock.

    ``source`` numbers the page's EventSources from 1, ``ready_state`` is that of the one concerned (0 connecting, 1
    open, 2 closed). ``page_time`` is in milliseconds since the page's navigation began.
    """

    page: int
    scene: str
    sight: Sight
    page_time: float = 0.0
    source: int = 0
    ready_state: int = 0
    type: str = ""
    data: str = ""
    last_event_id: str = ""


class PageShowed(Entry, frozen=True, kw_only=True, tag="page-showed"):
    """
    What the target's own page showed at ``t``, by the places that the profile names; told whenever that changed.

    ``notifications`` are the texts of the visible entries of its list, from the top; ``unread`` and ``connection`` are
    the texts of these places, ``prompt`` says whether it asked for a login. ``part`` names a look that the scene took,
    ``picture`` the screenshot that was taken with it, by its place beside the transcript.
    """

    page: int
    scene: str
    part: str = ""
    notifications: tuple[str, ...] = ()
    unread: str = ""
    connection: str = ""
    prompt: bool = False
    picture: str = ""


class Relayed(Entry, frozen=True, kw_only=True, tag="relayed"):
    """
    The fault proxy of a device did something.

    ``link`` is the number of the proxy's connection, ``conn`` the attempt on the stream route that it carried; both are
    0 where it concerns none.
    """

    device: int
    scene: str
    deed: Deed
    link: int = 0
    conn: int = 0
    detail: str = ""
