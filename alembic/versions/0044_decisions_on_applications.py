"""Decisions on applications stay, with the reason of a denial.

Revision 0044, after 0043.
"""

import sqlalchemy as sa
from alembic import op

from fedcom.db import BigId, UtcDateTime

revision = "0044"
down_revision = "0043"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema from the revision before to this one; the way back is a backup."""
    op.create_table(
        "application_decision",
        sa.Column("account_id", BigId, nullable=False),
        sa.Column("admin_id", BigId, nullable=True),
        sa.Column("approved", sa.Boolean, nullable=False),
        sa.Column("deny_reason", sa.Text, nullable=False, server_default=sa.text("''")),
        sa.Column("decided_at", UtcDateTime, nullable=False),
        sa.PrimaryKeyConstraint("account_id", name="pk_application_decision"),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.actor_id"], name="fk_application_decision_account_id_account"
        ),
        sa.ForeignKeyConstraint(
            ["admin_id"], ["actor.id"], name="fk_application_decision_admin_id_actor"
        ),
    )
    for column in ("admin_id", "decided_at"):
        op.create_index(f"ix_application_decision_{column}", "application_decision", [column])
