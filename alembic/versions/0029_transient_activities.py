"""Sent activities that are kept for a shorter time: a column, and its index.

Revision 0029, after 0028.
"""

import sqlalchemy as sa
from alembic import op

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema from the revision before to this one; the way back is a backup."""
    # With a constant default, neither database rewrites the table.
    transient = sa.Column("transient", sa.Boolean(), server_default=sa.false(), nullable=False)
    op.add_column("outbox_activity", transient)
    op.create_index(
        "ix_outbox_activity_transient",
        "outbox_activity",
        ["created_at"],
        sqlite_where=sa.text("transient = 1"),
        postgresql_where=sa.text("transient"),
    )
