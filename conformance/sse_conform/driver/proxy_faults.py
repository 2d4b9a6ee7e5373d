"""
The faults of the proxy, which connections they reach, and which of them hold at the moment.

A *cut* ends connections (reset, close, refuse, blackhole), a *shape* changes the flow of their bytes (delay, throttle,
slice, hold), a gateway answers in the target's stead, and a swap changes what the target is asked.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from fnmatch import fnmatchcase
from typing import assert_never

from sse_conform.driver.proxy_events import Cut
from sse_conform.driver.proxy_lane import Shape


class Reach(StrEnum):
    """Which connections a fault reaches, counted from the moment it is switched on."""

    PRESENT = "present"
    FUTURE = "future"
    ALL = "all"


@dataclass(frozen=True, kw_only=True, slots=True)
class Reset:
    """RST to both ends."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Close:
    """FIN to both ends."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Refuse:
    """New connections are accepted and reset at once; with `listener` nobody listens, so that connect itself fails."""

    listener: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Blackhole:
    """
    Bytes are swallowed both ways and nothing is closed; new connections are accepted and stay silent.

    A connection once caught stays silent for good, also after the fault: its bytes are gone.
    """


@dataclass(frozen=True, kw_only=True, slots=True)
class Delay:
    """Bytes, and the end of them, arrive so many seconds later in each direction; their order is kept."""

    to_target: float = 0.0
    to_client: float = 0.0

    def __post_init__(self) -> None:
        if self.to_target < 0 or self.to_client < 0:
            raise ValueError("a delay is zero or more seconds")


@dataclass(frozen=True, kw_only=True, slots=True)
class Throttle:
    """At most so many bytes a second, in each direction of each connection."""

    rate: float

    def __post_init__(self) -> None:
        if self.rate <= 0:
            raise ValueError("a rate is more than zero bytes a second; to let nothing through, use Blackhole")


@dataclass(frozen=True, kw_only=True, slots=True)
class Slice:
    """Pieces of at most `size` bytes, `pause` seconds apart, in both directions."""

    size: int = 1
    pause: float = 0.01

    def __post_init__(self) -> None:
        if self.size < 1 or self.pause < 0:
            raise ValueError("a slice has one or more bytes, and its pause is zero or more seconds")


@dataclass(frozen=True, kw_only=True, slots=True)
class Hold:
    """What the target sends waits until the fault is switched off, and then comes in one burst."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Gateway:
    """New requests are answered with this status, and the target is not asked."""

    status: int = 502

    def __post_init__(self) -> None:
        if not 400 <= self.status <= 599:
            raise ValueError("a gateway answers with a status from 400 to 599")


@dataclass(frozen=True, kw_only=True, slots=True)
class Swap:
    """In the heads of requests these bytes become others: the target sees another token than the client sent."""

    old: bytes = field(repr=False)
    new: bytes = field(repr=False)


Fault = Reset | Close | Refuse | Blackhole | Delay | Throttle | Slice | Hold | Gateway | Swap


def usual_reach(fault: Fault) -> Reach:
    """What a fault reaches unless told otherwise."""
    match fault:
        case Reset() | Close():
            return Reach.PRESENT
        case Refuse():
            return Reach.FUTURE
        case Blackhole() | Delay() | Throttle() | Slice() | Hold() | Gateway() | Swap():
            return Reach.ALL
    assert_never(fault)


def cut_of(fault: Fault) -> Cut | None:
    """How a fault ends connections, where it does."""
    match fault:
        case Reset():
            return Cut.RESET
        case Close():
            return Cut.CLOSE
        case Refuse():
            return Cut.REFUSE
        case Blackhole():
            return Cut.BLACKHOLE
        case Delay() | Throttle() | Slice() | Hold() | Gateway() | Swap():
            return None
    assert_never(fault)


def describe(fault: Fault) -> str:
    """A fault in a few words."""
    match fault:
        case Reset() | Close() | Blackhole() | Hold() | Swap():
            return type(fault).__name__.lower()
        case Refuse():
            return "refuse, nobody listening" if fault.listener else "refuse"
        case Delay():
            return f"delay of {fault.to_target * 1000:g} ms to the target, {fault.to_client * 1000:g} ms to the client"
        case Throttle():
            return f"throttle to {fault.rate:g} bytes/s"
        case Slice():
            return f"slice into pieces of {fault.size} bytes, {fault.pause * 1000:g} ms apart"
        case Gateway():
            return f"gateway answering {fault.status}"
    assert_never(fault)


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Applied:
    """One fault switched on, and its reach; compared by identity, since the same fault may be on twice."""

    fault: Fault
    reach: Reach
    match: str | None
    """Shell pattern over `host:port/path?query` (`host:port` for a CONNECT tunnel); None is everything."""
    last: int
    """The number of the newest connection when the fault was switched on."""

    def covers(self, conn: int, where: str | None) -> bool:
        """Whether it reaches a connection; `where` is its target, None as long as that is unknown."""
        match self.reach:
            case Reach.PRESENT:
                reached = conn <= self.last
            case Reach.FUTURE:
                reached = conn > self.last
            case Reach.ALL:
                reached = True
            case _:
                assert_never(self.reach)
        return reached and (self.match is None or (where is not None and fnmatchcase(where, self.match)))

    @property
    def lasts(self) -> bool:
        """Whether it holds until it is switched off: all do, save cuts of what is there."""
        return cut_of(self.fault) is None or self.reach is not Reach.PRESENT


class FaultBoard:
    """The faults that hold at the moment, in the order in which they were switched on."""

    def __init__(self) -> None:
        self.applied: tuple[Applied, ...] = ()

    def add(self, applied: Applied) -> None:
        """Switch on."""
        self.applied = (*self.applied, applied)

    def remove(self, applied: Applied) -> bool:
        """Switch off; False where it was off already."""
        kept = tuple(other for other in self.applied if other is not applied)
        removed = len(kept) < len(self.applied)
        self.applied = kept
        return removed

    def stop(self, conn: int, where: str | None) -> Cut | Gateway | None:
        """What keeps a new connection or request from its target; where several would, the newest."""
        for fault in reversed(self._covering(conn, where)):
            if isinstance(fault, Gateway):
                return fault
            if cut := cut_of(fault):
                return cut
        return None

    def shapes(self, conn: int, where: str | None) -> tuple[Shape, Shape]:
        """How bytes flow to the target, and to the client; several faults add up."""
        to_target = to_client = Shape()
        for fault in self._covering(conn, where):
            match fault:
                case Delay():
                    to_target = to_target.joined(Shape(delay=fault.to_target))
                    to_client = to_client.joined(Shape(delay=fault.to_client))
                case Throttle():
                    both = Shape(rate=fault.rate)
                    to_target, to_client = to_target.joined(both), to_client.joined(both)
                case Slice():
                    both = Shape(size=fault.size, pause=fault.pause)
                    to_target, to_client = to_target.joined(both), to_client.joined(both)
                case Hold():
                    to_client = to_client.joined(Shape(held=True))
                case Reset() | Close() | Refuse() | Blackhole() | Gateway() | Swap():
                    pass
                case _:
                    assert_never(fault)
        return to_target, to_client

    def rewritten(self, conn: int, where: str | None, head: bytes) -> bytes:
        """The head of a request as the target is to see it."""
        for fault in self._covering(conn, where):
            if isinstance(fault, Swap):
                head = head.replace(fault.old, fault.new)
        return head

    def _covering(self, conn: int, where: str | None) -> tuple[Fault, ...]:
        return tuple(applied.fault for applied in self.applied if applied.covers(conn, where))


def listener_closed(applied: Iterable[Applied]) -> bool:
    """Whether one of these faults wants nobody to listen."""
    return any(isinstance(each.fault, Refuse) and each.fault.listener for each in applied)
