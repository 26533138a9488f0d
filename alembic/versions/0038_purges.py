"""The queue of purges, the ids that must not return, and indexes to erase actors and messages by.

Revision 0038, after 0037.
"""

from alembic import op
from sqlalchemy import CheckConstraint, Column, Text, text

from fedcom.db import BigId, UtcDateTime

revision = "0038"
down_revision = "0037"
branch_labels = None
depends_on = None

# Each deleted row is searched for in the columns that refer to it.
REFERRING = (
    ("notification", "actor_id"),
    ("notification", "community_id"),
    ("notification", "message_id"),
    ("report", "reporter_id"),
    ("report", "resolver_id"),
)


def upgrade() -> None:
    """Bring the schema from the revision before to this one; the way back is a backup."""
    op.create_table(
        "purge",
        Column("id", BigId, primary_key=True),
        Column("kind", Text, nullable=False),
        Column("target_id", BigId, nullable=False),
        Column("url", Text, nullable=False, server_default=text("''")),
        Column("created_at", UtcDateTime, nullable=False),
        Column("due_at", UtcDateTime, nullable=False),
        CheckConstraint(
            "kind IN ('person', 'community', 'post', 'comment', 'picture', 'copy')",
            name=op.f("ck_purge_kind"),
        ),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_purge_due_at", "purge", ["due_at"])
    op.create_table("purged", Column("digest", Text, primary_key=True))
    for table, column in REFERRING:
        given = text(f"{column} IS NOT NULL")
        op.create_index(
            f"ix_{table}_{column}",
            table,
            [column],
            sqlite_where=given,
            postgresql_where=given,
        )
