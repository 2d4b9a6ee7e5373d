"""
The shape of a profile: which keys exist, and which values they take.

Read off the records of :mod:`sse_conform.profile`, so that nothing is declared twice. Unlike a decoder, which stops at
the first mistake in its own words, this finds all of them and says each in plain ones.
"""

import datetime as dt
import json
import math
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from typing import Any

import msgspec
from msgspec import inspect as shape

from sse_conform.profile import Profile
from sse_conform.profile_problem import Problem, did_you_mean

NUMBERS = (int, float)
_WORDS: dict[type, str] = {shape.StrType: "a string in quotes", shape.BoolType: "true or false"}


@cache
def root() -> shape.StructType:
    """The shape of the whole profile."""
    profile = shape.type_info(Profile)
    assert isinstance(profile, shape.StructType)
    return profile


def join(path: str, key: str | int) -> str:
    """The path of a key or of an element of an array."""
    if isinstance(key, int):
        return f"{path}[{key}]"
    return f"{path}.{key}" if path else key


def problems_of(value: object, expected: shape.Type | None = None, path: str = "") -> Iterator[Problem]:
    """Everything about ``value`` that does not have the expected shape, in its own order."""
    match expected or root():
        case shape.StructType() as table:
            yield from _table_problems(value, table, path)
        case shape.VarTupleType(item_type=item) if isinstance(value, list):
            for index, element in enumerate(value):
                yield from problems_of(element, item, join(path, index))
        case shape.DictType(value_type=item) if isinstance(value, dict):
            for key, element in value.items():
                yield from problems_of(element, item, join(path, key))
        case shape.UnionType(types=members):
            yield from _union_problems(value, members, path)
        case shape.AnyType():
            yield from _json_problems(value, path)
        case scalar:
            if not _fits(value, scalar):
                yield Problem(path=path, what=f"is {show(value)}", remedy=f"give {describe(scalar)}")


def _table_problems(value: object, table: shape.StructType, path: str) -> Iterator[Problem]:
    if not isinstance(value, dict):
        keys = ", ".join(field.name for field in table.fields)
        yield Problem(path=path, what=f"is {show(value)}", remedy=f"give a table [{path}] with the keys {keys}")
        return
    fields = {field.name: field for field in table.fields}
    for key, element in value.items():
        if key in fields:
            yield from problems_of(element, fields[key].type, join(path, key))
        else:
            yield Problem(path=join(path, key), what="is not a known key", remedy=_known_keys(key, fields, path))
    for name, field in fields.items():
        if field.required and name not in value:
            yield Problem(path=join(path, name), what="is missing", remedy=f"give {describe(field.type)}")


def _known_keys(key: str, fields: Mapping[str, shape.Field], path: str) -> str:
    """The suggestion for an unknown key: one of this table, else the same key of another table."""
    suggestion = did_you_mean(key, fields)
    if not suggestion:
        elsewhere = [known for known in scalar_paths() if known.rpartition(".")[2] == key]
        suggestion = f"did you mean {elsewhere[0]}? " if elsewhere else ""
    where = f"of [{path}] " if path else "at the top "
    return f"{suggestion}the known keys {where}are {', '.join(sorted(fields))}"


def _union_problems(value: object, members: Iterable[shape.Type], path: str) -> Iterator[Problem]:
    """TOML has no null, so of ``X | None`` only X can be written."""
    choices = [member for member in members if not isinstance(member, shape.NoneType)]
    if len(choices) == 1:
        yield from problems_of(value, choices[0], path)
    elif not any(_fits(value, choice) or _lists(value, choice) for choice in choices):
        wanted = " or ".join(describe(choice) for choice in choices)
        yield Problem(path=path, what=f"is {show(value)}", remedy=f"give {wanted}")


def _json_problems(value: object, path: str) -> Iterator[Problem]:
    """A request body is any TOML value that JSON can carry."""
    match value:
        case dict():
            for key, element in value.items():
                yield from _json_problems(element, join(path, key))
        case list():
            for index, element in enumerate(value):
                yield from _json_problems(element, join(path, index))
        case dt.date() | dt.time():
            yield Problem(
                path=path, what="is a date or time, which JSON lacks", remedy="write it as a string in quotes"
            )
        case float() if not math.isfinite(value):
            yield Problem(path=path, what=f"is {value}, which JSON lacks", remedy="give a finite number")
        case _:
            return


def _lists(value: object, expected: shape.Type) -> bool:
    """Whether it is a list of what the list is to hold."""
    if not isinstance(expected, shape.VarTupleType) or not isinstance(value, list):
        return False
    return all(_fits(element, expected.item_type) for element in value)


def _fits(value: object, scalar: shape.Type) -> bool:
    match scalar:
        case shape.StrType():
            return isinstance(value, str)
        case shape.BoolType():
            return isinstance(value, bool)
        case shape.EnumType(cls=enum):
            return isinstance(value, str) and value in [member.value for member in enum]
        case shape.IntType():
            return isinstance(value, int) and not isinstance(value, bool) and _in_range(value, scalar)
        case shape.FloatType():
            number = isinstance(value, NUMBERS) and not isinstance(value, bool)
            return number and math.isfinite(value) and _in_range(value, scalar)  # type: ignore[arg-type]
        case _:
            return False


def _in_range(value: Any, number: shape.IntType | shape.FloatType) -> bool:  # noqa: ANN401 - int or float
    return (number.gt is None or value > number.gt) and (number.ge is None or value >= number.ge)


def describe(expected: shape.Type) -> str:
    """What a value of this shape is, in plain words."""
    match expected:
        case shape.EnumType(cls=enum):
            return "one of " + ", ".join(json.dumps(member.value) for member in enum)
        case shape.IntType() | shape.FloatType():
            return ("a whole number" if isinstance(expected, shape.IntType) else "a number") + _range(expected)
        case shape.VarTupleType(item_type=item):
            return f"a list of {'tables' if isinstance(item, shape.StructType) else 'strings'} in [brackets]"
        case shape.UnionType(types=members):
            return " or ".join(describe(member) for member in members if not isinstance(member, shape.NoneType))
        case _:
            return _WORDS.get(type(expected), "a table")


def _range(number: shape.IntType | shape.FloatType) -> str:
    if number.gt is not None:
        return f" above {number.gt}"
    return f" of at least {number.ge}" if number.ge is not None else ""


def show(value: object) -> str:
    """A wrong value as the person wrote it, shortened."""
    match value:
        case bool():
            return str(value).lower()
        case str():
            return f"the string {json.dumps(value if len(value) <= 40 else value[:40] + '...', ensure_ascii=False)}"
        case dict():
            return "a table"
        case list():
            return "a list"
        case _:
            return f"{value}"


@cache
def scalar_paths() -> dict[str, shape.Type]:
    """Every key outside optional tables and arrays of tables that holds one value or a list of strings, by its path."""
    return dict(_scalars(root(), ""))


def _scalars(table: shape.StructType, path: str) -> Iterator[tuple[str, shape.Type]]:
    for field in table.fields:
        where, kind = join(path, field.name), _without_none(field.type)
        match kind:
            case shape.StructType() if not isinstance(field.type, shape.UnionType):
                yield from _scalars(kind, where)
            case shape.VarTupleType(item_type=shape.StrType()):
                yield where, kind
            case shape.StrType() | shape.BoolType() | shape.EnumType() | shape.IntType() | shape.FloatType():
                yield where, kind
            case _:
                continue


def _without_none(expected: shape.Type) -> shape.Type:
    if isinstance(expected, shape.UnionType):
        return next(member for member in expected.types if not isinstance(member, shape.NoneType))
    return expected


def to_profile(table: dict[str, Any]) -> Profile:
    """The record of a table whose shape was found right."""
    return msgspec.convert(table, Profile)
