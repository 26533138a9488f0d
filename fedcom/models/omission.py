"""Content that a backfill left out, and why: for admins, replaced by the next visit to the same
source.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Column, ForeignKey, Index, Table, Text

from fedcom.db import BigId, UtcDateTime
from fedcom.models.base import metadata

omission = Table(
    "omission",
    metadata,
    Column("id", BigId, primary_key=True),
    Column("community_id", BigId, ForeignKey("actor.id"), nullable=False),
    # The community or the post whose old posts or comments were fetched.
    Column("source", Text, nullable=False),
    # The id of the omitted collection, post or comment; "" if it has none.
    Column("item", Text, nullable=False),
    Column("code", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Index("ix_omission_source", "source"),
    Index("ix_omission_created_at", "created_at"),
    Index("ix_omission_community_id", "community_id"),
    sqlite_autoincrement=True,
)


@dataclass(frozen=True, slots=True)
class Omission:
    """One omission, with the host of the community that it belongs to."""

    host: str
    source: str
    item: str
    code: str
    reason: str
    created_at: datetime
