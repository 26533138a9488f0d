"""Earlier versions of posts and comments."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Column, ForeignKey, Index, Table, Text

from fedcom.db import BigId, UtcDateTime
from fedcom.models.base import EMPTY, metadata

revision = Table(
    "revision",
    metadata,
    Column("id", BigId, primary_key=True),
    # One of the two is set.
    Column("post_id", BigId, ForeignKey("post.id"), nullable=True),
    Column("comment_id", BigId, ForeignKey("comment.id"), nullable=True),
    # Empty for comments.
    Column("title", Text, nullable=False, server_default=EMPTY),
    Column("url", Text, nullable=True),
    Column("body_html", Text, nullable=False),
    # When this version was written, and when it was replaced.
    Column("written_at", UtcDateTime, nullable=False),
    Column("replaced_at", UtcDateTime, nullable=False),
    Index("ix_revision_post_id", "post_id", "id"),
    Index("ix_revision_comment_id", "comment_id", "id"),
    sqlite_autoincrement=True,
)


@dataclass(frozen=True, slots=True)
class Revision:
    """One earlier version of a post or comment."""

    id: int
    post_id: int | None
    comment_id: int | None
    title: str
    url: str | None
    body_html: str
    written_at: datetime
    replaced_at: datetime
