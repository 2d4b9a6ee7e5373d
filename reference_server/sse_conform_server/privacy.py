"""Sensitive fields are stripped here, for every path a notification leaves by."""

import json
import re
import unicodedata
from collections.abc import Callable, Iterable

Sanitiser = Callable[[object], object]
"""JSON value to JSON value without what must not leave."""

TOO_DEEP = "(withheld: nested too deeply to be checked)"

_BOUNDARY = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])|[^a-zA-Z0-9]+")


class FieldStripper:
    """
    Drops the named fields at any depth, in objects, arrays and in text that is itself a JSON object or array.

    `passwordHash` covers `password_hash`, `PASSWORD-HASH` and `user.passwordHash`: names are compared word by word,
    and once more with the words run together.
    """

    def __init__(self, names: Iterable[str]) -> None:
        self._phrases = tuple(_words(name) for name in names)
        self._joined = frozenset("".join(phrase) for phrase in self._phrases)

    def __call__(self, value: object) -> object:
        """The value without sensitive fields; the argument is left as it was."""
        match value:
            case dict():
                return {name: self(inner) for name, inner in value.items() if not self._sensitive(name)}
            case list() | tuple():
                return [self(inner) for inner in value]
            case str():
                return self._text(value)
            case _:
                return value

    def _sensitive(self, name: str) -> bool:
        words = _words(name)
        if "".join(words) in self._joined:
            return True
        return any(
            words[start : start + len(phrase)] == phrase
            for phrase in self._phrases
            for start in range(len(words) - len(phrase) + 1)
        )

    def _text(self, text: str) -> str:
        if not text.lstrip().startswith(("{", "[")):
            return text
        try:
            inner = json.loads(text)
            stripped = self(inner)
        except ValueError:
            return text
        except RecursionError:
            return TOO_DEEP
        return text if stripped == inner else json.dumps(stripped)


def _words(name: str) -> tuple[str, ...]:
    plain = unicodedata.normalize("NFKC", name)
    return tuple(word.lower() for word in _BOUNDARY.split(plain) if word)
