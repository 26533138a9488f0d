"""Posts, and the narrow table that ranked lists read."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
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
    text,
)

from database.partial_indexes import flagged, partial_index
from fedcom.db import BigId, UtcDateTime
from fedcom.models.base import EMPTY, metadata
from fedcom.models.content import BLANK_TEXT, Contribution

post = Table(
    "post",
    metadata,
    Column("id", BigId, primary_key=True),
    Column("iri", Text, nullable=False, unique=True),
    Column("local", Boolean, nullable=False),
    Column("community_id", BigId, ForeignKey("actor.id"), nullable=False),
    Column("author_id", BigId, ForeignKey("actor.id"), nullable=False),
    # The type on the wire: Page for ours; Note, Article, Video, Event, Question… for others'.
    Column("wire_type", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("url", Text, nullable=True),
    # The picture of the post on the wire, and its description for blind readers.
    Column("image_url", Text, nullable=True),
    Column("image_alt", Text, nullable=False, server_default=EMPTY),
    # Shown instead of the text until the reader opens it ("summary" of microblogs).
    Column("content_warning", Text, nullable=False, server_default=EMPTY),
    Column("body_source", Text, nullable=False, default=""),
    Column("body_html", Text, nullable=False, default=""),
    Column("language", Text, nullable=True),
    Column("nsfw", Boolean, nullable=False, default=False),
    Column("published_at", UtcDateTime, nullable=False),
    Column("updated_at", UtcDateTime, nullable=True),
    Column("deleted_at", UtcDateTime, nullable=True),
    Column("removed_at", UtcDateTime, nullable=True),
    Column("locked_at", UtcDateTime, nullable=True),
    # Pinned in its community, and on the front page of this server.
    Column("featured_at", UtcDateTime, nullable=True),
    Column("site_featured_at", UtcDateTime, nullable=True),
    # The id of the Announce of the bare object that microblogs got: only its Undo removes the post
    # there (Mastodon 4.6 ignores a group's Delete of another author's post).
    Column("announce_iri", Text, nullable=True),
    # The collection of a remote thread (FEP-7888) as its origin names it; ours follows from the id.
    Column("context_iri", Text, nullable=True),
    Column("upvotes", Integer, nullable=False, default=0),
    Column("downvotes", Integer, nullable=False, default=0),
    Column("comments", Integer, nullable=False, default=0),
    Column("last_comment_at", UtcDateTime, nullable=True),
    Index("ix_post_community_id_published_at", "community_id", "published_at"),
    Index("ix_post_author_id_published_at", "author_id", "published_at"),
    Index("ix_post_url", "url"),
    # Of each author, those that moderators removed.
    partial_index("ix_post_removed", "author_id", where="removed_at IS NOT NULL"),
    # Those that NodeInfo counts.
    partial_index(
        "ix_post_local", "id", where=flagged("local", "deleted_at IS NULL", "removed_at IS NULL")
    ),
    # The few posts that are pinned in a community.
    partial_index(
        "ix_post_featured", "community_id", "featured_at", where="featured_at IS NOT NULL"
    ),
    # The few that are pinned on the front page.
    partial_index(
        "ix_post_site_featured", "site_featured_at", where="site_featured_at IS NOT NULL"
    ),
    sqlite_autoincrement=True,
)

# One row for each post that lists may show. The keys change with votes, comments and the time of
# posting, never with the clock, so no row has to be updated as time passes.
post_rank = Table(
    "post_rank",
    metadata,
    Column("post_id", BigId, ForeignKey("post.id"), primary_key=True, autoincrement=False),
    Column("community_id", BigId, ForeignKey("actor.id"), nullable=False),
    Column("hot", Double, nullable=False),
    Column("active", Double, nullable=False, server_default="0"),
    Column("controversy", Double, nullable=False, server_default="0"),
    Column("score", Integer, nullable=False, server_default="0"),
    # Of many communities: hot, with the score in relation to the size of the community.
    Column("scaled", Double, nullable=False, server_default="0"),
    Column("comments", Integer, nullable=False, server_default="0"),
    Column("published_at", UtcDateTime, nullable=False),
    # The time of the newest comment, or of the post without any.
    Column(
        "commented_at",
        UtcDateTime,
        nullable=False,
        server_default=text("'1970-01-01 00:00:00.000000'"),
    ),
    Index("ix_post_rank_hot", "hot", "post_id"),
    Index("ix_post_rank_active", "active", "post_id"),
    Index("ix_post_rank_controversy", "controversy", "post_id"),
    Index("ix_post_rank_score", "score", "post_id"),
    Index("ix_post_rank_scaled", "scaled", "post_id"),
    Index("ix_post_rank_comments", "comments", "post_id"),
    Index("ix_post_rank_published_at", "published_at", "post_id"),
    Index("ix_post_rank_commented_at", "commented_at", "post_id"),
    Index("ix_post_rank_community_id_hot", "community_id", "hot", "post_id"),
    Index("ix_post_rank_community_id_active", "community_id", "active", "post_id"),
    Index("ix_post_rank_community_id_controversy", "community_id", "controversy", "post_id"),
    Index("ix_post_rank_community_id_score", "community_id", "score", "post_id"),
    Index("ix_post_rank_community_id_comments", "community_id", "comments", "post_id"),
    Index("ix_post_rank_community_id_published_at", "community_id", "published_at", "post_id"),
    Index("ix_post_rank_community_id_commented_at", "community_id", "commented_at", "post_id"),
)


@dataclass(frozen=True, slots=True)
class Post(Contribution):
    """A post in a community: a title with a link, a text, or both; `BLANK` are its columns once
    these are erased.
    """

    BLANK: ClassVar[Mapping[str, object]] = {
        **BLANK_TEXT,
        "title": "",
        "url": None,
        "image_url": None,
        "image_alt": "",
    }

    community_id: int
    author_id: int
    wire_type: str
    title: str
    url: str | None
    image_url: str | None
    image_alt: str
    body_source: str
    nsfw: bool
    featured_at: datetime | None
    site_featured_at: datetime | None
    announce_iri: str | None
    context_iri: str | None
    comments: int
    last_comment_at: datetime | None

    @property
    def post_id(self) -> int:
        """Its own row id: as for a comment, that of the post in whose thread it is."""
        return self.id

    @property
    def comment_id(self) -> int | None:
        """Only comments have one."""
        return None
