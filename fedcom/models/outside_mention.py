"""Public remote posts that mention members and are in no community known here."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Column, ForeignKey, Index, Table, Text

from fedcom.db import BigId, UtcDateTime
from fedcom.models.base import metadata

outside_mention = Table(
    "outside_mention",
    metadata,
    Column("id", BigId, primary_key=True),
    Column("iri", Text, nullable=False, unique=True),
    Column("author_id", BigId, ForeignKey("actor.id"), nullable=False),
    # Its page; null if that is its id.
    Column("url", Text, nullable=True),
    # Plain text: the only part of it that is kept.
    Column("excerpt", Text, nullable=False),
    Column("updated_at", UtcDateTime, nullable=True),
    Index("ix_outside_mention_author_id", "author_id"),
    sqlite_autoincrement=True,
)


@dataclass(frozen=True, slots=True)
class OutsideMention:
    """The beginning of such a post; members are notified and can read it on its own server."""

    id: int
    iri: str
    author_id: int
    url: str | None
    excerpt: str
    updated_at: datetime | None
