"""JSON pointers (RFC 6901): which value of a document is meant."""

import re
from typing import Any

#: RFC 6901, section 4: no leading zeros, no signs.
_INDEX = re.compile(r"0|[1-9][0-9]{0,9}")


def resolve(document: Any, pointer: str) -> Any:  # noqa: ANN401 - any JSON value
    """
    The value that a JSON pointer names, the whole document for the empty one; LookupError where there is none.

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
