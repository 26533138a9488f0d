"""A member's replies and mentions as apps list them: comments, with the notifications of them.

A mention in a post or on a server without communities has no comment, so it is only on the page of
notifications (`fedcom.views.notification`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any, Literal

from sqlalchemy import ColumnElement, Connection, RowMapping, Select, and_, bindparam, func, select

from fedcom.db import BigId
from fedcom.errors import NotFound
from fedcom.models.comment import comment_rank
from fedcom.models.notification import notification
from fedcom.queries.notifications import IS_SHOWN, WITH_SUBJECTS
from fedcom.views.comment import CommentView, find_comment_views
from fedcom.views.comment_feed import COMMENT_KEYS, Order
from fedcom.views.paging import PageNumber, one_page, page_values
from fedcom.views.viewer import VIEWER

Kind = Literal["reply", "mention"]

PAGE = 10

_MISSING: Mapping[Kind, str] = {
    "reply": "couldnt_find_comment_reply",
    "mention": "couldnt_find_person_mention",
}


@dataclass(frozen=True, slots=True)
class InboxEntry:
    """A comment that the member was notified of; `id` is that of the notification."""

    id: int
    created_at: datetime
    read_at: datetime | None
    comment: CommentView


@dataclass(frozen=True, slots=True)
class InboxQuery:
    """Which entries are wanted: "new" and "old" are by the time of the notification, the other
    orders by the comment.
    """

    kind: Kind
    sort: Order = "new"
    unread: bool = False
    after: PageNumber | None = None
    limit: int = PAGE


@dataclass(frozen=True, slots=True)
class UnreadCounts:
    """How many replies and mentions in comments, and how many messages, are unread."""

    replies: int
    mentions: int
    messages: int


_OWN = [notification.c[name] for name in ("id", "comment_id", "created_at", "read_at")]
_MINE = (
    notification.c.recipient_id == VIEWER,
    notification.c.kind == bindparam("kind"),
    notification.c.comment_id.is_not(None),
)
_ONE = select(*_OWN).where(*_MINE, notification.c.id == bindparam("id", type_=BigId))


@cache
def _list(sort: Order, *, unread: bool) -> Select[Any]:
    found = select(*_OWN).select_from(WITH_SUBJECTS).where(*_MINE, IS_SHOWN)
    if unread:
        found = found.where(notification.c.read_at.is_(None))
    number = notification.c.id
    if sort == "old":
        return one_page(found.order_by(number))
    if sort == "new":
        return one_page(found.order_by(number.desc()))
    ranked = found.join(comment_rank, comment_rank.c.comment_id == notification.c.comment_id)
    return one_page(ranked.order_by(COMMENT_KEYS[sort].desc(), number.desc()))


def list_inbox(
    conn: Connection,
    viewer_id: int,
    wanted: InboxQuery,
    *,
    now: datetime | None = None,
) -> Sequence[InboxEntry]:
    """A page of a member's replies or mentions, in two statements, without those that were deleted
    or removed.
    """
    values = {
        "viewer": viewer_id,
        "kind": wanted.kind,
        **page_values(wanted.after, wanted.limit),
    }
    rows = conn.execute(_list(wanted.sort, unread=wanted.unread), values).mappings().all()
    return _with_comments(conn, rows[: wanted.limit], viewer_id, now)


def get_inbox_entry(
    conn: Connection, viewer_id: int, kind: Kind, notification_id: int, *, now: datetime
) -> InboxEntry:
    """The member's reply or mention with this id, also if it was deleted since. Raises NotFound."""
    wanted = {"viewer": viewer_id, "kind": kind, "id": notification_id}
    rows = conn.execute(_ONE, wanted).mappings().all()
    for entry in _with_comments(conn, rows, viewer_id, now):
        return entry
    raise NotFound(_MISSING[kind], "You have no such notification.")


def _with_comments(
    conn: Connection, rows: Sequence[RowMapping], viewer_id: int, now: datetime | None
) -> Sequence[InboxEntry]:
    ids = [row["comment_id"] for row in rows]
    comments = find_comment_views(conn, ids, viewer_id=viewer_id, now=now)
    return [
        InboxEntry(row["id"], row["created_at"], row["read_at"], comments[row["comment_id"]])
        for row in rows
    ]


def _count(condition: ColumnElement[bool]) -> ColumnElement[int]:
    return func.count().filter(condition)


_IN_COMMENTS = notification.c.comment_id.is_not(None)
_UNREAD = (
    select(
        _count(and_(notification.c.kind == "reply", _IN_COMMENTS)).label("replies"),
        _count(and_(notification.c.kind == "mention", _IN_COMMENTS)).label("mentions"),
        _count(notification.c.kind == "message").label("messages"),
    )
    .select_from(WITH_SUBJECTS)
    .where(notification.c.recipient_id == VIEWER, notification.c.read_at.is_(None), IS_SHOWN)
)


def count_unread(conn: Connection, viewer_id: int) -> UnreadCounts:
    """What is unread of what `list_inbox` and the list of messages show."""
    return UnreadCounts(**conn.execute(_UNREAD, {"viewer": viewer_id}).mappings().one())
