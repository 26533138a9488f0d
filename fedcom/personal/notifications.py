"""Which notifications members have read."""

from collections.abc import Collection
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Connection, exists, select, update

from database.pruning import Outdated, outdated_in
from fedcom.models.message import message
from fedcom.models.notification import Kind, notification
from fedcom.models.outside_mention import outside_mention
from fedcom.queries.notifications import ABOUT_CONTENT

READ_KEPT = timedelta(days=180)
"""How long a notification is kept after it was read."""


def read_one(conn: Connection, person_id: int, notification_id: int, now: datetime) -> None:
    """Mark the notification with this row id as read, if it is theirs."""
    _read(conn, person_id, notification.c.id == notification_id, now)


def read_kinds(
    conn: Connection, person_id: int, kinds: Collection[Kind], until: int, now: datetime
) -> None:
    """Mark all of these kinds up to the row id `until` as read; newer ones stay unread."""
    some = notification.c.kind.in_(sorted(kinds)) & (notification.c.id <= until)
    _read(conn, person_id, some, now)


def read_thread(
    conn: Connection, person_id: int, post_id: int, now: datetime, comment_id: int | None = None
) -> None:
    """Mark as read the notifications about a post and all its comments, or about this comment."""
    is_in_thread = (notification.c.post_id == post_id) & notification.c.kind.in_(ABOUT_CONTENT)
    if comment_id is not None:
        is_in_thread &= notification.c.comment_id == comment_id
    _read(conn, person_id, is_in_thread, now)


def read_conversation(conn: Connection, person_id: int, other_id: int, now: datetime) -> None:
    """Mark as read the notifications about messages from the other person."""
    theirs = select(message.c.id).where(
        message.c.author_id == other_id, message.c.recipient_id == person_id
    )
    _read(conn, person_id, notification.c.message_id.in_(theirs), now)


def read_message(
    conn: Connection, person_id: int, message_id: int, *, read: bool, now: datetime
) -> None:
    """Mark the notification about a message as read, or as unread."""
    about = notification.c.message_id == message_id
    if read:
        _read(conn, person_id, about, now)
    else:
        _unread(conn, person_id, about)


def mark_one(
    conn: Connection, person_id: int, notification_id: int, *, read: bool, now: datetime
) -> None:
    """Mark the notification with this row id as read or as unread, if it is theirs."""
    if read:
        read_one(conn, person_id, notification_id, now)
    else:
        _unread(conn, person_id, notification.c.id == notification_id)


def old_notifications(now: datetime) -> Outdated:
    """The notifications that were read long ago."""
    return outdated_in(notification, notification.c.read_at < now - READ_KEPT)


def unused_outside_mentions() -> Outdated:
    """The mentions without a notification."""
    notified = exists().where(notification.c.outside_mention_id == outside_mention.c.id)
    return outdated_in(outside_mention, ~notified)


def _read(conn: Connection, person_id: int, which: ColumnElement[bool], now: datetime) -> None:
    conn.execute(
        update(notification)
        .where(notification.c.recipient_id == person_id, notification.c.read_at.is_(None), which)
        .values(read_at=now)
    )


def _unread(conn: Connection, person_id: int, which: ColumnElement[bool]) -> None:
    mine = notification.c.recipient_id == person_id
    conn.execute(update(notification).where(mine, which).values(read_at=None))
