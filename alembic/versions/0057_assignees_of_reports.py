"""To whom a report was given.

Revision 0057, after 0056.
"""

import sqlalchemy as sa
from alembic import op

from fedcom.db import BigId

revision = "0057"
down_revision = "0056"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema from the revision before to this one; the way back is a backup."""
    with op.batch_alter_table("report") as batch:
        batch.add_column(sa.Column("assignee_id", BigId, nullable=True))
        batch.add_column(
            sa.Column("for_admins", sa.Boolean(), server_default=sa.false(), nullable=False)
        )
        batch.create_foreign_key("fk_report_assignee_id_actor", "actor", ["assignee_id"], ["id"])
    op.create_index(
        "ix_report_assignee_id",
        "report",
        ["assignee_id"],
        sqlite_where=sa.text("assignee_id IS NOT NULL"),
        postgresql_where=sa.text("assignee_id IS NOT NULL"),
    )
