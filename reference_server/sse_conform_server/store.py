"""All that is kept: users, revoked tokens, vulnerabilities, notifications. SQLite or PostgreSQL, by one code path."""

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine, Row, Select, create_engine, event, make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import ArgumentError, IntegrityError

from sse_conform_server import statements as sql
from sse_conform_server.models import Kind, Notification, User, Vulnerability, metadata
from sse_conform_server.settings import SettingsError

T = TypeVar("T")

#: So many threads read, each on a connection of its own.
READERS = 4


_IN_NO_FILE = {"sqlite://", "sqlite:///", "sqlite:///:memory:"}


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
    """
    The one place that speaks SQL. Writes are serialised in this process, and by row lock between processes.

    Each piece of work is done by a thread as a whole: to change threads costs more than most queries. One thread does
    all that writes: what it began it ends before the next, though whoever asked for it is gone.
    """

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self._readers = ThreadPoolExecutor(max_workers=READERS, thread_name_prefix="store-reads")
        self._writer = ThreadPoolExecutor(max_workers=1, thread_name_prefix="store-writes")

    async def prepare(self) -> None:
        """Create what is missing in the database."""
        await self.write(_create)

    async def close(self) -> None:
        """End what was begun, then give the connections back."""
        self._writer.shutdown()
        self._readers.shutdown()
        self.engine.dispose()

    async def read(self, work: Callable[[Connection], T]) -> T:
        """Do this on a connection, in a thread."""
        return await self._apart(self._readers, self.engine.connect, work)

    async def write(self, work: Callable[[Connection], T]) -> T:
        """Do this in one transaction, in a thread, when no other one is under way; committed on return."""
        return await self._apart(self._writer, self.engine.begin, work)

    @staticmethod
    async def _apart(
        threads: Executor, opened: Callable[[], AbstractContextManager[Connection]], work: Callable[[Connection], T]
    ) -> T:
        def whole() -> T:
            with opened() as connection:
                return work(connection)

        return await asyncio.get_running_loop().run_in_executor(threads, whole)

    async def add_user(self, user: User, *, password_hash: str) -> None:
        """Keep a new account; raises `UsernameTakenError`."""
        try:
            await self.write(lambda c: c.execute(sql.ADD_USER, asdict(user) | {"password_hash": password_hash}))
        except IntegrityError:
            raise UsernameTakenError from None

    async def credentials(self, username: str) -> tuple[User, str] | None:
        """The account of that exact name with its password hash."""
        row = await self.read(lambda c: c.execute(sql.USER_OF_NAME, {"username": username}).one_or_none())
        return None if row is None else (_user(row), row.password_hash)

    async def session(self, user_id: str, token_id: str) -> User | None:
        """The user behind a token, unless there is none or the token was revoked."""
        asked = {sql.USER: user_id, sql.TOKEN: token_id}
        row = await self.read(lambda c: c.execute(sql.USER_OF_SESSION, asked).one_or_none())
        return None if row is None else _user(row)

    async def revoked(self, token_id: str) -> bool:
        """Whether the token was revoked."""
        return await self._is(sql.IS_REVOKED, {sql.TOKEN: token_id})

    async def user_exists(self, user_id: str) -> bool:
        """Whether that account is there."""
        return await self._is(sql.USER_EXISTS, {sql.USER: user_id})

    async def _is(self, there: Select[Any], asked: Mapping[str, object]) -> bool:
        return bool(await self.read(lambda c: c.scalar(there, asked)))

    async def revoke(self, token_id: str, *, expires_at: float) -> None:
        """Refuse this token from now on; forget those that are past their end anyway."""

        def keep(connection: Connection) -> None:
            connection.execute(sql.FORGET_REVOKED, {sql.PAST: time.time() - 60})
            if not connection.scalar(sql.IS_REVOKED, {sql.TOKEN: token_id}):
                connection.execute(sql.REVOKE, {"id": token_id, "expires_at": expires_at})

        await self.write(keep)

    async def add_vulnerability(self, vulnerability: Vulnerability, draft: Draft) -> Sequence[Notification]:
        """Keep a vulnerability together with the notifications about it: both or neither."""
        return await self._change(lambda c: c.execute(sql.ADD_VULNERABILITY, asdict(vulnerability)), draft)

    async def vulnerability(self, vulnerability_id: str) -> Vulnerability | None:
        """One vulnerability by id."""
        asked = {sql.VULNERABILITY: vulnerability_id}
        row = await self.read(lambda c: c.execute(sql.VULNERABILITY_OF_ID, asked).mappings().one_or_none())
        return None if row is None else Vulnerability(**row)

    async def assign(self, vulnerability_id: str, assignee: str, draft: Draft) -> Sequence[Notification]:
        """Change the assignee together with telling them: both or neither."""
        change = {sql.VULNERABILITY: vulnerability_id, "assignee": assignee}
        return await self._change(lambda c: c.execute(sql.ASSIGN, change), draft)

    async def _change(self, change: Callable[[Connection], object], draft: Draft) -> Sequence[Notification]:
        def keep(connection: Connection) -> Sequence[Notification]:
            change(connection)
            return self._add_notifications(connection, draft)

        return await self.write(keep)

    async def add_notifications(self, draft: Draft) -> Sequence[Notification]:
        """Number and keep one notification for each recipient; committed on return, in id order."""
        return await self.write(lambda connection: self._add_notifications(connection, draft))

    def _add_notifications(self, connection: Connection, draft: Draft) -> Sequence[Notification]:
        recipients = [draft.recipient]
        if draft.recipient is None:
            recipients = list(connection.scalars(sql.USER_IDS).all())
        if not recipients:
            return ()
        first = connection.execute(sql.ADVANCE, {sql.ADDED: len(recipients)}).scalar_one() - len(recipients) + 1
        now = time.time()
        added = [
            Notification(
                id=number, user_id=str(recipient), type=draft.type, message=draft.message, read=False, created_at=now,
                vulnerability_id=draft.vulnerability_id, details=draft.details,
            )
            for number, recipient in enumerate(recipients, start=first)
        ]  # fmt: skip
        self._file(connection, added)
        return added

    def _file(self, connection: Connection, added: Sequence[Notification]) -> None:
        connection.execute(sql.ADD_NOTIFICATION, [_row(notification) for notification in added])

    async def newest(self, user_id: str, count: int) -> Page:
        """The newest `count`, newest first, and the unread count, both of one instant."""
        return await self._page(sql.NEWEST, {sql.USER: user_id, sql.COUNT: count})

    async def after(self, user_id: str, cursor: int, count: int) -> Page:
        """The oldest `count` past the exclusive cursor, oldest first; `unread` is right when there are items."""
        return await self._page(sql.LATER, {sql.USER: user_id, sql.CURSOR: cursor, sql.COUNT: count})

    async def _page(self, query: Select[Any], asked: Mapping[str, object]) -> Page:
        rows = await self.read(lambda c: c.execute(query, asked).all())
        return Page(unread=rows[0].unread if rows else 0, items=tuple(_notification(row) for row in rows))

    async def unread(self, user_id: str) -> int:
        """How many of this user's notifications are unread."""
        return await self.read(lambda c: c.scalar(sql.UNREAD, {sql.USER: user_id})) or 0

    async def owns(self, user_id: str, notification_id: int) -> bool:
        """Whether that notification is this user's."""
        return await self._is(sql.OWNS, {sql.USER: user_id, sql.NOTIFICATION: notification_id})

    async def last_id(self) -> int:
        """The highest id given out to anybody."""
        return await self.read(lambda c: c.execute(sql.LAST_ID).scalar_one())

    async def mark_read(self, user_id: str, notification_id: int | None) -> None:
        """Mark one of the user's notifications read, or all of them for `None`."""
        change, which = sql.READ_ALL, dict[str, str | int]({sql.USER: user_id})
        if notification_id is not None:
            change, which = sql.READ_ONE, which | {sql.NOTIFICATION: notification_id}
        await self.write(lambda c: c.execute(change, which))


def _create(connection: Connection) -> None:
    metadata.create_all(connection)
    if connection.scalar(sql.COUNT_SEQUENCES) == 0:
        connection.execute(sql.BEGIN_SEQUENCE, {"last": 0})


def open_store(database: str) -> Store:
    """
    A store on a SQLite file name or a database URL (`postgresql://...`).

    Raises `SettingsError` when no driver for the URL is there, or none that threads can use.
    """
    if "://" not in database:
        database = f"sqlite:///{database}"
    if database.startswith("postgresql://"):
        database = "postgresql+psycopg://" + database.removeprefix("postgresql://")
    if database in _IN_NO_FILE:
        raise SettingsError("database: each thread would have one in memory of its own; say `memory`")
    try:
        if make_url(database).get_dialect().is_async:
            raise SettingsError("database: its driver is asynchronous; leave the driver out of the URL")
        engine = create_engine(database)
    except ArgumentError as error:
        raise SettingsError(f"database: {error}") from None
    except ModuleNotFoundError as error:
        raise SettingsError(f"database: {error.name} is not installed: pip install {error.name}") from None
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _tune_sqlite)
    return Store(engine)


def _tune_sqlite(connection: DBAPIConnection, _record: object) -> None:
    cursor = connection.cursor()
    for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "busy_timeout=5000", "foreign_keys=ON"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _user(row: Row[Any]) -> User:
    return User(id=row.id, username=row.username, role=row.role)


def _row(notification: Notification) -> dict[str, Any]:
    return {name: getattr(notification, name) for name in Notification.__slots__}


def _notification(row: Row[Any]) -> Notification:
    return Notification(
        id=row.id, user_id=row.user_id, type=row.type, message=row.message, read=row.read,
        vulnerability_id=row.vulnerability_id, details=row.details, created_at=row.created_at,
    )  # fmt: skip
