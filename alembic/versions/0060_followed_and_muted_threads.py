"""Threads that members follow or muted, notifications of them, and two preferences of reading.

Revision 0060, after 0059.
"""

import sqlalchemy as sa
from alembic import op

from fedcom.db import BigId

revision = "0060"
down_revision = "0059"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema from the revision before to this one; the way back is a backup."""
    for name in ("followed", "muted"):
        table, moment = f"{name}_post", f"{name}_at"
        op.create_table(
            table,
            sa.Column("person_id", BigId, autoincrement=False, nullable=False),
            sa.Column("post_id", BigId, autoincrement=False, nullable=False),
            sa.Column(moment, sa.DateTime(timezone=True), nullable=False),
            sa.ForeignKeyConstraint(
                ["person_id"], ["actor.id"], name=f"fk_{table}_person_id_actor"
            ),
            sa.ForeignKeyConstraint(["post_id"], ["post.id"], name=f"fk_{table}_post_id_post"),
            sa.PrimaryKeyConstraint("person_id", "post_id", name=f"pk_{table}"),
        )
        op.create_index(f"ix_{table}_post_id", table, ["post_id"])
        op.create_index(f"ix_{table}_{moment}", table, ["person_id", moment, "post_id"])
    with op.batch_alter_table("notification", table_kwargs={"sqlite_autoincrement": True}) as batch:
        batch.drop_constraint(op.f("ck_notification_kind"), type_="check")
        batch.create_check_constraint(
            op.f("ck_notification_kind"),
            "kind IN ('reply', 'mention', 'thread', 'message', 'moderation', 'report',"
            " 'application')",
        )
    for name, default in (("keyboard_shortcuts", sa.true()), ("flat_threads", sa.false())):
        op.add_column(
            "account", sa.Column(name, sa.Boolean(), server_default=default, nullable=False)
        )
