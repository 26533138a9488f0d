"""Web Push: the browsers, what waits for them, and the key of this server.

Revision 0062, after 0061.
"""

import sqlalchemy as sa
from alembic import op

from fedcom.db import BigId

revision = "0062"
down_revision = "0061"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema from the revision before to this one; the way back is a backup."""
    op.create_table(
        "push_subscription",
        sa.Column("id", BigId, primary_key=True),
        sa.Column("account_id", BigId, nullable=False),
        sa.Column("session_id", BigId, nullable=False),
        sa.Column("endpoint", sa.Text(), nullable=False),
        sa.Column("p256dh", sa.Text(), nullable=False),
        sa.Column("auth", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.actor_id"], name="fk_push_subscription_account_id_account"
        ),
        sa.ForeignKeyConstraint(
            ["session_id"],
            ["session.id"],
            name="fk_push_subscription_session_id_session",
            ondelete="CASCADE",
        ),
        sa.UniqueConstraint("endpoint", name="uq_push_subscription_endpoint"),
        sqlite_autoincrement=True,
    )
    for name in ("account_id", "session_id"):
        op.create_index(f"ix_push_subscription_{name}", "push_subscription", [name])
    op.create_table(
        "push_delivery",
        sa.Column("id", BigId, primary_key=True),
        sa.Column("subscription_id", BigId, nullable=False),
        sa.Column("notification_id", BigId, nullable=False),
        sa.Column("tries", sa.Integer(), server_default="0", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["subscription_id"],
            ["push_subscription.id"],
            name="fk_push_delivery_subscription_id_push_subscription",
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["notification_id"],
            ["notification.id"],
            name="fk_push_delivery_notification_id_notification",
            ondelete="CASCADE",
        ),
        sqlite_autoincrement=True,
    )
    for name in ("due_at", "subscription_id", "notification_id"):
        op.create_index(f"ix_push_delivery_{name}", "push_delivery", [name])
    op.add_column(
        "notification",
        sa.Column("awaits_push", sa.Boolean(), server_default=sa.false(), nullable=False),
    )
    op.create_index(
        "ix_notification_awaits_push",
        "notification",
        ["id"],
        sqlite_where=sa.text("awaits_push"),
        postgresql_where=sa.text("awaits_push"),
    )
    op.add_column("site", sa.Column("vapid_key", sa.Text(), nullable=True))
