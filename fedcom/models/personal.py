"""What members keep for themselves and no peer sees: saved, hidden, blocked, visited, drafts,
and which forms they have sent."""

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
)

saved_comment = Table(
    "saved_comment",
    metadata,
    Column("person_id", BigId, ForeignKey("actor.id"), primary_key=True, autoincrement=False),
    Column("comment_id", BigId, ForeignKey("comment.id"), primary_key=True, autoincrement=False),
    Column("saved_at", UtcDateTime, nullable=False),
    Index("ix_saved_comment_comment_id", "comment_id"),
)

hidden_post = Table(
    "hidden_post",
    metadata,
    Column("person_id", BigId, ForeignKey("actor.id"), primary_key=True, autoincrement=False),
    Column("post_id", BigId, ForeignKey("post.id"), primary_key=True, autoincrement=False),
    Column("hidden_at", UtcDateTime, nullable=False),
    Index("ix_hidden_post_post_id", "post_id"),
)

# A person or a community whose content the member does not want to see.
actor_block = Table(
    "actor_block",
    metadata,
    Column("person_id", BigId, ForeignKey("actor.id"), primary_key=True, autoincrement=False),
    Column("blocked_id", BigId, ForeignKey("actor.id"), primary_key=True, autoincrement=False),
    Column("blocked_at", UtcDateTime, nullable=False),
    Index("ix_actor_block_blocked_id", "blocked_id"),
)

# A server whose people and communities the member does not want to see.
host_block = Table(
    "host_block",
    metadata,
    Column("person_id", BigId, ForeignKey("actor.id"), primary_key=True, autoincrement=False),
    Column("host", Text, primary_key=True),
    Column("blocked_at", UtcDateTime, nullable=False),
)

# When the member last looked at a thread, how many comments it had then, and after which moment
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

# What was typed and not sent, by the address of its form.
draft = Table(
    "draft",
    metadata,
    Column("person_id", BigId, ForeignKey("actor.id"), primary_key=True, autoincrement=False),
    Column("place", Text, primary_key=True),
    # The fields of the form, JSON.
    Column("fields", Text, nullable=False),
    Column("updated_at", UtcDateTime, nullable=False),
)

# Forms that made something, so that the same one sent again makes nothing new.
sent_form = Table(
    "sent_form",
    metadata,
    Column("person_id", BigId, ForeignKey("actor.id"), primary_key=True, autoincrement=False),
    # A digest of the form's token and of what was typed.
    Column("key", Text, primary_key=True),
    # The row id of what it made, in the table that its address is about.
    Column("made_id", BigId, nullable=False),
    Column("sent_at", UtcDateTime, nullable=False),
    Index("ix_sent_form_sent_at", "sent_at"),
)


@dataclass(frozen=True, slots=True)
class Draft:
    """One form as it was left: `place` says which (`submit`, `post/7`, `comment/9`)."""

    place: str
    fields: dict[str, str]
    updated_at: datetime
