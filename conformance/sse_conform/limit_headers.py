"""What answers say about a rate limit: RateLimit and RateLimit-Policy (drafts 6 to 10), X-RateLimit-*, Retry-After."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

_QUOTA = re.compile(r"\bq=(\d+)")
_WINDOW = re.compile(r"\bw=(\d+)")
_LIMIT = re.compile(r"\blimit=(\d+)")
_FIRST = re.compile(r"\s*(\d+)")


@dataclass(frozen=True, kw_only=True, slots=True)
class SeenLimit:
    """The limit that an answer names: attempts in a window of so many seconds; None where it does not say."""

    attempts: int | None = None
    window: int | None = None
    named_by: str = ""


def seen_limit(headers: Mapping[str, str]) -> SeenLimit:
    """The limit that the headers of an answer name, their names in lower case."""
    policy = headers.get("ratelimit-policy", "")
    window = _number(_WINDOW, policy) or _number(_WINDOW, headers.get("ratelimit-limit", ""))
    candidates = (
        ("RateLimit-Policy", _number(_QUOTA, policy) or _number(_FIRST, policy)),
        ("RateLimit-Limit", _number(_FIRST, headers.get("ratelimit-limit", ""))),
        ("RateLimit", _number(_LIMIT, headers.get("ratelimit", ""))),
        ("X-RateLimit-Limit", _number(_FIRST, headers.get("x-ratelimit-limit", ""))),
    )
    for name, attempts in candidates:
        if attempts:
            return SeenLimit(attempts=attempts, window=window, named_by=name)
    return SeenLimit(window=window)


def _number(pattern: re.Pattern[str], text: str) -> int | None:
    found = pattern.search(text) if pattern is not _FIRST else pattern.match(text)
    return int(found[1]) if found else None
