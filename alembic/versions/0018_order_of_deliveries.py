"""Activities about one subject arrive at a host in order, not only at an inbox.

Revision 0018, after 0017.
"""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema from the revision before to this one; the way back is a backup."""
    op.drop_index("ix_outbox_delivery_order", table_name="outbox_delivery")
    op.create_index(
        "ix_outbox_delivery_order",
        "outbox_delivery",
        ["host", "subject", "activity"],
        unique=False,
        sqlite_where=sa.text("closed_at IS NULL"),
        postgresql_where=sa.text("closed_at IS NULL"),
    )
