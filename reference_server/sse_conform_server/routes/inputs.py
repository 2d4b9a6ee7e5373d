"""Request bodies. What cannot be carried unchanged to every reader is refused here with 4xx."""

import math
from typing import Annotated, Any, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StrictStr

from sse_conform_server.models import Role

_T = TypeVar("_T")

MAX_TEXT = 262_144
MAX_DEPTH = 32


def _not_blank(text: str) -> str:
    if not text.strip():
        raise ValueError("must not be blank")
    return text


def _printable(text: str) -> str:
    if not text.isprintable():
        raise ValueError("must not hold control characters")
    return text


def _portable(value: _T) -> _T:
    """Strict JSON: finite numbers, no lone surrogates, bounded depth. Walks without recursion."""
    pending: list[tuple[object, int]] = [(value, 0)]
    while pending:
        inner, depth = pending.pop()
        if depth > MAX_DEPTH:
            raise ValueError(f"must not nest deeper than {MAX_DEPTH} levels")
        if isinstance(inner, float) and not math.isfinite(inner):
            raise ValueError("must not hold NaN or Infinity: they are not JSON (RFC 8259)")
        if isinstance(inner, int) and not -(2**63) <= inner < 2**63:
            raise ValueError("must not hold integers beyond 64 bits")
        if isinstance(inner, str) and any("\ud800" <= character <= "\udfff" for character in inner):
            raise ValueError("must not hold lone surrogates: they have no UTF-8 form")
        if isinstance(inner, dict):
            pending.extend((name, depth + 1) for name in inner)
            pending.extend((item, depth + 1) for item in inner.values())
        elif isinstance(inner, list):
            pending.extend((item, depth + 1) for item in inner)
    return value


Text = Annotated[StrictStr, Field(max_length=MAX_TEXT), AfterValidator(_not_blank)]
UserId = Annotated[StrictStr, Field(min_length=1, max_length=64)]
Name = Annotated[StrictStr, Field(min_length=1, max_length=64), AfterValidator(_not_blank), AfterValidator(_printable)]
Password = Annotated[StrictStr, Field(min_length=1, max_length=1024)]


class _Body(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class SignUp(_Body):
    """A new account; names are compared exactly."""

    username: Name
    password: Password
    role: Role = Role.ANALYST


class LogIn(_Body):
    """Who claims to be whom."""

    username: StrictStr
    password: StrictStr


class NewVulnerability(_Body):
    """A finding; `details` is free JSON, of which notifications carry what is not sensitive."""

    title: Text
    severity: Annotated[StrictStr, Field(max_length=64)] | None = None
    description: Annotated[StrictStr, Field(max_length=MAX_TEXT)] | None = None
    assignee: UserId | None = None
    details: Annotated[dict[str, Any] | None, AfterValidator(_portable)] = None


class Assignment(_Body):
    """The new assignee's user id."""

    assignee: UserId


class Alert(_Body):
    """A message from an admin to one user, or to every user."""

    message: Text
    user: UserId | None = None
