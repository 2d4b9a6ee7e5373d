"""Finding a fault or an oddity by its name."""

import difflib
from collections.abc import Mapping
from typing import TypeVar

T = TypeVar("T")


def named(name: str, catalogue: Mapping[str, T], *, kind: str, listing: str) -> T:
    """The entry of that name; raises `LookupError` with a suggestion. `listing` is the option that shows all."""
    if name in catalogue:
        return catalogue[name]
    near = difflib.get_close_matches(name, catalogue, n=1)
    hint = f"did you mean `{near[0]}`?" if near else f"{listing} shows all"
    raise LookupError(f"no {kind} is called `{name}`; {hint}")
