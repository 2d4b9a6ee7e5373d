"""
The profile as a commented page: a template whose settings are switched on where there is a fact.

A block of the template ends at an empty line. Lines that begin with ``#`` and no space are settings that are off. A
fact for a key rewrites its line, a fact for a table rewrites its block; each says its reason in a comment.
"""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from sse_conform.discovery.fact import Fact
from sse_conform.printable import printable
from sse_conform.toml_text import key, toml

Facts = Mapping[str, Fact[Any]]

_TABLE = re.compile(r"#?\[+([\w.]+)\]+")
_SETTING = re.compile(r"#?(\w+) = ")
#: A setting that is off, or one that is on: what a switch turns.
_ON = re.compile(r"^(?=[\w\[])")


@dataclass(frozen=True, kw_only=True, slots=True)
class Filling:
    """
    What goes into the template, all by dotted path.

    ``facts`` switch settings on: one that is a table stands for its whole block, a list of tables is put before the
    examples of the template. ``hints`` change settings that stay as they are, on or off. The tables in ``off`` are
    switched off, ``head`` is said at the top.
    """

    facts: Facts = field(default_factory=dict)
    hints: Facts = field(default_factory=dict)
    off: Collection[str] = ()
    head: Collection[str] = ()


def fill_page(template: str, filling: Filling) -> str:
    """The template with all that goes into it."""
    title, *blocks = template.rstrip("\n").split("\n\n")
    given = [f"# {printable(line)}".rstrip() for line in filling.head]
    written = [_block(block.split("\n"), filling) for block in blocks]
    facts = filling.facts
    return "\n\n".join(["\n".join([title, *given]), *_joined(written, facts)]) + "\n"


def _joined(blocks: Iterable[tuple[str, list[str]]], facts: Facts) -> Iterator[str]:
    """The blocks, with lists of tables before the first example of them."""
    done = set()
    for table, lines in blocks:
        fact = facts.get(table)
        if fact and isinstance(fact.value, list) and table not in done:
            done.add(table)
            comments = [line for line in lines if line.startswith("# ")]
            yield "\n".join([*comments, *_rows(table, fact)])
            yield "\n".join(line for line in lines if line not in comments)
        else:
            yield "\n".join(lines)


def _rows(table: str, fact: Fact[Any]) -> Iterator[str]:
    for number, row in enumerate(fact.value):
        yield from [""] if number else []
        yield from table_lines(table, row, why=fact.why, array=True)


def _block(lines: list[str], filling: Filling) -> tuple[str, list[str]]:
    """The table that a block belongs to, and its lines."""
    headers = [(place, found[1]) for place, line in enumerate(lines) if (found := _TABLE.match(line))]
    place, table = headers[0] if headers else (0, "")
    fact = filling.facts.get(table)
    if headers and fact and isinstance(fact.value, dict):
        lines = [*lines[:place], *table_lines(table, fact.value, why=fact.why)]
    else:
        written = [_line(line, table, filling) for line in lines]
        if headers and any(_is_on(line) for line in written[place + 1 :]):
            written[place] = written[place].removeprefix("#")
        lines = written
    if table in filling.off or (fact and isinstance(fact.value, list)):
        lines = [_ON.sub("#", line) for line in lines]
    return table, lines


def _is_on(line: str) -> bool:
    return bool(line) and not line.startswith("#")


def _line(line: str, table: str, filling: Filling) -> str:
    found = _SETTING.match(line)
    if not found:
        return line
    path = f"{table}.{found[1]}" if table else found[1]
    if fact := filling.facts.get(path):
        return setting(found[1], fact)
    hint = filling.hints.get(path)
    return ("#" if line.startswith("#") else "") + setting(found[1], hint) if hint else line


def setting(name: str, fact: Fact[Any]) -> str:
    """One line of a profile with its reason."""
    return f"{key(name)} = {toml(fact.value)}{_reason(fact.why)}"


def _reason(why: str) -> str:
    return f"  # {printable(why)}" if why else ""


def table_lines(table: str, value: Mapping[str, Any], *, why: str = "", array: bool = False) -> Iterator[str]:
    """A table with its settings; lists of tables in it become arrays of tables."""
    yield (f"[[{table}]]" if array else f"[{table}]") + _reason(why)
    inner = {name: each for name, each in value.items() if _is_rows(each)}
    yield from (f"{key(name)} = {toml(each)}" for name, each in value.items() if name not in inner)
    for name, rows in inner.items():
        for row in rows:
            yield from table_lines(f"{table}.{key(name)}", row, array=True)


def _is_rows(value: object) -> bool:
    return isinstance(value, list | tuple) and bool(value) and all(isinstance(row, dict) for row in value)
