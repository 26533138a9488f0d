"""Indexes of reports about one message, and about one account.

Revision 0033, after 0032.
"""

from alembic import op
from sqlalchemy import text

revision = "0033"
down_revision = "0032"
branch_labels = None
depends_on = None

OF_ACCOUNT = "post_id IS NULL AND comment_id IS NULL AND message_id IS NULL"


def upgrade() -> None:
    """Bring the schema from the revision before to this one; the way back is a backup."""
    op.create_index("ix_report_message_id", "report", ["message_id"])
    op.create_index(
        "ix_report_account",
        "report",
        ["reported_text"],
        sqlite_where=text(OF_ACCOUNT),
        postgresql_where=text(OF_ACCOUNT),
    )
