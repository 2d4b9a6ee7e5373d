"""The request of one attempt on the stream route, as an EventSource would make it save for what a scene changes."""

import re
import ssl
from dataclasses import dataclass
from urllib.parse import quote, urlsplit

from msgspec.structs import replace

from sse_conform.driver.rest import credential_headers
from sse_conform.driver.stream_records import ForwardProxy, StreamRequest
from sse_conform.driver.templates import PLACEHOLDER
from sse_conform.profile import Carrier, Profile
from sse_conform.scenario import User

#: What the suite calls itself.
USER_AGENT = "sse-conform"
_CONTROLS = re.compile(r"[\x00-\x1f\x7f]")


@dataclass(frozen=True, kw_only=True, slots=True)
class Variation:
    """
    What differs from the ordinary request: one thing at a time.

    ``headers`` replace those of the same name, ``without`` names headers that are left out, ``scheme`` is how the
    bearer scheme is spelt; ``path`` stands in the place of the stream's. ``http2`` is offered inside TLS.
    ``elsewhere`` it goes to the other instance.
    """

    method: str = "GET"
    query: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    without: tuple[str, ...] = ()
    scheme: str = "Bearer"
    last_event_id: str | None = None
    path: str = ""
    http2: bool = False
    elsewhere: bool = False


def stream_request(
    profile: Profile,
    credential: str | None,
    variation: Variation,
    *,
    tls: ssl.SSLContext | None,
    address: str,
    proxy: ForwardProxy | None = None,
) -> StreamRequest:
    """The request of one attempt; an id beyond ASCII travels as UTF-8 (WHATWG HTML 9.2.4), stray bytes as they are."""
    if variation.elsewhere:
        profile = replace(profile, url=profile.other_instance)
    ordinary = [
        ("accept", "text/event-stream"),
        ("cache-control", "no-cache"),
        ("user-agent", USER_AGENT),
        ("accept-encoding", "identity"),
        *credential_headers(profile, credential, scheme=variation.scheme),
    ]
    if variation.last_event_id is not None:
        value = variation.last_event_id.strip().encode("utf-8", "surrogateescape").decode("latin-1")
        # No header carries a control character: a client whose last id holds one cannot send it either.
        if not _CONTROLS.search(value):
            ordinary.append(("last-event-id", value))
    replaced = {name for name, _ in variation.headers} | set(variation.without)
    return StreamRequest(
        method=variation.method,
        host=profile.host,
        port=profile.port,
        target=_target(profile, credential, variation),
        headers=(*((name, value) for name, value in ordinary if name not in replaced), *variation.headers),
        tls=tls,
        source_address=address or None,
        proxy=proxy,
    )


def path_naming(profile: Profile, user: User) -> str:
    """The path that names a user: the one that the profile knows, else the stream's and the id after it."""
    names = {"target.id": quote(user.id, safe=""), "target.username": quote(user.username, safe="")}
    path = profile.paths.stream_of or f"{profile.paths.stream.rstrip('/')}/{{target.id}}"
    return PLACEHOLDER.sub(lambda found: names.get(found[1], found[0]), path)


def _target(profile: Profile, credential: str | None, variation: Variation) -> str:
    queries = [variation.query] if variation.query else []
    if profile.auth.carrier is Carrier.QUERY and credential is not None:
        queries.append(f"{profile.auth.parameter}={quote(credential)}")
    target = urlsplit(profile.url).path.rstrip("/") + (variation.path or profile.paths.stream)
    return target + ("&" if "?" in target else "?") + "&".join(queries) if queries else target
