"""What an outage of a device is, in faults of its proxy."""

from collections.abc import Iterator
from glob import escape
from http import HTTPStatus
from typing import NamedTuple, assert_never

from sse_conform.browsing import Outage
from sse_conform.driver.proxy_faults import Blackhole, Close, Fault, Gateway, Reach, Refuse, Reset, Throttle
from sse_conform.driver.stream_records import format_endpoint

#: Bytes a second of a slow network: a snapshot of an ordinary account takes some tenths of a second.
SLOW_RATE = 8_000.0


class Part(NamedTuple):
    """One fault, what it reaches (None: as usual), and the targets that it is limited to (None: all)."""

    fault: Fault
    reach: Reach | None = None
    match: str | None = None


def parts_of(outage: Outage, stream: tuple[str, ...]) -> Iterator[Part]:
    """The faults that make an outage, in order; ``stream`` are the patterns of the stream route."""
    match outage:
        case Outage.RESET:
            yield Part(Reset())
        case Outage.CLOSE:
            yield Part(Close())
        case Outage.SILENCE:
            yield Part(Blackhole(), reach=Reach.ALL)
        case Outage.SLOW:
            yield Part(Throttle(rate=SLOW_RATE))
        case Outage.GATEWAY:
            yield Part(Gateway())
            yield Part(Reset())
        case Outage.REFUSED | Outage.OFFLINE:
            yield Part(Refuse())
            yield Part(Reset())
        case Outage.NO_PUSH:
            yield from (Part(Gateway(status=HTTPStatus.SERVICE_UNAVAILABLE), match=each) for each in stream)
            yield from (Part(Reset(), match=each) for each in stream)
        case Outage.LIMITED:
            yield from (Part(Gateway(status=HTTPStatus.TOO_MANY_REQUESTS), match=each) for each in stream)
            yield from (Part(Reset(), match=each) for each in stream)
        case _:
            assert_never(outage)


def patterns(host: str, port: int, path: str) -> tuple[str, ...]:
    """What the proxy compares a target with, for one path with and without a query."""
    exact = escape(format_endpoint(host, port) + path)
    return exact, f"{exact}[?]*"
