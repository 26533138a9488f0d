"""Private messages, by id and as conversations. Every list is of one person's own.

Who asks is part of each statement, so that no page can show a message to anybody but its two.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, and_, bindparam, case, func, or_, select

from fedcom.db import BigId
from fedcom.errors import NotFound
from fedcom.models.actor import actor
from fedcom.models.base import columns_of, to_row
from fedcom.models.message import Message, message
from fedcom.models.notification import notification
from fedcom.queries.notifications import excerpt_of
from fedcom.queries.people import ActorRef, name_columns, to_name

PAGE = 50
"""Messages in one page of a conversation, and conversations in one page of their list."""

_MESSAGE = select(*columns_of(Message, message))
_BY_IRI = _MESSAGE.where(message.c.iri == bindparam("iri"))
_BY_ID = _MESSAGE.where(message.c.id == bindparam("id"))
_MINE = _BY_ID.where(
    (message.c.author_id == bindparam("viewer")) | (message.c.recipient_id == bindparam("viewer"))
)


@dataclass(frozen=True, slots=True)
class MessageLine:
    """A message as the conversation shows it; the words of a deleted one stay in the database."""

    id: int
    author_id: int
    body_html: str
    published_at: datetime
    updated_at: datetime | None
    is_deleted: bool
    # It was deleted not so long ago that the words are gone.
    has_words: bool


@dataclass(frozen=True, slots=True)
class Conversation:
    """Some messages of two people, the oldest first, and the id before which the others are."""

    lines: tuple[MessageLine, ...]
    next_before: int | None


@dataclass(frozen=True, slots=True)
class ConversationLine:
    """Who one writes with, and what was said last."""

    other: ActorRef
    last_id: int
    author_id: int
    excerpt: str
    published_at: datetime
    is_deleted: bool
    unread: int


@dataclass(frozen=True, slots=True)
class ConversationPage:
    """Some conversations, the latest first, and the id before which the others ended."""

    lines: tuple[ConversationLine, ...]
    next_before: int | None


_viewer, _other, _before = (bindparam(name, type_=BigId) for name in ("viewer", "other", "before"))
_is_deleted = message.c.deleted_at.is_not(None)
_words = case((_is_deleted, ""), else_=message.c.body_html)
_BETWEEN = (
    select(
        message.c.id,
        message.c.author_id,
        _words,
        message.c.published_at,
        message.c.updated_at,
        _is_deleted,
        or_(message.c.body_source != "", message.c.body_html != ""),
    )
    .where(
        or_(
            and_(message.c.author_id == _viewer, message.c.recipient_id == _other),
            and_(message.c.author_id == _other, message.c.recipient_id == _viewer),
        ),
        or_(_before == 0, message.c.id < _before),
    )
    .order_by(message.c.id.desc())
    .limit(bindparam("count"))
)
_mine = (
    select(
        message.c.id,
        case(
            (message.c.author_id == _viewer, message.c.recipient_id), else_=message.c.author_id
        ).label("other_id"),
    )
    .where(or_(message.c.author_id == _viewer, message.c.recipient_id == _viewer))
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
        notification.c.recipient_id == _viewer,
        notification.c.read_at.is_(None),
        _theirs.c.author_id == _last.c.other_id,
        _theirs.c.deleted_at.is_(None),
    )
    .correlate(_last)
    .scalar_subquery()
)
_CONVERSATIONS = (
    select(
        message.c.id,
        message.c.author_id,
        _words,
        message.c.published_at,
        _is_deleted,
        _unread,
        *name_columns(actor),
    )
    .select_from(_last)
    .join(message, message.c.id == _last.c.last_id)
    .join(actor, actor.c.id == _last.c.other_id)
    .where(or_(_before == 0, message.c.id < _before))
    .order_by(message.c.id.desc())
    .limit(bindparam("count"))
)


def find_conversation(
    conn: Connection, viewer_id: int, other_id: int, *, before: int = 0, limit: int = PAGE
) -> Conversation:
    """The latest messages between two people; those `before` a row id, 0 for the end."""
    wanted = {"viewer": viewer_id, "other": other_id, "before": before, "count": limit + 1}
    rows = conn.execute(_BETWEEN, wanted).all()
    lines = tuple(MessageLine(*row) for row in reversed(rows[:limit]))
    return Conversation(lines, lines[0].id if len(rows) > limit else None)


def list_conversations(
    conn: Connection, viewer_id: int, *, before: int = 0, limit: int = PAGE
) -> ConversationPage:
    """Whom somebody has written with, the latest first; those that ended `before` a row id."""
    wanted = {"viewer": viewer_id, "before": before, "count": limit + 1}
    rows = conn.execute(_CONVERSATIONS, wanted).all()
    lines = tuple(_to_conversation(row) for row in rows[:limit])
    return ConversationPage(lines, lines[-1].last_id if len(rows) > limit else None)


def _to_conversation(row: Sequence[Any]) -> ConversationLine:
    last_id, author_id, html, published_at, is_deleted, unread = row[:6]
    return ConversationLine(
        other=to_name(row[6:]),
        last_id=last_id,
        author_id=author_id,
        excerpt=excerpt_of(html),
        published_at=published_at,
        is_deleted=is_deleted,
        unread=unread,
    )


def find_message(conn: Connection, iri: str) -> Message | None:
    """The message with this id on the wire, deleted or not."""
    row = conn.execute(_BY_IRI, {"iri": iri}).mappings().first()
    return None if row is None else to_row(Message, row)


def find_message_before(conn: Connection, about: Message) -> Message | None:
    """The last message between the same two people before this one that is not deleted."""
    pair = (about.author_id, about.recipient_id)
    between = message.c.author_id.in_(pair) & message.c.recipient_id.in_(pair)
    statement = _MESSAGE.where(between, message.c.id < about.id, message.c.deleted_at.is_(None))
    row = conn.execute(statement.order_by(message.c.id.desc()).limit(1)).mappings().first()
    return None if row is None else to_row(Message, row)


def get_message(conn: Connection, message_id: int) -> Message:
    """The message with this row id, whoever asks. Raises NotFound."""
    row = conn.execute(_BY_ID, {"id": message_id}).mappings().first()
    if row is None:
        raise NotFound("couldnt_find_private_message", "Message not found.")
    return to_row(Message, row)


def get_own_message(conn: Connection, message_id: int, viewer_id: int) -> Message:
    """The message with this row id, for its author or recipient. Raises NotFound for others."""
    row = conn.execute(_MINE, {"id": message_id, "viewer": viewer_id}).mappings().first()
    if row is None:
        raise NotFound("couldnt_find_private_message", "Message not found.")
    return to_row(Message, row)
