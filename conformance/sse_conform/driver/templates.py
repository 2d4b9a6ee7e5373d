"""Filling in the request templates of a profile."""

import re
from collections.abc import Mapping
from typing import Any

PLACEHOLDER = re.compile(r"\{([a-z][a-z0-9_.]*)\}")


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
