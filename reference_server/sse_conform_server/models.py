"""The tables, and the records read from them."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Enum,
    Float,
    ForeignKey,
    Index,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)  # fmt: skip
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator

_KEY = String(64)


class Role(StrEnum):
    """What a user may do."""

    ANALYST = "analyst"
    ADMIN = "admin"


class Kind(StrEnum):
    """Why a notification was sent; its `type` on the wire."""

    NEW = "NEW"
    ASSIGNED = "ASSIGNED"
    ALERT = "ALERT"


class JsonText(TypeDecorator[Any]):
    """
    A JSON value in a text column.

    User text is kept in this form too: PostgreSQL has no NUL in text, its JSON escape has none either.
    """

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: object, dialect: Dialect) -> str:  # noqa: ARG002 - SQLAlchemy's signature
        """Python value to column text."""
        return json.dumps(value, allow_nan=False)

    def process_result_value(self, value: str | None, dialect: Dialect) -> object:  # noqa: ARG002 - SQLAlchemy's signature
        """Column text to Python value."""
        return None if value is None else json.loads(value)


def _values(names: type[StrEnum]) -> Enum:
    return Enum(names, native_enum=False, length=16, values_callable=lambda members: [str(m) for m in members])


metadata = MetaData()

users = Table(
    "users",
    metadata,
    Column("id", _KEY, primary_key=True),
    Column("username", String(64), nullable=False),
    Column("role", _values(Role), nullable=False),
    Column("password_hash", String(255), nullable=False),
    UniqueConstraint("username"),
)

revoked_tokens = Table(
    "revoked_tokens",
    metadata,
    Column("id", String(128), primary_key=True),
    Column("expires_at", Float, nullable=False),
)

vulnerabilities = Table(
    "vulnerabilities",
    metadata,
    Column("id", _KEY, primary_key=True),
    Column("title", JsonText, nullable=False),
    Column("severity", JsonText, nullable=False),
    Column("description", JsonText, nullable=False),
    Column("details", JsonText, nullable=False),
    Column("assignee", ForeignKey("users.id")),
    Column("creator", ForeignKey("users.id"), nullable=False),
    Column("created_at", Float, nullable=False),
)

notifications = Table(
    "notifications",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("user_id", ForeignKey("users.id"), nullable=False),
    Column("type", _values(Kind), nullable=False),
    Column("message", JsonText, nullable=False),
    Column("vulnerability_id", _KEY),
    Column("details", JsonText, nullable=False),
    Column("read", Boolean, nullable=False),
    Column("created_at", Float, nullable=False),
    Index("notifications_of_user", "user_id", "id"),
    Index("unread_of_user", "user_id", "read"),
)

notification_sequence = Table("notification_sequence", metadata, Column("last", BigInteger, nullable=False))
"""
One row: the last notification id given out.

Its row lock is held until commit, so ids become visible in their own order, on every database and over several
instances; a sequence would let a lower id appear after a cursor has already passed it.
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class User:
    """An account."""

    id: str
    username: str
    role: Role


@dataclass(frozen=True, kw_only=True, slots=True)
class Vulnerability:
    """A finding that users are told about; `details` is free nested JSON."""

    id: str
    title: str
    severity: str | None
    description: str | None
    details: Any
    assignee: str | None
    creator: str
    created_at: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Notification:
    """One message for one user; `id` grows with time and is unique over all users. `created_at` is Unix time."""

    id: int
    user_id: str
    type: Kind
    message: str
    vulnerability_id: str | None
    details: Any
    read: bool
    created_at: float


def iso(moment: float) -> str:
    """Unix seconds to RFC 3339 in UTC."""
    return datetime.fromtimestamp(moment, tz=UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
