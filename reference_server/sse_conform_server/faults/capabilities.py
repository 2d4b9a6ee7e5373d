"""Faults of what a service may offer besides: metrics, CORS, a clean shutdown."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sse_conform_server.faults.edges import POLLING, Rewrite, at_edge, rewriting, set_header
from sse_conform_server.faults.fault import Fault, fault
from sse_conform_server.faults.tabs import hubbed
from sse_conform_server.hub import Ending, Hub
from sse_conform_server.metrics import Metrics
from sse_conform_server.parts import Parts
from sse_conform_server.refusals import Refusals


class _Climbing(Metrics):
    @contextmanager
    def stream(self) -> Iterator[None]:
        """Count up and never down."""
        self._open.inc()
        yield


class _Stuck(Metrics):
    @contextmanager
    def stream(self) -> Iterator[None]:
        """Count what ended, not what is open."""
        with super().stream():
            self._open.dec()
            try:
                yield
            finally:
                self._open.inc()


class _Renamed(Metrics):
    def exposition(self) -> bytes:
        """Under a name that no dashboard asks for."""
        return super().exposition().replace(b"sse_events_sent", b"events_emitted")


class _Naming(Metrics):
    """Has a time series for each user."""

    def __init__(self, hub: Hub) -> None:
        super().__init__()
        self._hub = hub

    def exposition(self) -> bytes:
        """One line more for each open stream's user."""
        users = sorted({subscription.user_id for subscription in self._hub.everyone()})
        lines = "".join(f'sse_open_connections_by_user{{user="{user}"}} 1\n' for user in users)
        return super().exposition() + lines.encode()


class _CountingRefusals(Refusals):
    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics

    def unauthorised(self, *, missing: bool) -> Response:
        """Count a refused attempt as a connection that lasted no time."""
        with self._metrics.stream():
            self._metrics.event_sent()
        return super().unauthorised(missing=missing)


def _counting_pings(parts: Parts) -> Parts:
    async def rewrite(_: Scope, message: Message, send: Send) -> None:
        if message.get("body", b"").startswith(b"event: ping"):
            parts.metrics.event_sent()
        await send(message)

    return rewriting(rewrite)(parts)


class _Cutting(Hub):
    def drain(self) -> None:
        """Reset every connection."""
        super().drain()
        for subscription in self.everyone():
            subscription.ending = Ending.OVERFLOW
            subscription.on_overflow()


async def _guard_preflight(parts: Parts, app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
    guarded = scope["method"] == "OPTIONS" and "authorization" not in Headers(scope=scope)
    await (parts.refusals.unauthorised(missing=True) if guarded else app)(scope, receive, send)


def _cors(allowed: Callable[[str], str]) -> Rewrite:
    """Allow credentials to the origin that `allowed` makes of the request's."""

    async def rewrite(scope: Scope, message: Message, send: Send) -> None:
        origin = Headers(scope=scope).get("origin")
        if origin is not None:
            message = set_header(message, b"access-control-allow-origin", allowed(origin).encode())
            message = set_header(message, b"access-control-allow-credentials", b"true")
            message = set_header(message, b"vary", None)
        await send(message)

    return rewrite


FAULTS: tuple[Fault, ...] = (
    fault(
        "gauge-never-falls",
        "Closed streams are not counted down.",
        lambda parts: replace(parts, metrics=_Climbing()),
        "metrics.gauge-falls",
    ),
    fault(
        "gauge-stuck",
        "Open streams are counted only once they have ended.",
        lambda parts: replace(parts, metrics=_Stuck()),
        "metrics.gauge-rises",
    ),
    fault(
        "metrics-renamed",
        "A metric has another name than the one agreed.",
        lambda parts: replace(parts, metrics=_Renamed()),
        "metrics.exposed",
    ),
    fault(
        "metrics-name-users",
        "Each user is a label: ids leak and series multiply.",
        lambda parts: replace(parts, metrics=_Naming(parts.hub)),
        "metrics.no-user-ids",
    ),
    fault(
        "metrics-count-refused",
        "Refused attempts count as connections and events.",
        lambda parts: replace(parts, refusals=_CountingRefusals(parts.metrics)),
        "metrics.counts-no-refusals",
    ),
    fault(
        "metrics-count-pings",
        "Whatever is written counts as an event sent, heartbeats too: an idle night looks busy.",
        _counting_pings,
        "metrics.counts-no-pings",
    ),
    fault(
        "cors-reflects-origin",
        "Any origin is reflected together with credentials: every site may read the stream.",
        rewriting(_cors(lambda origin: origin)),
        "cors.allowlist-strangers",
        "cors.allowlist-vary",
    ),
    fault(
        "cors-reflects-origin-of-polls",
        "Polls reflect any origin together with credentials; only the stream has an allowlist.",
        rewriting(_cors(lambda origin: origin), path=POLLING),
        "cors.allowlist-strangers",
    ),
    fault(
        "cors-guards-preflight",
        "The preflight is asked for a token, which browsers never send with it.",
        at_edge(_guard_preflight),
        "cors.preflight",
    ),
    fault(
        "cors-wildcard-credentials",
        "The wildcard origin is sent together with credentials: browsers refuse it.",
        rewriting(_cors(lambda _: "*")),
        "cors.allowlist-exact",
        "cors.allowlist-strangers",
        "cors.allowlist-vary",
    ),
    fault(
        "shutdown-cut",
        "SIGTERM resets every stream in the middle.",
        hubbed(_Cutting),
        "framing.clean-drain",
        "shutdown.ends-cleanly",
    ),
)
