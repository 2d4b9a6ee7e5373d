"""Filling in the request templates of a profile, and reading values out of answers."""

import re
from collections.abc import Mapping
from typing import Any

PLACEHOLDER = re.compile(r"\{([a-z][a-z0-9_.]*)\}")
#: RFC 6901, section 4: no leading zeros, no signs.
_INDEX = re.compile(r"0|[1-9][0-9]{0,9}")


def fill(template: Any, values: Mapping[str, Any]) -> Any:  # noqa: ANN401 - any TOML value
    """
    Put ``values`` in place of ``{name}`` anywhere in a TOML value.

    A string that is nothing but one placeholder becomes the value itself, so that numbers stay numbers. An unknown
    name stays as it is written: the profile's reader has checked the names.
    """
    match template:
        case str():
            whole = PLACEHOLDER.fullmatch(template)
            if whole:
                return values.get(whole[1], template)
            return PLACEHOLDER.sub(lambda found: str(values.get(found[1], found[0])), template)
        case dict():
            return {key: fill(value, values) for key, value in template.items()}
        case list() | tuple():
            return [fill(value, values) for value in template]
        case _:
            return template


def resolve(document: Any, pointer: str) -> Any:  # noqa: ANN401 - any JSON value
    """
    The value that a JSON pointer (RFC 6901) names; LookupError where there is none.

    >>> resolve({"data": {"ids": [7]}}, "/data/ids/0")
    7
    """
    value = document
    for token in pointer.split("/")[1:]:
        key = token.replace("~1", "/").replace("~0", "~")
        try:
            value = value[_index(key)] if isinstance(value, list) else value[key]
        except (KeyError, IndexError, TypeError):
            raise LookupError(pointer) from None
    return value


def _index(key: str) -> int:
    """The place in an array; IndexError for what the RFC takes for none, such as -1 and 01."""
    if not _INDEX.fullmatch(key):
        raise IndexError(key)
    return int(key)
