"""What can be wrong with a profile, said so that it can be put right."""

import difflib
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Problem:
    """
    One thing wrong with a profile.

    ``path`` is the dotted path with array indices (``users.accounts[1].password``), ``what`` completes the sentence
    that begins with it, ``remedy`` says what would be right.
    """

    path: str
    what: str
    remedy: str


def nearest(word: str, known: Iterable[str]) -> str:
    """The known word that was probably meant; empty where none is near."""
    return next(iter(difflib.get_close_matches(word, list(known), n=1)), "")


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """A question that suggests the nearest known word, with a space after it; empty where none is near."""
    near = nearest(word, known)
    return f"did you mean {near}? " if near else ""
