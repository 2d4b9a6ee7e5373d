"""Faults that only browsers meet: what is sent to them alone, and what depends on how many pages they have open."""

from collections.abc import Iterable
from dataclasses import replace

from starlette.datastructures import Headers
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sse_conform_server.auth import Identity
from sse_conform_server.faults.edges import Middleware, at_edge, by_browser, is_stream, rewriting, set_header
from sse_conform_server.faults.fault import Fault, fault
from sse_conform_server.faults.tabs import hubbed
from sse_conform_server.hub import Hub, Subscription
from sse_conform_server.parts import Parts

_PLACES = 5
"""So many streams of one user there is room for."""


def _told_in_a_stream(refusal: int) -> Middleware:
    """A refusal with this status becomes an event, for browsers."""

    async def middleware(parts: Parts, app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
        headers = [(name.encode(), value.encode()) for name, value in parts.stream_headers]
        told = False

        async def tell(message: Message) -> None:
            nonlocal told
            if message.get("status") == refusal and by_browser(Headers(scope=scope)):
                told = True
                await send({**message, "status": 200, "headers": headers})
            elif not told:
                await send(message)
            elif not message.get("more_body", False):
                await send({"type": "http.response.body", "body": b"event: refused\ndata: %d\n\n" % refusal})

        await app(scope, receive, tell)

    return middleware


async def _utf8_misspelt(scope: Scope, message: Message, send: Send) -> None:
    if is_stream(message) and by_browser(Headers(scope=scope)):
        message = set_header(message, b"content-type", b"text/event-stream; charset=utf8")
    await send(message)


class _Places(Hub):
    def audience(self, user_id: str) -> Iterable[Subscription]:
        """As many as there are places."""
        return tuple(super().audience(user_id))[:_PLACES]


def _one_entry(parts: Parts) -> Parts:
    in_browsers: set[str] = set()

    class Single(Hub):
        def unsubscribe(self, subscription: Subscription) -> None:
            super().unsubscribe(subscription)
            if subscription.token_id in in_browsers:
                self._streams.pop(subscription.user_id, None)

    async def authenticate(whole: Parts, connection: HTTPConnection) -> Identity:
        identity = await parts.authenticate(whole, connection)
        if by_browser(connection.headers):
            in_browsers.add(identity.token_id)
        return identity

    return replace(hubbed(Single)(parts), authenticate=authenticate)


FAULTS: tuple[Fault, ...] = (
    fault(
        "browser-401-as-stream",
        "A page whose token expired gets 200 and an event that says so, since scripts see no status: it comes back.",
        at_edge(_told_in_a_stream(401)),
        "client.stops-at-401-native",
        "auth.refuses-expired",
    ),
    fault(
        "browser-429-as-stream",
        "A page beyond the limit gets 200 and an event that says so: it comes back, and again, as all others do.",
        at_edge(_told_in_a_stream(429)),
        "client.backs-off-native",
        "snapshot.first",
        "reconnect.retry-sent",
    ),
    fault(
        "browser-charset",
        "Browsers get the stream with charset=utf8, which EventSource takes for no name of UTF-8, and refuses.",
        rewriting(_utf8_misspelt),
        "framing.browser-dispatches",
    ),
    fault(
        "five-places",
        "There is room for five streams of a user: the sixth page is opened and told nothing.",
        hubbed(_Places),
        "delivery.every-tab-browser",
    ),
    fault(
        "closed-page-silences",
        "All pages of a user are one entry: when the stream of one ends, the entry goes with all others in it.",
        _one_entry,
        "reconnect.after-faults-page",
    ),
)
