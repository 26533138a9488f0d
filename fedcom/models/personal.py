"""Members' private records, never sent to peers: saved, hidden, followed, muted, blocked, visited,
drafts, and the forms they have sent.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Column, ForeignKey, Index, Integer, Table, Text

from fedcom.db import BigId, UtcDateTime
from fedcom.models.base import metadata

saved_post = Table(
    "saved_post",
    metadata,
    Column("person_id", BigId, ForeignKey("actor.id"), primary_key=True, autoincrement=False),
    Column("post_id", BigId, ForeignKey("post.id"), primary_key=True, autoincrement=False),
    Column("saved_at", UtcDateTime, nullable=False),
    Index("ix_saved_post_post_id", "post_id"),
    # For the member's list, the latest first.
    Index("ix_saved_post_saved_at", "person_id", "saved_at", "post_id"),
)

saved_comment = Table(
    "saved_comment",
    metadata,
    Column("person_id", BigId, ForeignKey("actor.id"), primary_key=True, autoincrement=False),
    Column("comment_id", BigId, ForeignKey("comment.id"), primary_key=True, autoincrement=False),
    Column("saved_at", UtcDateTime, nullable=False),
    Index("ix_saved_comment_comment_id", "comment_id"),
    # For the member's list, the latest first.
    Index("ix_saved_comment_saved_at", "person_id", "saved_at", "comment_id"),
)

hidden_post = Table(
    "hidden_post",
    metadata,
    Column("person_id", BigId, ForeignKey("actor.id"), primary_key=True, autoincrement=False),
    Column("post_id", BigId, ForeignKey("post.id"), primary_key=True, autoincrement=False),
    Column("hidden_at", UtcDateTime, nullable=False),
    Index("ix_hidden_post_post_id", "post_id"),
    # For the member's list, the latest first.
    Index("ix_hidden_post_hidden_at", "person_id", "hidden_at", "post_id"),
)

# Threads that notify of each new comment, and those that notify of nothing; none is in both.
followed_post = Table(
    "followed_post",
    metadata,
    Column("person_id", BigId, ForeignKey("actor.id"), primary_key=True, autoincrement=False),
    Column("post_id", BigId, ForeignKey("post.id"), primary_key=True, autoincrement=False),
    Column("followed_at", UtcDateTime, nullable=False),
    Index("ix_followed_post_post_id", "post_id"),
    # For the member's list, the latest first.
    Index("ix_followed_post_followed_at", "person_id", "followed_at", "post_id"),
)

muted_post = Table(
    "muted_post",
    metadata,
    Column("person_id", BigId, ForeignKey("actor.id"), primary_key=True, autoincrement=False),
    Column("post_id", BigId, ForeignKey("post.id"), primary_key=True, autoincrement=False),
    Column("muted_at", UtcDateTime, nullable=False),
    Index("ix_muted_post_post_id", "post_id"),
    # For the member's list, the latest first.
    Index("ix_muted_post_muted_at", "person_id", "muted_at", "post_id"),
)

# Blocked people and communities.
actor_block = Table(
    "actor_block",
    metadata,
    Column("person_id", BigId, ForeignKey("actor.id"), primary_key=True, autoincrement=False),
    Column("blocked_id", BigId, ForeignKey("actor.id"), primary_key=True, autoincrement=False),
    Column("blocked_at", UtcDateTime, nullable=False),
    Index("ix_actor_block_blocked_id", "blocked_id"),
)

# Blocked servers.
host_block = Table(
    "host_block",
    metadata,
    Column("person_id", BigId, ForeignKey("actor.id"), primary_key=True, autoincrement=False),
    Column("host", Text, primary_key=True),
    Column("blocked_at", UtcDateTime, nullable=False),
)

# The member's last view of a thread, the number of its comments then, and the time after which
# comments were new to them during that visit.
post_visit = Table(
    "post_visit",
    metadata,
    Column("person_id", BigId, ForeignKey("actor.id"), primary_key=True, autoincrement=False),
    Column("post_id", BigId, ForeignKey("post.id"), primary_key=True, autoincrement=False),
    Column("comments", Integer, nullable=False),
    Column("visited_at", UtcDateTime, nullable=False),
    Column("new_after", UtcDateTime, nullable=True),
    Index("ix_post_visit_post_id", "post_id"),
)

# Unsent text, by the name of its form.
draft = Table(
    "draft",
    metadata,
    Column("person_id", BigId, ForeignKey("actor.id"), primary_key=True, autoincrement=False),
    Column("form", Text, primary_key=True),
    # The fields of the form, JSON.
    Column("fields", Text, nullable=False),
    Column("updated_at", UtcDateTime, nullable=False),
)

# Forms that created something, so that a repeated form creates nothing new.
sent_form = Table(
    "sent_form",
    metadata,
    Column("person_id", BigId, ForeignKey("actor.id"), primary_key=True, autoincrement=False),
    # A digest of the form's token and of the typed text.
    Column("key", Text, primary_key=True),
    # The row id of the created object, in the table that the form's address belongs to.
    Column("made_id", BigId, nullable=False),
    Column("sent_at", UtcDateTime, nullable=False),
    Index("ix_sent_form_sent_at", "sent_at"),
)


@dataclass(frozen=True, slots=True)
class Draft:
    """One unsent form: `form` names it (`submit`, `post/7`, `comment/9`)."""

    form: str
    fields: dict[str, str]
    updated_at: datetime
