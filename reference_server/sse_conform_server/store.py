"""All that is kept: users, revoked tokens, vulnerabilities, notifications. SQLite or PostgreSQL, by one code path."""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import Label, Row, Select, event, exists, func, insert, select, update
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from sse_conform_server.models import (
    Kind,
    Notification,
    User,
    Vulnerability,
    metadata,
    notification_sequence,
    notifications,
    revoked_tokens,
    users,
    vulnerabilities,
)  # fmt: skip


class UsernameTakenError(Exception):
    """Somebody already has this name."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Draft:
    """A notification not yet numbered. `recipient` is a user id, or `None` for every user."""

    type: Kind
    message: str
    recipient: str | None
    vulnerability_id: str | None = None
    details: object = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Page:
    """Notifications of one user with the number unread of all of theirs."""

    unread: int
    items: tuple[Notification, ...]


class Store:
    """The one place that speaks SQL. Writes are serialised in this process, and by row lock between processes."""

    def __init__(self, engine: AsyncEngine) -> None:
        self.engine = engine
        self._writing = asyncio.Lock()

    async def prepare(self) -> None:
        """Create what is missing in the database."""
        async with self.engine.begin() as connection:
            await connection.run_sync(metadata.create_all)
            if await connection.scalar(select(func.count()).select_from(notification_sequence)) == 0:
                await connection.execute(insert(notification_sequence).values(last=0))

    async def close(self) -> None:
        """Give the connections back."""
        await self.engine.dispose()

    @asynccontextmanager
    async def _write(self) -> AsyncIterator[AsyncConnection]:
        async with self._writing, self.engine.begin() as connection:
            yield connection

    async def add_user(self, user: User, *, password_hash: str) -> None:
        """Keep a new account; raises `UsernameTakenError`."""
        try:
            async with self._write() as connection:
                await connection.execute(insert(users).values(**asdict(user), password_hash=password_hash))
        except IntegrityError:
            raise UsernameTakenError from None

    async def credentials(self, username: str) -> tuple[User, str] | None:
        """The account of that exact name with its password hash."""
        query = select(users).where(users.c.username == username)
        async with self.engine.connect() as connection:
            row = (await connection.execute(query)).one_or_none()
        return None if row is None else (_user(row), row.password_hash)

    async def session(self, user_id: str, token_id: str) -> User | None:
        """The user behind a token, unless there is none or the token was revoked."""
        revoked = exists().where(revoked_tokens.c.id == token_id)
        async with self.engine.connect() as connection:
            row = (await connection.execute(select(users).where(users.c.id == user_id, ~revoked))).one_or_none()
        return None if row is None else _user(row)

    async def revoked(self, token_id: str) -> bool:
        """Whether the token was revoked."""
        async with self.engine.connect() as connection:
            return bool(await connection.scalar(select(exists().where(revoked_tokens.c.id == token_id))))

    async def user_exists(self, user_id: str) -> bool:
        """Whether that account is there."""
        async with self.engine.connect() as connection:
            return bool(await connection.scalar(select(exists().where(users.c.id == user_id))))

    async def revoke(self, token_id: str, *, expires_at: float) -> None:
        """Refuse this token from now on; forget those that are past their end anyway."""
        async with self._write() as connection:
            await connection.execute(revoked_tokens.delete().where(revoked_tokens.c.expires_at < time.time() - 60))
            if not await connection.scalar(select(exists().where(revoked_tokens.c.id == token_id))):
                await connection.execute(insert(revoked_tokens).values(id=token_id, expires_at=expires_at))

    async def add_vulnerability(self, vulnerability: Vulnerability, draft: Draft) -> Sequence[Notification]:
        """Keep a vulnerability together with the notifications about it: both or neither."""
        async with self._write() as connection:
            await connection.execute(insert(vulnerabilities).values(**asdict(vulnerability)))
            return await self._add_notifications(connection, draft)

    async def vulnerability(self, vulnerability_id: str) -> Vulnerability | None:
        """One vulnerability by id."""
        query = select(vulnerabilities).where(vulnerabilities.c.id == vulnerability_id)
        async with self.engine.connect() as connection:
            row = (await connection.execute(query)).mappings().one_or_none()
        return None if row is None else Vulnerability(**row)

    async def assign(self, vulnerability_id: str, assignee: str, draft: Draft) -> Sequence[Notification]:
        """Change the assignee together with telling them: both or neither."""
        change = update(vulnerabilities).where(vulnerabilities.c.id == vulnerability_id).values(assignee=assignee)
        async with self._write() as connection:
            await connection.execute(change)
            return await self._add_notifications(connection, draft)

    async def add_notifications(self, draft: Draft) -> Sequence[Notification]:
        """Number and keep one notification for each recipient; committed on return, in id order."""
        async with self._write() as connection:
            return await self._add_notifications(connection, draft)

    async def _add_notifications(self, connection: AsyncConnection, draft: Draft) -> Sequence[Notification]:
        recipients = [draft.recipient]
        if draft.recipient is None:
            recipients = list((await connection.scalars(select(users.c.id).order_by(users.c.id))).all())
        if not recipients:
            return ()
        sequence = notification_sequence
        advance = update(sequence).values(last=sequence.c.last + len(recipients)).returning(sequence.c.last)
        first = (await connection.execute(advance)).scalar_one() - len(recipients) + 1
        now = time.time()
        added = [
            Notification(
                id=number, user_id=str(recipient), type=draft.type, message=draft.message, read=False, created_at=now,
                vulnerability_id=draft.vulnerability_id, details=draft.details,
            )
            for number, recipient in enumerate(recipients, start=first)
        ]  # fmt: skip
        await self._file(connection, added)
        return added

    async def _file(self, connection: AsyncConnection, added: Sequence[Notification]) -> None:
        await connection.execute(insert(notifications), [_row(notification) for notification in added])

    async def newest(self, user_id: str, count: int) -> Page:
        """The newest `count`, newest first, and the unread count, both of one instant."""
        newest_first = select(notifications, _unread(user_id)).where(notifications.c.user_id == user_id)
        return await self._page(newest_first.order_by(notifications.c.id.desc()).limit(count))

    async def after(self, user_id: str, cursor: int, count: int) -> Page:
        """The oldest `count` past the exclusive cursor, oldest first; `unread` is right when there are items."""
        later = select(notifications, _unread(user_id)).where(
            notifications.c.user_id == user_id, notifications.c.id > cursor
        )
        return await self._page(later.order_by(notifications.c.id).limit(count))

    async def _page(self, query: Select[Any]) -> Page:
        async with self.engine.connect() as connection:
            rows = (await connection.execute(query)).all()
        return Page(unread=rows[0].unread if rows else 0, items=tuple(_notification(row) for row in rows))

    async def unread(self, user_id: str) -> int:
        """How many of this user's notifications are unread."""
        async with self.engine.connect() as connection:
            return await connection.scalar(select(_unread(user_id))) or 0

    async def owns(self, user_id: str, notification_id: int) -> bool:
        """Whether that notification is this user's."""
        mine = (notifications.c.id == notification_id) & (notifications.c.user_id == user_id)
        async with self.engine.connect() as connection:
            return bool(await connection.scalar(select(exists().where(mine))))

    async def last_id(self) -> int:
        """The highest id given out to anybody."""
        async with self.engine.connect() as connection:
            last: int = (await connection.execute(select(notification_sequence.c.last))).scalar_one()
        return last

    async def mark_read(self, user_id: str, notification_id: int | None) -> None:
        """Mark one of the user's notifications read, or all of them for `None`."""
        change = update(notifications).where(notifications.c.user_id == user_id, ~notifications.c.read)
        if notification_id is not None:
            change = change.where(notifications.c.id == notification_id)
        async with self._write() as connection:
            await connection.execute(change.values(read=True))


def open_store(database: str) -> Store:
    """
    A store on a SQLite file name or a database URL (`postgresql://...`).

    Raises `ValueError` when no driver for the URL is there.
    """
    if "://" not in database:
        database = f"sqlite+aiosqlite:///{database}"
    for plain, driver in (("sqlite://", "sqlite+aiosqlite://"), ("postgresql://", "postgresql+psycopg://")):
        if database.startswith(plain):
            database = driver + database.removeprefix(plain)
    try:
        engine = create_async_engine(database)
    except ModuleNotFoundError as error:
        raise ValueError(f"the database driver {error.name} is not installed: pip install {error.name}") from None
    if engine.dialect.name == "sqlite":
        event.listen(engine.sync_engine, "connect", _tune_sqlite)
    return Store(engine)


def _tune_sqlite(connection: DBAPIConnection, _record: object) -> None:
    cursor = connection.cursor()
    for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "busy_timeout=5000", "foreign_keys=ON"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _unread(user_id: str) -> Label[int]:
    other = notifications.alias("counted")
    count = select(func.count()).where(other.c.user_id == user_id, ~other.c.read)
    return count.scalar_subquery().label("unread")


def _user(row: Row[Any]) -> User:
    return User(id=row.id, username=row.username, role=row.role)


def _row(notification: Notification) -> dict[str, Any]:
    return {name: getattr(notification, name) for name in Notification.__slots__}


def _notification(row: Row[Any]) -> Notification:
    return Notification(
        id=row.id, user_id=row.user_id, type=row.type, message=row.message, read=row.read,
        vulnerability_id=row.vulnerability_id, details=row.details, created_at=row.created_at,
    )  # fmt: skip
