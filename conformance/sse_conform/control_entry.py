"""The entry of a transcript that tells of a target, or of its broker, that was stopped or started on purpose."""

from enum import StrEnum

from sse_conform.entry import Entry


class Order(StrEnum):
    """What whoever operates the target is asked to do."""

    STOP = "stop"
    """End the target as SIGTERM does: it may take its time, within the grace that it was promised."""
    START = "start"
    BROKER_STOP = "broker-stop"
    """End what stands between the instances of the target."""
    BROKER_START = "broker-start"

    @property
    def awaited(self) -> str:
        """What is waited for meanwhile, in words."""
        return _AWAITED[self]


_AWAITED = {
    Order.STOP: "the target to stop",
    Order.START: "the target to be back",
    Order.BROKER_STOP: "the broker to stop",
    Order.BROKER_START: "the broker to be back",
}


class Commanded(Entry, frozen=True, kw_only=True, tag="commanded"):
    """
    An order was given at ``t`` and carried out at ``done``; ``error`` says why it was not.

    ``answers`` is when the target answered again after a start, 0 where it did not.
    """

    scene: str
    order: Order
    done: int
    answers: int = 0
    error: str = ""
