"""The index of received bodies by their time of arrival, so that SQLite uses it to prune them.

Revision 0027, after 0026.
"""

from alembic import op
from sqlalchemy import text

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema from the revision before to this one; the way back is a backup."""
    closed_with_body = text("closed_at IS NOT NULL AND body IS NOT NULL")
    op.drop_index("ix_inbox_journal_bodies", "inbox_journal")
    op.create_index(
        "ix_inbox_journal_bodies",
        "inbox_journal",
        ["received_at"],
        sqlite_where=closed_with_body,
        postgresql_where=closed_with_body,
    )
