"""
Where the values of a profile come from: the file, the environment, the command line. A later one wins.

``CONFORM_*``: a key's dotted path in capitals, each dot an underscore (``numbers.rate_limit`` is
``CONFORM_NUMBERS_RATE_LIMIT``). No two keys share a name (tested), so it is unambiguous. Lists are separated by commas;
an empty variable counts as not given. Optional tables and arrays of tables (logins, accounts, triggers) are too rich
for a variable: they belong into the file.
"""

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from msgspec import inspect as shape

from sse_conform.errors import ProfileError
from sse_conform.profile_problem import Problem, did_you_mean
from sse_conform.profile_shape import describe, scalar_paths

PREFIX = "CONFORM_"
FILE_NAMES = ("conform.toml", "pyproject.toml")
#: Variables that are not keys of the profile: the file itself, and whether our own trouble shows its traceback.
NOT_KEYS = frozenset({"CONFORM_PROFILE", "CONFORM_DEBUG"})
_WORDS = {"true": True, "yes": True, "on": True, "1": True, "false": False, "no": False, "off": False, "0": False}
_FLAGS = {"url": "--target"}

Table = dict[str, Any]


@dataclass(frozen=True, kw_only=True, slots=True)
class Layers:
    """The joined values, and for each of their paths the layer that it came from."""

    values: Table = field(default_factory=dict)
    origins: dict[str, str] = field(default_factory=dict)

    def set(self, path: str, value: object, origin: str) -> None:
        """Lay one value over what is there."""
        *tables, key = path.split(".")
        table = self.values
        for name in tables:
            table = table.setdefault(name, {})
            if not isinstance(table, dict):
                return  # the file holds no table here: its own problem is reported
        table[key] = value
        self.origins[path] = origin

    def origin(self, path: str) -> str:
        """The layer of the value at ``path``, of the nearest table around it, or empty."""
        while path and path not in self.origins:
            path = path[: max(path.rfind("."), path.rfind("["), 0)]
        return self.origins.get(path, "")


def find_file(given: Path | None, environ: Mapping[str, str], folder: Path) -> Path | None:
    """The profile's file: the one given, CONFORM_PROFILE, conform.toml here, or pyproject.toml with [tool.conform]."""
    if given:
        return given
    if environ.get("CONFORM_PROFILE"):
        return Path(environ["CONFORM_PROFILE"])
    for name in FILE_NAMES:
        path = folder / name
        if path.is_file() and (name == FILE_NAMES[0] or "conform" in _toml(path).get("tool", {})):
            return path
    return None


def read_file(path: Path) -> Table:
    """The table in a file; of a pyproject.toml the part [tool.conform]. ProfileError where it is unreadable."""
    document = _toml(path)
    if path.name != FILE_NAMES[1]:
        return document
    table = document.get("tool", {}).get("conform")
    if not isinstance(table, dict):
        raise ProfileError(f"{path} has no table [tool.conform]", hint="add it, or name another file with --profile")
    return table


def _toml(path: Path) -> Table:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        hint = f"write one: conform init {path}" if isinstance(error, FileNotFoundError) else "name a readable file"
        raise ProfileError(f"{path} cannot be read: {error.strerror}", hint=hint) from None
    except UnicodeDecodeError as error:
        raise ProfileError(f"{path} is not UTF-8: byte {error.start}", hint="save it as UTF-8") from None
    except tomllib.TOMLDecodeError as error:
        hint = "strings want quotes, tables [brackets], and a key occurs once: https://toml.io"
        raise ProfileError(f"{path} is not valid TOML: {error}", hint=hint) from None


def lay_file(layers: Layers, path: Path) -> None:
    """Lay the file's values; each table and key has the file as its origin."""
    for key, value in read_file(path).items():
        layers.set(key, value, str(path))


def lay_environ(layers: Layers, environ: Mapping[str, str], referenced: frozenset[str]) -> Iterator[Problem]:
    """Lay the ``CONFORM_*`` variables, save ``referenced`` ones, which hold secrets. Yields what is wrong with them."""
    known = variables()
    for name in sorted(environ):
        text = environ[name].strip()
        if not name.startswith(PREFIX) or name in NOT_KEYS | referenced or not text:
            continue
        if name not in known:
            remedy = f"{did_you_mean(name, [*known, *NOT_KEYS])}unset it, or write the key into the profile's file"
            layers.origins[name] = "the environment"
            yield Problem(path=name, what="is a variable that stands for no key", remedy=remedy)
            continue
        path = known[name]
        layers.set(path, from_text(text, scalar_paths()[path]), f"environment variable {name}")


def lay_flags(layers: Layers, overrides: Mapping[str, object]) -> None:
    """Lay the values of the command line, by their dotted paths."""
    for path, value in overrides.items():
        layers.set(path, value, _FLAGS.get(path, "the command line"))


def variables() -> dict[str, str]:
    """The path of the key that each variable stands for."""
    names = {PREFIX + path.replace(".", "_").upper(): path for path in scalar_paths() if path != "url"}
    return {"CONFORM_TARGET": "url", **names}


def from_text(text: str, expected: shape.Type) -> object:
    """The value that a text stands for; the text itself where it stands for none, so that its problem is reported."""
    match expected:
        case shape.VarTupleType():
            return [part.strip() for part in text.split(",") if part.strip()]
        case shape.BoolType():
            return _WORDS.get(text.lower(), text)
        case shape.IntType() | shape.FloatType():
            number = int if isinstance(expected, shape.IntType) else float
            try:
                return number(text)
            except ValueError:
                return text
        case _:
            return text


def variables_table() -> list[tuple[str, str, str]]:
    """Variable, key and kind of value, for the documentation."""
    return [(name, path, describe(scalar_paths()[path])) for name, path in variables().items()]
