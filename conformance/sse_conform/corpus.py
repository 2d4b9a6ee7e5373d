"""
What scenes say to a target beyond the ordinary, as ``fixtures/corpora`` has it: texts, ids, cursors, requests,
tokens, user names.

Each entry says why it is there. A file is read when it is first asked for; how values are written is in its README.
"""

import json
import tomllib
from enum import StrEnum
from functools import cache
from typing import Any, TypeVar

import msgspec

from sse_conform.entries import TokenKind
from sse_conform.errors import ConformError
from sse_conform.shipped import shipped


class Escaped(str):
    """A string that is written as between the quotes of a JSON string: so it may hold NUL and lone surrogates."""

    __slots__ = ()


class Entry(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One thing to say: by which name findings call it, why it is said, and where somebody met it before."""

    name: str
    why: str
    source: str = ""


class Text(Entry, frozen=True, kw_only=True):
    """The text of a publish; ``unit`` repeated ``times`` times stands where it has ``{run}``."""

    text: Escaped
    unit: Escaped = Escaped()
    times: int = 0

    @property
    def value(self) -> str:
        """The text, with ``{marker}`` left in its places for whoever publishes it."""
        return self.text.replace("{run}", self.unit * self.times)


class Id(Entry, frozen=True, kw_only=True):
    """A Last-Event-ID or a cursor; a byte that is not UTF-8 is a lone surrogate (PEP 383)."""

    value: Escaped


class Method(Entry, frozen=True, kw_only=True):
    """Another method than GET; a ``spare`` one is tried where there is an attempt to spare."""

    method: str
    spare: bool = False


class OddRequest(Entry, frozen=True, kw_only=True):
    """A GET with headers that replace ordinary ones, without some, or with another spelling of the bearer scheme."""

    headers: dict[str, str] = {}
    without: tuple[str, ...] = ()
    scheme: str = "Bearer"


class Signature(StrEnum):
    """
    What a token is signed with: the target's key, a strange one (embedded: named in the token's own header), the
    genuine token's old signature, or nothing.
    """

    TARGET = "target"
    STRANGER = "stranger"
    EMBEDDED = "embedded"
    KEPT = "kept"
    NONE = "none"


class Token(Entry, frozen=True, kw_only=True):
    """How a token is made out of a genuine one; ``tokens.toml`` explains the keys."""

    name: TokenKind
    spare: bool = False
    text: str = ""
    sign: Signature = Signature.TARGET
    header: dict[str, str] = {}
    claims: dict[str, str] = {}
    without: tuple[str, ...] = ()
    from_now: dict[str, int] = {}
    beyond_leeway: bool = False
    declared: str = ""


class Alias(Entry, frozen=True, kw_only=True):
    """A user name like another one; ``aliases.toml`` explains the keys."""

    pattern: str
    odd: bool = False
    listens: bool = False

    def of(self, username: str) -> str:
        """The name that is alike to this one."""
        return self.pattern.replace("{name}", username).replace("{NAME}", username.upper())


class _Texts(msgspec.Struct, forbid_unknown_fields=True):
    text: tuple[Text, ...]


class _Ids(msgspec.Struct, forbid_unknown_fields=True):
    id: tuple[Id, ...]


class _Cursors(msgspec.Struct, forbid_unknown_fields=True):
    cursor: tuple[Id, ...]


class _Requests(msgspec.Struct, forbid_unknown_fields=True):
    method: tuple[Method, ...]
    odd: tuple[OddRequest, ...]


class _Tokens(msgspec.Struct, forbid_unknown_fields=True):
    token: tuple[Token, ...]


class _Aliases(msgspec.Struct, forbid_unknown_fields=True):
    alias: tuple[Alias, ...]


S = TypeVar("S", bound=msgspec.Struct)


@cache
def texts() -> tuple[Text, ...]:
    """Texts that betray a careless encoder; the long ones come first, those that forge lines last."""
    return _load("texts.toml", _Texts).text


@cache
def last_event_ids() -> tuple[Id, ...]:
    """Ids that the server never gave."""
    return _load("last-event-ids.toml", _Ids).id


@cache
def cursors() -> tuple[Id, ...]:
    """Polling cursors that are none."""
    return _load("cursors.toml", _Cursors).cursor


@cache
def methods() -> tuple[Method, ...]:
    """Methods that open no stream."""
    return _load("requests.toml", _Requests).method


@cache
def odd_requests() -> tuple[OddRequest, ...]:
    """Requests with missing or odd headers."""
    return _load("requests.toml", _Requests).odd


@cache
def tokens() -> tuple[Token, ...]:
    """How each kind of token is made."""
    return _load("tokens.toml", _Tokens).token


@cache
def aliases() -> tuple[Alias, ...]:
    """User names alike."""
    return _load("aliases.toml", _Aliases).alias


def parse(text: str, kind: type[S], *, name: str) -> S:
    """Read one corpus (TOML); ConformError, which names the place, where it is malformed."""
    try:
        return msgspec.convert(tomllib.loads(text), kind, dec_hook=_unescape)
    except (tomllib.TOMLDecodeError, msgspec.ValidationError) as trouble:
        raise ConformError(
            f"the corpus {name} is malformed: {trouble}", hint="its README has the notation"
        ) from trouble


def _load(name: str, kind: type[S]) -> S:
    return parse(shipped("corpora", name).read_text(encoding="utf-8"), kind, name=name)


def _unescape(kind: type, value: Any) -> Any:  # noqa: ANN401 - msgspec's hook
    """The string that a JSON string of this content is (RFC 8259, section 7)."""
    if kind is not Escaped or not isinstance(value, str):
        raise TypeError(f"expected a string, got {value!r}")
    try:
        return Escaped(json.loads(f'"{value}"'))
    except json.JSONDecodeError as trouble:
        raise ValueError(f"{value!r} is no content of a JSON string: {trouble}") from trouble
