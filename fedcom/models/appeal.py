"""Appeals: conversations between a member and those who can undo a decision about them."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sqlalchemy import CheckConstraint, Column, ForeignKey, Index, Table, Text

from database.partial_indexes import partial_index
from fedcom.db import BigId, UtcDateTime
from fedcom.models.base import metadata

Outcome = Literal["upheld", "undone"]
MessageKind = Literal["words", "upheld", "undone"]

appeal = Table(
    "appeal",
    metadata,
    Column("id", BigId, primary_key=True),
    # The removal or ban; a purge that erases it from the log erases the appeal with it.
    Column(
        "decision_id",
        BigId,
        ForeignKey("modlog.id", ondelete="CASCADE"),
        nullable=False,
        unique=True,
    ),
    # The member, who is also the person of the decision.
    Column("person_id", BigId, ForeignKey("actor.id"), nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("resolved_at", UtcDateTime, nullable=True),
    Column("resolver_id", BigId, ForeignKey("actor.id"), nullable=True),
    # Null while it is open.
    Column("outcome", Text, nullable=True),
    Index("ix_appeal_person_id", "person_id"),
    # Every page shows moderators the number of open ones.
    partial_index("ix_appeal_open", "id", where="resolved_at IS NULL"),
    partial_index("ix_appeal_resolver_id", "resolver_id", where="resolver_id IS NOT NULL"),
    CheckConstraint("outcome IN ('upheld', 'undone')", name="outcome"),
    sqlite_autoincrement=True,
)

appeal_message = Table(
    "appeal_message",
    metadata,
    Column("id", BigId, primary_key=True),
    Column("appeal_id", BigId, ForeignKey("appeal.id", ondelete="CASCADE"), nullable=False),
    # Null for a moderator who was purged.
    Column("author_id", BigId, ForeignKey("actor.id"), nullable=True),
    # "words", or the outcome, which ends the conversation.
    Column("kind", Text, nullable=False),
    # Plain text; may be empty beside an outcome.
    Column("text", Text, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Index("ix_appeal_message_appeal_id", "appeal_id", "id"),
    Index("ix_appeal_message_author_id", "author_id"),
    CheckConstraint("kind IN ('words', 'upheld', 'undone')", name="kind"),
    sqlite_autoincrement=True,
)


@dataclass(frozen=True, slots=True)
class Appeal:
    """A member's appeal against a decision."""

    id: int
    decision_id: int
    person_id: int
    created_at: datetime
    resolved_at: datetime | None
    resolver_id: int | None
    outcome: Outcome | None


@dataclass(frozen=True, slots=True)
class ModerationDecision:
    """An entry of the modlog that its person may appeal against."""

    id: int
    community_id: int | None
    moderator_id: int | None
    kind: Literal["remove", "ban"]
    target_iri: str
    person_id: int
