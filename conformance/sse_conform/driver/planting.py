"""Sensitive values to be planted through a trigger: random, so that nothing else on the wire can be taken for them."""

import re
from collections.abc import Iterable
from typing import Any

from sse_conform.markers import new_planted

_WORD = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|[^A-Za-z0-9]+")


def spellings(field: str) -> tuple[str, ...]:
    """The ways in which a field name is commonly spelt: as declared, snake_case, camelCase, Pascal and capitals."""
    words = [word.lower() for word in _WORD.split(field) if word]
    if not words:
        return (field,)
    camel = words[0] + "".join(word.capitalize() for word in words[1:])
    ways = (field, "_".join(words), camel, camel[:1].upper() + camel[1:], "_".join(words).upper(), "-".join(words))
    return tuple(dict.fromkeys(ways))


def plant(fields: Iterable[str]) -> tuple[dict[str, Any], tuple[str, ...]]:
    """
    A JSON object that holds every field in every spelling, at the top, nested, in lists; and the values planted.

    Source: the contract's privacy clause (nested, in arrays, in other spellings).
    """
    planted: list[str] = []

    def value() -> str:
        planted.append(new_planted())
        return planted[-1]

    names = tuple(fields)
    document: dict[str, Any] = {field: value() for field in names}
    document["owner"] = {way: value() for field in names for way in spellings(field)}
    document["history"] = [{"by": {field: value()}} for field in names]
    # Who walks down by hand stops somewhere, and who asks for objects in a list overlooks a list there.
    document["audit"] = {"scan": {"host": {"agent": {"login": {field: value() for field in names}}}}}
    document["table"] = [[{field: value()} for field in names]]
    return document, tuple(planted)
