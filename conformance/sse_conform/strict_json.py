"""JSON as a browser's JSON.parse reads it: one value and nothing else (RFC 8259)."""

import json
from collections.abc import Iterable
from typing import Any

#: Deeper values are refused, as RFC 8259, section 9, allows: whatever looks at a value recurses.
DEEPEST = 256
#: Longer numbers overflow a double, which is what JSON.parse makes of them; Python refuses thousands of digits.
_LONGEST_INTEGER = 1000


class NotJson(ValueError):  # noqa: N818 - it names what the text is
    """The text is not strict JSON."""


def _refuse(constant: str) -> None:
    raise NotJson(f"{constant} is not JSON")


def _integer(digits: str) -> int | float:
    return int(digits) if len(digits) <= _LONGEST_INTEGER else float(digits)


def strict_json(text: str) -> Any:  # noqa: ANN401 - any JSON value
    """One JSON value; NaN and the infinities are none (RFC 8259, section 6). NotJson says what is wrong."""
    try:
        value = json.loads(text, parse_constant=_refuse, parse_int=_integer)
    except NotJson:
        raise
    except ValueError as trouble:
        raise NotJson(str(trouble)) from None
    except RecursionError:
        raise NotJson(f"it is nested deeper than {DEEPEST} levels") from None
    if text.count("[") + text.count("{") > DEEPEST and _is_deep(value):
        raise NotJson(f"it is nested deeper than {DEEPEST} levels")
    return value


def _is_deep(value: Any) -> bool:  # noqa: ANN401 - any JSON value
    level = [value]
    for _ in range(DEEPEST):
        level = [element for each in level for element in _elements(each)]
        if not level:
            return False
    return True


def _elements(value: Any) -> Iterable[Any]:  # noqa: ANN401 - any JSON value
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()


def texts(value: Any) -> list[str]:  # noqa: ANN401 - any JSON value
    """Every string in a JSON value, however deep."""
    found: list[str] = []
    rest = [value]
    while rest:
        each = rest.pop()
        if isinstance(each, str):
            found.append(each)
        elif isinstance(each, dict):
            rest += each.values()
        elif isinstance(each, list):
            rest += each
    return found
