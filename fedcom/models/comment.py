"""Comments: a tree below each post, readable in order by its materialised path; and the narrow
table that lists of comments read.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from sqlalchemy import (
    Boolean,
    Column,
    Double,
    ForeignKey,
    Index,
    Integer,
    Table,
    Text,
    false,
)

from database.partial_indexes import flagged, partial_index
from fedcom.db import BigId, SortableText, UtcDateTime
from fedcom.models.base import EMPTY, metadata
from fedcom.models.content import BLANK_TEXT, Contribution

DIGITS = 13
"""The characters of `comment.path` for each ancestor: the digits of an id, and a dot."""

comment = Table(
    "comment",
    metadata,
    Column("id", BigId, primary_key=True),
    Column("iri", Text, nullable=False, unique=True),
    Column("local", Boolean, nullable=False),
    Column("post_id", BigId, ForeignKey("post.id"), nullable=False),
    Column("parent_id", BigId, ForeignKey("comment.id"), nullable=True),
    # The ids from the root to the comment, each as twelve digits, joined by dots; byte order is
    # tree order.
    Column("path", SortableText, nullable=False, default=""),
    Column("depth", Integer, nullable=False, default=0),
    Column("author_id", BigId, ForeignKey("actor.id"), nullable=False),
    Column("body_source", Text, nullable=False, default=""),
    Column("body_html", Text, nullable=False, default=""),
    Column("language", Text, nullable=True),
    Column("content_warning", Text, nullable=False, server_default=EMPTY),
    Column("published_at", UtcDateTime, nullable=False),
    Column("updated_at", UtcDateTime, nullable=True),
    Column("deleted_at", UtcDateTime, nullable=True),
    Column("removed_at", UtcDateTime, nullable=True),
    # A lock applies to all comments below as well, and is stored in each of their rows.
    Column("locked_at", UtcDateTime, nullable=True),
    # Its author speaks as a moderator or an admin.
    Column("distinguished", Boolean, nullable=False, server_default=false()),
    Column("upvotes", Integer, nullable=False, default=0),
    Column("downvotes", Integer, nullable=False, default=0),
    # All comments below this one.
    Column("replies", Integer, nullable=False, default=0),
    Index("ix_comment_post_id_path", "post_id", "path"),
    # For feeds and collections, by time.
    Index("ix_comment_post_id_published_at", "post_id", "published_at", "id"),
    Index("ix_comment_author_id_published_at", "author_id", "published_at"),
    Index("ix_comment_parent_id", "parent_id"),
    # Of each author, those that moderators removed.
    partial_index("ix_comment_removed", "author_id", where="removed_at IS NOT NULL"),
    # Those that NodeInfo counts.
    partial_index(
        "ix_comment_local", "id", where=flagged("local", "deleted_at IS NULL", "removed_at IS NULL")
    ),
    sqlite_autoincrement=True,
)

# One row for each comment that lists may show, as `post_rank` for posts: lists of many threads read
# no texts. On PostgreSQL a vote also leaves the indexes of `comment` alone.
comment_rank = Table(
    "comment_rank",
    metadata,
    Column("comment_id", BigId, ForeignKey("comment.id"), primary_key=True, autoincrement=False),
    Column("community_id", BigId, ForeignKey("actor.id"), nullable=False),
    Column("hot", Double, nullable=False),
    Column("controversy", Double, nullable=False),
    Column("score", Integer, nullable=False),
    Column("published_at", UtcDateTime, nullable=False),
    Index("ix_comment_rank_hot", "hot", "comment_id"),
    Index("ix_comment_rank_controversy", "controversy", "comment_id"),
    Index("ix_comment_rank_score", "score", "comment_id"),
    Index("ix_comment_rank_published_at", "published_at", "comment_id"),
    Index("ix_comment_rank_community_id_hot", "community_id", "hot", "comment_id"),
    Index("ix_comment_rank_community_id_controversy", "community_id", "controversy", "comment_id"),
    Index("ix_comment_rank_community_id_score", "community_id", "score", "comment_id"),
    Index(
        "ix_comment_rank_community_id_published_at", "community_id", "published_at", "comment_id"
    ),
)


@dataclass(frozen=True, slots=True)
class Comment(Contribution):
    """A reply to a post or to another comment; `BLANK` are its columns once the text is erased."""

    BLANK: ClassVar[Mapping[str, object]] = BLANK_TEXT

    post_id: int
    parent_id: int | None
    path: str
    depth: int
    author_id: int
    body_source: str
    distinguished: bool
    replies: int

    @property
    def comment_id(self) -> int:
        """Its own row id."""
        return self.id

    @property
    def title(self) -> str:
        """Only posts have one."""
        return ""

    @property
    def url(self) -> str | None:
        """Only posts have a link."""
        return None
