"""Accounts whose names are alike, among those that a profile gives."""

from collections.abc import Iterable
from itertools import permutations
from typing import Protocol, TypeVar


class Named(Protocol):
    """Who has a user name."""

    @property
    def username(self) -> str:
        """The name that the account logs in with."""
        ...


N = TypeVar("N", bound=Named)


def namesakes(accounts: Iterable[N]) -> tuple[N, ...]:
    """The first two of which the name of the second begins with that of the first; none where there are none."""
    pairs = permutations(accounts, 2)
    return next((pair for pair in pairs if pair[1].username.startswith(pair[0].username)), ())
