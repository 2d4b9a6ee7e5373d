"""The credential in a request that a page made by itself: the suite did not choose it, and must know and hide it."""

from collections.abc import Iterable, Iterator
from urllib.parse import parse_qsl, urlsplit

from sse_conform.entries import Header
from sse_conform.profile import Auth

#: A shorter cookie of another name is a preference, not a session.
SHORTEST_TOKEN = 16


def credentials_in(target: str, headers: Iterable[Header], auth: Auth) -> Iterator[str]:
    """
    Everything in a request that may be its token, the likeliest first, as it is written there.

    The value of the Authorization header, the cookie or query parameter that the profile names, other long cookies.
    """
    cookies: list[tuple[str, str]] = []
    for name, value in headers:
        if name == "authorization":
            yield value.rpartition(" ")[2]
        elif name == "cookie":
            cookies += [
                (key.strip(), text.strip()) for key, _, text in (one.partition("=") for one in value.split(";"))
            ]
    parameters = parse_qsl(urlsplit(target).query)
    yield from (value for name, value in [*parameters, *cookies] if name == auth.parameter)
    yield from (value for name, value in cookies if name != auth.parameter and len(value) >= SHORTEST_TOKEN)
