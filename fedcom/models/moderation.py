"""Who moderates, what moderators did, and what must not come back."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import CheckConstraint, Column, ForeignKey, Index, Table, Text

from fedcom.db import BigId, UtcDateTime
from fedcom.models.base import metadata

moderator = Table(
    "moderator",
    metadata,
    Column("community_id", BigId, ForeignKey("actor.id"), primary_key=True, autoincrement=False),
    Column("person_id", BigId, ForeignKey("actor.id"), primary_key=True, autoincrement=False),
    Column("appointed_at", UtcDateTime, nullable=False),
    Index("ix_moderator_person_id", "person_id"),
)

modlog = Table(
    "modlog",
    metadata,
    Column("id", BigId, primary_key=True),
    # Null for what concerns the whole instance.
    Column("community_id", BigId, ForeignKey("actor.id"), nullable=True),
    Column("moderator_id", BigId, ForeignKey("actor.id"), nullable=True),
    Column("kind", Text, nullable=False),
    Column("target_iri", Text, nullable=False),
    Column("reason", Text, nullable=False, default=""),
    Column("created_at", UtcDateTime, nullable=False),
    Index("ix_modlog_community_id", "community_id", "id"),
    sqlite_autoincrement=True,
)

# A Delete or an Undo may arrive before what it takes back; the marker waits for it.
marker = Table(
    "marker",
    metadata,
    Column("iri", Text, primary_key=True),
    Column("kind", Text, primary_key=True),
    # Who may have set it: it counts only against an object of this owner, or of this host.
    Column("actor_iri", Text, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    CheckConstraint("kind IN ('deleted', 'undone')", name="kind"),
)


@dataclass(frozen=True, slots=True)
class ModlogEntry:
    """One thing a moderator did."""

    id: int
    community_id: int | None
    moderator_id: int | None
    kind: str
    target_iri: str
    reason: str
    created_at: datetime
