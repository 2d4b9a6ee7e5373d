"""The SQL of the store. Each statement is built once: to build one takes longer than SQLite takes to answer it."""

from typing import Any

from sqlalchemy import Label, Select, bindparam, exists, func, insert, select, update

from sse_conform_server.models import notification_sequence, notifications, revoked_tokens, users, vulnerabilities

#: Names of parameters that are no columns' of the statement's own table.
USER, TOKEN, VULNERABILITY, NOTIFICATION = "of_user", "of_token", "of_vulnerability", "of_notification"
CURSOR, COUNT, ADDED, PAST = "past_cursor", "at_most", "so_many", "past_instant"

_revoked = exists().where(revoked_tokens.c.id == bindparam(TOKEN))
_own = notifications.c.user_id == bindparam(USER)


def _unread() -> Label[int]:
    other = notifications.alias("counted")
    count = select(func.count()).where(other.c.user_id == bindparam(USER), ~other.c.read)
    return count.scalar_subquery().label("unread")


def _page() -> Select[Any]:
    return select(notifications, _unread()).where(_own).limit(bindparam(COUNT))


ADD_USER = insert(users)
USER_OF_NAME = select(users).where(users.c.username == bindparam("username"))
USER_OF_SESSION = select(users).where(users.c.id == bindparam(USER), ~_revoked)
USER_EXISTS = select(exists().where(users.c.id == bindparam(USER)))
USER_IDS = select(users.c.id).order_by(users.c.id)

IS_REVOKED = select(_revoked)
REVOKE = insert(revoked_tokens)
FORGET_REVOKED = revoked_tokens.delete().where(revoked_tokens.c.expires_at < bindparam(PAST))

ADD_VULNERABILITY = insert(vulnerabilities)
VULNERABILITY_OF_ID = select(vulnerabilities).where(vulnerabilities.c.id == bindparam(VULNERABILITY))
ASSIGN = update(vulnerabilities).where(vulnerabilities.c.id == bindparam(VULNERABILITY))

ADD_NOTIFICATION = insert(notifications)
NEWEST = _page().order_by(notifications.c.id.desc())
LATER = _page().where(notifications.c.id > bindparam(CURSOR)).order_by(notifications.c.id)
UNREAD = select(_unread())
OWNS = select(exists().where(notifications.c.id == bindparam(NOTIFICATION), _own))
READ_ALL = update(notifications).where(_own, ~notifications.c.read).values(read=True)
READ_ONE = READ_ALL.where(notifications.c.id == bindparam(NOTIFICATION))

LAST_ID = select(notification_sequence.c.last)
_advanced = notification_sequence.c.last + bindparam(ADDED)
ADVANCE = update(notification_sequence).values(last=_advanced).returning(notification_sequence.c.last)
COUNT_SEQUENCES = select(func.count()).select_from(notification_sequence)
BEGIN_SEQUENCE = insert(notification_sequence)
