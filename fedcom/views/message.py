"""Private messages as conversations; every list belongs to one person.

The viewer is part of each statement, so no page can show a message to anyone but its sender and
recipient.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import Connection, RowMapping, and_, bindparam, case, func, or_, select

from database.id_lists import one_of
from fedcom.db import BigId
from fedcom.errors import NotFound
from fedcom.models.actor import actor
from fedcom.models.base import to_row
from fedcom.models.message import message
from fedcom.models.notification import notification
from fedcom.queries.visibility import is_not_deleted
from fedcom.text.html import excerpt_of
from fedcom.views.paging import Page, Start, is_past, one_page, page_values, to_page
from fedcom.views.person import PersonView, actor_columns, to_person
from fedcom.views.viewer import NOBODY, VIEWER

PAGE = 50
"""Messages per page of a conversation, and conversations per page of their list."""


@dataclass(frozen=True, slots=True)
class MessageView:
    """A message as its sender and recipient see it; the text of a deleted one stays in the
    database.
    """

    id: int
    iri: str
    author_id: int
    recipient_id: int
    body_html: str
    published_at: datetime
    updated_at: datetime | None
    deleted_at: datetime | None
    # Deleted recently enough that its text still exists.
    has_text: bool

    @property
    def is_deleted(self) -> bool:
        """Whether its author deleted it."""
        return self.deleted_at is not None


@dataclass(frozen=True, slots=True)
class ConversationView:
    """The other person, the latest message, and the number of unread ones."""

    other: PersonView
    last: MessageView
    excerpt: str
    unread: int


@dataclass(frozen=True, slots=True)
class MessageSource:
    """A message for apps: with its Markdown, and whether its recipient has read it.

    The texts of a deleted one are empty.
    """

    id: int
    iri: str
    local: bool
    author_id: int
    recipient_id: int
    body_source: str
    body_html: str
    published_at: datetime
    updated_at: datetime | None
    deleted_at: datetime | None
    is_read: bool


_OTHER = bindparam("other", type_=BigId)
_OWN = ("iri", "author_id", "recipient_id", "published_at", "updated_at", "deleted_at")
_COLUMNS = (
    message.c.id,
    *(message.c[name] for name in _OWN),
    case((is_not_deleted(message), message.c.body_html), else_="").label("body_html"),
    or_(message.c.body_source != "", message.c.body_html != "").label("has_text"),
)
_BETWEEN = one_page(
    select(*_COLUMNS)
    .where(
        or_(
            and_(message.c.author_id == VIEWER, message.c.recipient_id == _OTHER),
            and_(message.c.author_id == _OTHER, message.c.recipient_id == VIEWER),
        ),
        is_past(message.c.id),
    )
    .order_by(message.c.id.desc())
)
_mine = (
    select(
        message.c.id,
        case(
            (message.c.author_id == VIEWER, message.c.recipient_id), else_=message.c.author_id
        ).label("other_id"),
    )
    .where(or_(message.c.author_id == VIEWER, message.c.recipient_id == VIEWER))
    .subquery()
)
_last = (
    select(_mine.c.other_id, func.max(_mine.c.id).label("last_id"))
    .group_by(_mine.c.other_id)
    .subquery()
)
_theirs = message.alias("theirs")
_unread = (
    select(func.count())
    .select_from(notification)
    .join(_theirs, _theirs.c.id == notification.c.message_id)
    .where(
        notification.c.recipient_id == VIEWER,
        notification.c.read_at.is_(None),
        _theirs.c.author_id == _last.c.other_id,
        is_not_deleted(_theirs),
    )
    .correlate(_last)
    .scalar_subquery()
)
_CONVERSATIONS = one_page(
    select(*_COLUMNS, _unread.label("unread"), *actor_columns(actor, "other_"))
    .select_from(_last)
    .join(message, message.c.id == _last.c.last_id)
    .join(actor, actor.c.id == _last.c.other_id)
    .where(is_past(message.c.id))
    .order_by(message.c.id.desc())
)


def find_conversation(
    conn: Connection,
    viewer_id: int,
    other_id: int,
    *,
    after: Start = None,
    limit: int = PAGE,
) -> Page[MessageView]:
    """The latest messages between two people, or those before the previous page; each page is
    sorted oldest first.
    """
    wanted = {"viewer": viewer_id, "other": other_id, **page_values(after, limit)}
    rows = conn.execute(_BETWEEN, wanted).mappings().all()
    page = to_page(rows, limit, _to_message, "id")
    return replace(page, items=page.items[::-1])


def list_conversations(
    conn: Connection, viewer_id: int, *, after: Start = None, limit: int = PAGE
) -> Page[ConversationView]:
    """A person's conversations, the latest first."""
    wanted = {"viewer": viewer_id, **page_values(after, limit)}
    rows = conn.execute(_CONVERSATIONS, wanted).mappings().all()
    return to_page(rows, limit, _to_conversation, "id")


_notified = (
    select(notification.c.id)
    .where(
        notification.c.message_id == message.c.id,
        notification.c.recipient_id == message.c.recipient_id,
        notification.c.read_at.is_(None),
    )
    .correlate(message)
)
_IS_MINE = or_(message.c.author_id == VIEWER, message.c.recipient_id == VIEWER)
_SOURCES = select(
    message.c.id,
    message.c.local,
    *(message.c[name] for name in _OWN),
    *(
        case((is_not_deleted(message), message.c[name]), else_="").label(name)
        for name in ("body_source", "body_html")
    ),
    (~_notified.exists()).label("is_read"),
)
_LIST = one_page(
    _SOURCES.where(
        _IS_MINE,
        or_(_OTHER == 0, message.c.author_id == _OTHER),
        # What others deleted is gone; one's own can be restored.
        or_(is_not_deleted(message), message.c.author_id == VIEWER),
        is_past(message.c.id),
    ).order_by(message.c.id.desc())
)
_UNREAD_LIST = _LIST.where(
    message.c.recipient_id == VIEWER, is_not_deleted(message), _notified.exists()
)
_REPORTED = _SOURCES.where(one_of(message.c.id, "ids"))
_ONE = _SOURCES.where(_IS_MINE, message.c.id == bindparam("message", type_=BigId))


def list_messages(
    conn: Connection,
    viewer_id: int,
    *,
    unread: bool = False,
    author_id: int = NOBODY,
    after: Start = None,
    limit: int = PAGE,
) -> Page[MessageSource]:
    """The messages that a member sent or received, newest first: all, those of one author, or the
    unread ones.
    """
    wanted = {"viewer": viewer_id, "other": author_id, **page_values(after, limit)}
    rows = conn.execute(_UNREAD_LIST if unread else _LIST, wanted).mappings().all()
    return to_page(rows, limit, _to_source, "id")


def get_message_source(conn: Connection, viewer_id: int, message_id: int) -> MessageSource:
    """The message with this row id, for its author or recipient. Raises NotFound for others."""
    wanted = {"viewer": viewer_id, "message": message_id}
    row = conn.execute(_ONE, wanted).mappings().one_or_none()
    if row is None:
        raise NotFound("couldnt_find_private_message", "Message not found.")
    return _to_source(row)


def find_reported_messages(conn: Connection, ids: Iterable[int]) -> Mapping[int, MessageSource]:
    """The messages with these row ids, by id, without their texts: of a reported message, admins
    read the copy that the report holds, and nothing else.
    """
    wanted = set(ids)
    if not wanted:
        return {}
    found = [_to_source(row) for row in conn.execute(_REPORTED, {"ids": wanted}).mappings()]
    return {one.id: replace(one, body_source="", body_html="") for one in found}


def _to_source(row: RowMapping) -> MessageSource:
    return to_row(MessageSource, row)


def _to_message(row: RowMapping) -> MessageView:
    return to_row(MessageView, row)


def _to_conversation(row: RowMapping) -> ConversationView:
    return ConversationView(
        other=to_person(row, "other_"),
        last=_to_message(row),
        excerpt=excerpt_of(row["body_html"]),
        unread=row["unread"],
    )
