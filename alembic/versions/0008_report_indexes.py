"""Indexes for the reports of the last hour and for open ones.

Revision 0008, after 0007.
"""

from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema from the revision before to this one; the way back is a backup."""
    with op.batch_alter_table("report", schema=None) as batch_op:
        batch_op.create_index("ix_report_created_at", ["created_at"], unique=False)
        batch_op.create_index("ix_report_resolved_at", ["resolved_at"], unique=False)
