"""
The cheap look before every run: is this the service, and does it take our token?

Two attempts, both of which rules look at later: one without a token (is anybody there, is it the route), one with a
genuine token (the positive control). What would make every verdict meaningless stops the run here with one sentence
instead of thirty false failures.
"""

from sse_conform.driver.subscription import LiveSubscription
from sse_conform.entries import EndKind, TokenKind
from sse_conform.errors import SilentTargetError, TargetError
from sse_conform.scenario import Nature, Scenario, Stage
from sse_conform.schedule import PREFLIGHT, PREFLIGHT_ATTEMPTS

#: Whose account the preflight uses.
PROBE = "probe"

_HINTS: dict[EndKind, str] = {
    EndKind.REFUSED: "start the target, or correct the port in --target",
    EndKind.UNREACHABLE: "correct the host in --target; check DNS and the network",
    EndKind.CONNECT_TIMEOUT: "check that the host is up and that no firewall swallows the connection",
    EndKind.PROXY_ERROR: "start the proxy, correct proxy in the profile, or leave it out",
    EndKind.TLS_ERROR: "give the authority with tls.ca_file, use https only where the target does, "
    "or trust anybody with tls.verify = false",
    EndKind.HEAD_TIMEOUT: "the target accepts connections but does not answer on this route: "
    "check paths.stream and its logs",
    EndKind.PROTOCOL_ERROR: "check that --target names an HTTP/1.1 service, with https where it speaks TLS",
}


async def _play(stage: Stage) -> None:
    """Somebody answers on the stream route, refuses a stranger, and takes our token."""
    stranger = await stage.subscribe(PROBE, part="stranger", token=TokenKind.MISSING)
    assert isinstance(stranger, LiveSubscription)
    _require_answer(stranger)
    await _take_body(stranger)
    _require_route(stranger)
    control = await stage.subscribe(PROBE, part="control")
    assert isinstance(control, LiveSubscription)
    _require_beginning(control, stranger)
    _require_answer(control)
    if control.status == 200:
        await control.until_snapshot()
    else:
        await _take_body(control)
    _require_stream(control)
    await control.close()


SCENE = Scenario(
    id=PREFLIGHT,
    title="Somebody answers on the stream route, refuses a stranger, and takes our token.",
    play=_play,
    users=(PROBE,),
    attempts=PREFLIGHT_ATTEMPTS,
    nature=Nature.PLAIN,
)


async def _take_body(subscription: LiveSubscription) -> None:
    """A refusal ends by itself; what does not within a second is closed."""
    await subscription.until_ended(seconds=1.0)
    await subscription.close()


def _require_answer(subscription: LiveSubscription) -> None:
    if subscription.head is not None:
        return
    end = subscription.end
    assert end is not None
    hint = _HINTS.get(end.kind, "look into the target's logs: it gave up before it had answered")
    raise TargetError(f"the stream route gave no answer: {end.detail}", hint=hint)


def _require_beginning(control: LiveSubscription, stranger: LiveSubscription) -> None:
    """Refusals come and streams do not: that is no wrong address but what the service, or a proxy before it, does."""
    end = control.end
    if control.head is None and end and end.kind is EndKind.HEAD_TIMEOUT and stranger.status in {401, 403}:
        raise SilentTargetError(
            f"a stranger is refused at once, but with the genuine token no stream begins: {end.detail}",
            hint="a proxy that buffers holds the head back (nginx: proxy_buffering on, X-Accel-Buffering ignored), "
            "or the service does until its first event: send head and snapshot at once",
        )


def _require_route(subscription: LiveSubscription) -> None:
    if subscription.status == 404:
        raise TargetError(
            "the stream route does not exist there: 404 Not Found",
            hint="set paths.stream in the profile, or correct --target",
        )
    if subscription.status == 429:
        raise TargetError(
            "the target still refuses connections: 429 Too Many Requests",
            hint="wait for one rate window; another run, or another client of this address, has used the limit up",
        )


def _require_stream(subscription: LiveSubscription) -> None:
    _require_route(subscription)
    status, head = subscription.status, subscription.head
    assert head is not None
    if status in {401, 403}:
        raise TargetError(
            f"the target refuses the genuine token: {status} {head.reason}",
            hint="check auth.carrier and auth.name, and that the stream route takes the token that the login gives",
        )
    if 300 <= status < 400:
        place = next((value for name, value in head.headers if name == "location"), "nowhere")
        raise TargetError(
            f"the stream route redirects: {status} {head.reason} to {place}",
            hint="name the address that it leads to; a page to log in means that the token was not taken",
        )
    if status != 200:
        raise TargetError(
            f"the stream route answered {status} {head.reason} to a genuine token",
            hint="a stream opens with 200; check paths.stream and the target's logs",
        )
    types = [value for name, value in head.headers if name == "content-type"]
    if types and types[0].partition(";")[0].strip().lower() == "text/html":
        raise TargetError(
            "the stream route answered with a web page (text/html), not with an event stream",
            hint="check paths.stream: the address seems to belong to the pages of an application",
        )
    end = subscription.end
    if end is not None and end.kind is EndKind.OVERFLOW:
        raise TargetError(
            f"the stream route floods: {end.detail}",
            hint="a stream begins with one snapshot; check what the target writes on this route",
        )
