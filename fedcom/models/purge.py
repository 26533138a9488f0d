"""What admins have purged: what is still to be erased, and ids that must not return."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sqlalchemy import CheckConstraint, Column, Index, Table, Text

from fedcom.db import BigId, UtcDateTime
from fedcom.models.base import EMPTY, metadata

PurgeKind = Literal["person", "community", "post", "comment", "picture", "copy"]

# Erased in the background, in short transactions. A row is deleted when all of it is gone, so that
# the work goes on after a restart.
purge = Table(
    "purge",
    metadata,
    Column("id", BigId, primary_key=True),
    # `picture` is one of our own, `copy` our copy of another server's.
    Column("kind", Text, nullable=False),
    # The row id of the actor, post, comment or picture; 0 for a copy.
    Column("target_id", BigId, nullable=False),
    # The address of a copied picture.
    Column("url", Text, nullable=False, server_default=EMPTY),
    Column("created_at", UtcDateTime, nullable=False),
    # A local actor is needed until other servers have been told.
    Column("due_at", UtcDateTime, nullable=False),
    Index("ix_purge_due_at", "due_at"),
    CheckConstraint(
        "kind IN ('person', 'community', 'post', 'comment', 'picture', 'copy')", name="kind"
    ),
    sqlite_autoincrement=True,
)

# Ids of other servers, as digests, because a purge leaves no trace of what it erased.
purged = Table("purged", metadata, Column("digest", Text, primary_key=True))


@dataclass(frozen=True, slots=True)
class Purge:
    """Something that is to be erased."""

    id: int
    kind: PurgeKind
    target_id: int
    url: str
    created_at: datetime
