"""The forward proxy of a profile."""

import base64
import ssl
from urllib.parse import unquote, urlsplit

from sse_conform.driver.stream_records import ForwardProxy


def forward_proxy(url: str) -> ForwardProxy | None:
    """The proxy at this URL, which may hold a user and a password; None for an empty one."""
    if not url:
        return None
    parts = urlsplit(url)
    secure = parts.scheme == "https"
    headers: tuple[tuple[str, str], ...] = ()
    if parts.username is not None:
        credentials = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
        headers = (("proxy-authorization", f"Basic {base64.b64encode(credentials.encode()).decode()}"),)
    return ForwardProxy(
        host=parts.hostname or "",
        port=parts.port or (443 if secure else 80),
        tls=ssl.create_default_context() if secure else None,
        headers=headers,
    )
