"""Pictures: members' uploads, and images fetched for previews.

The bytes are files in the data folder, named by their own SHA-256; the rows record their owners.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sqlalchemy import CheckConstraint, Column, ForeignKey, Index, Integer, Table, Text

from fedcom.db import BigId, UtcDateTime
from fedcom.models.base import EMPTY, metadata

Purpose = Literal["upload", "preview", "avatar", "site"]

media = Table(
    "media",
    metadata,
    Column("id", BigId, primary_key=True),
    # "<sha-256>.<ending>", the file's name and the last part of its address.
    Column("name", Text, nullable=False, unique=True),
    # A thumbnail for lists; null if the picture is small itself.
    Column("thumbnail", Text, nullable=True),
    Column("owner_id", BigId, ForeignKey("actor.id"), nullable=True),
    Column("purpose", Text, nullable=False),
    Column("media_type", Text, nullable=False),
    Column("width", Integer, nullable=False),
    Column("height", Integer, nullable=False),
    Column("bytes", Integer, nullable=False),
    # The address that a fetched picture came from.
    Column("source_url", Text, nullable=True),
    Column("created_at", UtcDateTime, nullable=False),
    Index("ix_media_owner_id", "owner_id"),
    Index("ix_media_source_url", "source_url"),
    # Before a file is deleted, other rows are searched for its name.
    Index("ix_media_thumbnail", "thumbnail"),
    CheckConstraint("purpose IN ('upload', 'preview', 'avatar', 'site')", name="purpose"),
    sqlite_autoincrement=True,
)

# The metadata of the page behind a post's link, fetched once in the background.
link_preview = Table(
    "link_preview",
    metadata,
    Column("post_id", BigId, ForeignKey("post.id"), primary_key=True, autoincrement=False),
    # The link of this preview: an edited post gets a new preview.
    Column("url", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("title", Text, nullable=False, server_default=EMPTY),
    Column("description", Text, nullable=False, server_default=EMPTY),
    Column("media_id", BigId, ForeignKey("media.id"), nullable=True),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("due_at", UtcDateTime, nullable=False),
    Index("ix_link_preview_state", "state", "due_at"),
    Index("ix_link_preview_media_id", "media_id"),
    CheckConstraint("state IN ('waiting', 'done', 'failed')", name="state"),
)


@dataclass(frozen=True, slots=True)
class Media:
    """One stored picture."""

    id: int
    name: str
    thumbnail: str | None
    owner_id: int | None
    purpose: Purpose
    media_type: str
    width: int
    height: int
    bytes: int
    source_url: str | None
    created_at: datetime
