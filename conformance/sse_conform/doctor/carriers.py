"""Where the stream route refuses a genuine token as the profile has it travel: whether it takes it in another way."""

from collections.abc import Iterator

from sse_conform.doctor.visit import ONE, Visit
from sse_conform.entries import Header, TokenKind
from sse_conform.profile import Auth, Carrier
from sse_conform.toml_text import toml

#: What the query parameter is commonly called.
_PARAMETERS = ("token", "access_token")


async def taken_otherwise(visit: Visit) -> str:
    """The lines of [auth] by which it takes the token; empty where it takes it in none of the usual ways."""
    for lines, headers, query in _ways(visit.profile.auth, visit.cast[ONE].token):
        stream = await visit.stage.subscribe(
            ONE, part="otherwise", token=TokenKind.MISSING, headers=headers, query=query
        )
        await stream.close()
        if stream.status == 200:
            return lines
    return ""


def _ways(auth: Auth, token: str) -> Iterator[tuple[str, list[Header], str]]:
    """All ways but the profile's own: the lines, and what is sent."""
    if auth.carrier is not Carrier.BEARER:
        yield f"carrier = {toml(Carrier.BEARER)}", [("authorization", f"Bearer {token}")], ""
    for name in _PARAMETERS:
        if auth.carrier is not Carrier.QUERY or auth.parameter != name:
            yield f"carrier = {toml(Carrier.QUERY)} and name = {toml(name)}", [], f"{name}={token}"
    if auth.carrier is not Carrier.COOKIE and auth.name:
        line = f"carrier = {toml(Carrier.COOKIE)}"
        yield line, [("cookie", f"{auth.name}={token}")], ""
