"""Follows: members follow communities, and remote actors follow ours and the instance."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sqlalchemy import (
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Table,
    Text,
    UniqueConstraint,
)

from database.partial_indexes import partial_index
from fedcom.db import BigId, UtcDateTime
from fedcom.models.base import metadata

follow = Table(
    "follow",
    metadata,
    Column("id", BigId, primary_key=True),
    Column("follower_id", BigId, ForeignKey("actor.id"), nullable=False),
    Column("target_id", BigId, ForeignKey("actor.id"), nullable=False),
    # The id of the Follow activity: Accept, Reject and Undo name it.
    Column("iri", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    # When the member last saw the list of the community here; null: not since they follow it.
    Column("visited_at", UtcDateTime, nullable=True),
    # Since when the member is notified of each new post in the community; null: they are not.
    Column("watched_since", UtcDateTime, nullable=True),
    UniqueConstraint("follower_id", "target_id"),
    Index("ix_follow_target_id_state", "target_id", "state"),
    Index("ix_follow_iri", "iri"),
    # Those without a response, for admins.
    partial_index("ix_follow_pending", "created_at", where="state = 'pending'"),
    partial_index("ix_follow_watched", "target_id", where="watched_since IS NOT NULL"),
    CheckConstraint("state IN ('pending', 'accepted')", name="state"),
    sqlite_autoincrement=True,
)


@dataclass(frozen=True, slots=True)
class FollowRow:
    """One follow, pending until the target's server has accepted it."""

    id: int
    follower_id: int
    target_id: int
    iri: str
    state: Literal["pending", "accepted"]
    created_at: datetime
