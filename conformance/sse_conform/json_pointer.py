"""JSON pointers (RFC 6901): which value of a document is meant, and where what stands."""

import re
from collections.abc import Iterator
from typing import Any

#: RFC 6901, section 4: no leading zeros, no signs.
_INDEX = re.compile(r"0|[1-9][0-9]{0,9}")
#: Documents are looked through to this depth; answers to a login or a sign-up are flat.
DEEPEST = 12
#: What an id is called, the likeliest first.
IDS = ("id", "userId", "user_id", "uid", "_id", "uuid", "userID", "accountId", "account_id")

Scalar = str | int | float | bool | None


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


def places(document: Any, pointer: str = "", depth: int = 0) -> Iterator[tuple[str, Scalar]]:  # noqa: ANN401 - JSON
    """Every scalar of the document with its pointer, in the order of the document."""
    if depth > DEEPEST:
        return
    match document:
        case dict():
            for key, value in document.items():
                escaped = str(key).replace("~", "~0").replace("/", "~1")
                yield from places(value, f"{pointer}/{escaped}", depth + 1)
        case list():
            for index, value in enumerate(document):
                yield from places(value, f"{pointer}/{index}", depth + 1)
        case _:
            yield pointer, document


def ids_in(document: Any) -> list[tuple[str, str | int]]:  # noqa: ANN401 - any JSON value
    """What looks like an id, with its pointer; the likeliest first."""
    found = [
        (pointer, value)
        for pointer, value in places(document)
        if last_key(pointer) in IDS and isinstance(value, str | int) and not isinstance(value, bool)
    ]
    return sorted(found, key=lambda pair: (pair[0].count("/"), IDS.index(last_key(pair[0]))))


def last_key(pointer: str) -> str:
    """The key that a pointer ends in."""
    return pointer.rpartition("/")[2].replace("~1", "/").replace("~0", "~")


def pointers_to(document: Any, wanted: object) -> list[str]:  # noqa: ANN401 - JSON
    """Where the document has this value, numbers and their texts being the same; the shortest pointers first."""
    found = [
        pointer
        for pointer, value in places(document)
        if not isinstance(value, bool | None) and str(value) == str(wanted)
    ]
    return sorted(found, key=lambda pointer: (pointer.count("/"), pointer))
