"""Indexes of the journal by host, so that one host's backlog is not read to find the others' rows.

Revision 0031, after 0030.
"""

from alembic import op
from sqlalchemy import text

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None

OLD = ("ix_inbox_journal_subject", "ix_inbox_journal_host", "ix_inbox_journal_claimed")
NEW = {
    "ix_inbox_journal_host_subject": ("closed_at IS NULL", ["host", "subject", "id"]),
    "ix_inbox_journal_host_due": ("closed_at IS NULL", ["host", "due_at", "id"]),
    "ix_inbox_journal_claimed": ("claimed_by IS NOT NULL", ["host", "subject"]),
}


def upgrade() -> None:
    """Bring the schema from the revision before to this one; the way back is a backup."""
    for name in OLD:
        op.drop_index(name, "inbox_journal")
    for name, (condition, columns) in NEW.items():
        op.create_index(
            name,
            "inbox_journal",
            columns,
            sqlite_where=text(condition),
            postgresql_where=text(condition),
        )
