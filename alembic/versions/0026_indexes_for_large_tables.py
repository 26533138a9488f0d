"""Indexes for large tables: local communities, filters of the modlog, numbers in NodeInfo.

Revision 0026, after 0025.
"""

from alembic import op
from sqlalchemy import text

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema from the revision before to this one; the way back is a backup."""
    op.create_index("ix_modlog_kind", "modlog", ["kind", "id"])
    op.create_index("ix_modlog_moderator_id", "modlog", ["moderator_id", "id"])
    op.create_index(
        "ix_actor_local",
        "actor",
        ["kind"],
        postgresql_where=text("local"),
        sqlite_where=text("local = 1"),
    )
    shown = "deleted_at IS NULL AND removed_at IS NULL"
    for table in ("post", "comment"):
        op.create_index(
            f"ix_{table}_local",
            table,
            ["id"],
            postgresql_where=text(f"local AND {shown}"),
            sqlite_where=text(f"local = 1 AND {shown}"),
        )
