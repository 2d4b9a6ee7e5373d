"""TOML values as text, each on one line, for files that people go on writing."""

import json
import re
from typing import Any

_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+", re.ASCII)
#: What a basic string must escape, and JSON does not (TOML 1.0, String).
_DELETE = "\x7f"


def toml(value: Any) -> str:  # noqa: ANN401 - any JSON value without null
    """A value as TOML: tables and lists inline; null, which TOML lacks, is an empty string."""
    match value:
        case bool():
            return str(value).lower()
        case int() | float():
            return repr(value)
        case dict():
            inner = ", ".join(f"{key(name)} = {toml(each)}" for name, each in value.items())
            return f"{{ {inner} }}" if inner else "{}"
        case list() | tuple():
            return f"[{', '.join(toml(each) for each in value)}]"
        case None:
            return '""'
        case _:
            return json.dumps(str(value), ensure_ascii=False).replace(_DELETE, "\\u007f")


def key(name: str) -> str:
    """A key, in quotes where it has to be."""
    return name if _BARE_KEY.fullmatch(name) else toml(name)
