"""A member's notifications: replies, mentions, comments in threads that they follow, messages, and
moderation of their content.
"""

from typing import Literal

from sqlalchemy import CheckConstraint, Column, ForeignKey, Index, Table, Text, text

from fedcom.db import BigId, UtcDateTime
from fedcom.models.base import EMPTY, metadata

Kind = Literal["reply", "mention", "thread", "message", "moderation", "report", "application"]

notification = Table(
    "notification",
    metadata,
    Column("id", BigId, primary_key=True),
    Column("recipient_id", BigId, ForeignKey("actor.id"), nullable=False),
    Column("kind", Text, nullable=False),
    # The actor who caused it; null for the instance itself.
    Column("actor_id", BigId, ForeignKey("actor.id"), nullable=True),
    Column("community_id", BigId, ForeignKey("actor.id"), nullable=True),
    Column("post_id", BigId, ForeignKey("post.id"), nullable=True),
    Column("comment_id", BigId, ForeignKey("comment.id"), nullable=True),
    Column("message_id", BigId, ForeignKey("message.id"), nullable=True),
    Column("outside_mention_id", BigId, ForeignKey("outside_mention.id"), nullable=True),
    # For moderation the modlog's kind ("remove", "lock", "ban"…), with the reason.
    Column("detail", Text, nullable=False, server_default=EMPTY),
    Column("reason", Text, nullable=False, server_default=EMPTY),
    Column("created_at", UtcDateTime, nullable=False),
    Column("read_at", UtcDateTime, nullable=True),
    Index("ix_notification_recipient_id", "recipient_id", "id"),
    Index("ix_notification_unread", "recipient_id", "read_at"),
    Index("ix_notification_comment_id", "comment_id"),
    Index("ix_notification_post_id", "post_id"),
    Index("ix_notification_outside_mention_id", "outside_mention_id"),
    # A purge searches them for what it erases.
    *(
        Index(
            f"ix_notification_{name}",
            name,
            sqlite_where=text(f"{name} IS NOT NULL"),
            postgresql_where=text(f"{name} IS NOT NULL"),
        )
        for name in ("actor_id", "community_id", "message_id")
    ),
    CheckConstraint(
        "kind IN ('reply', 'mention', 'thread', 'message', 'moderation', 'report', 'application')",
        name="kind",
    ),
    sqlite_autoincrement=True,
)
