"""Private messages as conversations; every list belongs to one person.

The viewer is part of each statement, so no page can show a message to anyone but its sender and
recipient.
"""

from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import Connection, RowMapping, and_, bindparam, case, func, or_, select

from fedcom.db import BigId
from fedcom.models.actor import actor
from fedcom.models.base import to_row
from fedcom.models.message import message
from fedcom.models.notification import notification
from fedcom.queries.visibility import is_not_deleted
from fedcom.text.html import excerpt_of
from fedcom.views.paging import Page, Start, is_past, one_page, page_values, to_page
from fedcom.views.person import PersonView, actor_columns, to_person
from fedcom.views.viewer import VIEWER

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


def _to_message(row: RowMapping) -> MessageView:
    return to_row(MessageView, row)


def _to_conversation(row: RowMapping) -> ConversationView:
    return ConversationView(
        other=to_person(row, "other_"),
        last=_to_message(row),
        excerpt=excerpt_of(row["body_html"]),
        unread=row["unread"],
    )
