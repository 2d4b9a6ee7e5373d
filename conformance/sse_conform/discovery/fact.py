"""A value of the profile with the reason why it stands there."""

from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")

#: The reason of what is only an example.
GUESSED = "guessed: change me"


@dataclass(frozen=True, kw_only=True, slots=True)
class Fact(Generic[T]):
    """A value, and where it comes from: ``found in /openapi.json``, ``the token has it``, ``guessed: change me``."""

    value: T
    why: str
