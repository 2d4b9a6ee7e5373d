"""The ledger: every clause of the contract with the rules that judge it, or why none does."""

import tomllib
from enum import StrEnum
from functools import cache
from importlib.resources import files

import msgspec

from sse_conform.errors import ConformError


class Binding(StrEnum):
    """How binding a clause is (RFC 2119); a MAY clause binds whoever declares the capability."""

    MUST = "must"
    SHOULD = "should"
    MAY = "may"


class Coverage(StrEnum):
    """What the suite does about a clause."""

    JUDGED = "judged"
    OPEN = "open"
    UNJUDGEABLE = "unjudgeable"


class Requirement(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """
    One clause: its stable slug, how binding it is, one sentence, and exactly one of three.

    ``rules`` judge it; ``open`` says what evidence is still missing; ``unjudgeable`` why it cannot be judged from
    outside.
    """

    slug: str
    level: Binding
    text: str
    rules: tuple[str, ...] = ()
    open: str = ""
    unjudgeable: str = ""

    def __post_init__(self) -> None:
        """ValueError where not exactly one of the three is given."""
        if sum(map(bool, (self.rules, self.open, self.unjudgeable))) != 1:
            raise ValueError(f"{self.slug}: give exactly one of rules, open and unjudgeable")

    @property
    def area(self) -> str:
        """The heading of the contract that it belongs to."""
        return self.slug.split(".", 1)[0]

    @property
    def coverage(self) -> Coverage:
        """Whether it is judged."""
        if self.rules:
            return Coverage.JUDGED
        return Coverage.OPEN if self.open else Coverage.UNJUDGEABLE

    @property
    def reason(self) -> str:
        """Why it is not judged; empty where it is."""
        return self.open or self.unjudgeable


class _Ledger(msgspec.Struct, forbid_unknown_fields=True):
    clause: tuple[Requirement, ...]


def parse(text: str) -> tuple[Requirement, ...]:
    """Read a ledger (TOML); ConformError, which names the place, where it is malformed."""
    try:
        return msgspec.convert(tomllib.loads(text), _Ledger).clause
    except (tomllib.TOMLDecodeError, msgspec.ValidationError) as trouble:
        raise ConformError(f"the ledger requirements.toml is malformed: {trouble}") from trouble


@cache
def load() -> tuple[Requirement, ...]:
    """Every clause, in the order of the contract."""
    return parse((files("sse_conform") / "requirements.toml").read_text(encoding="utf-8"))


def by_rule(rule: str) -> tuple[Requirement, ...]:
    """The clauses that a rule judges, the one whose name it bears first."""
    clauses = [clause for clause in load() if rule in clause.rules]
    return tuple(sorted(clauses, key=lambda clause: len(clause.slug) if names(clause, rule) else 0, reverse=True))


def names(clause: Requirement, rule: str) -> bool:
    """Whether the rule has the clause's name: the slug itself, or more of it."""
    return rule == clause.slug or rule.startswith(f"{clause.slug}-")
