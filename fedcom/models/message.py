"""Private messages between two people, local or remote. Only these two ever read one."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Boolean, Column, ForeignKey, Index, Table, Text

from fedcom.db import BigId, UtcDateTime
from fedcom.models.base import metadata

message = Table(
    "message",
    metadata,
    Column("id", BigId, primary_key=True),
    Column("iri", Text, nullable=False, unique=True),
    Column("local", Boolean, nullable=False),
    Column("author_id", BigId, ForeignKey("actor.id"), nullable=False),
    Column("recipient_id", BigId, ForeignKey("actor.id"), nullable=False),
    Column("body_source", Text, nullable=False),
    Column("body_html", Text, nullable=False),
    Column("published_at", UtcDateTime, nullable=False),
    Column("updated_at", UtcDateTime, nullable=True),
    Column("deleted_at", UtcDateTime, nullable=True),
    Index("ix_message_author_id", "author_id", "id"),
    Index("ix_message_recipient_id", "recipient_id", "id"),
    sqlite_autoincrement=True,
)


@dataclass(frozen=True, slots=True)
class Message:
    """A message from one person to another."""

    id: int
    iri: str
    local: bool
    author_id: int
    recipient_id: int
    body_source: str
    body_html: str
    published_at: datetime
    updated_at: datetime | None
    deleted_at: datetime | None

    @property
    def is_shown(self) -> bool:
        """Whether its author has not deleted it."""
        return self.deleted_at is None
