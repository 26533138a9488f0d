"""Notifications by kind and community, of new posts, and by mail with the words in it.

Revision 0061, after 0060.
"""

import sqlalchemy as sa
from alembic import op

from fedcom.db import BigId

revision = "0061"
down_revision = "0060"
branch_labels = None
depends_on = None

KINDS = (
    *("reply", "mention", "thread", "post", "message", "moderation", "report"),
    "application",
)


def upgrade() -> None:
    """Bring the schema from the revision before to this one; the way back is a backup."""
    op.create_table(
        "notification_choice",
        sa.Column("person_id", BigId, autoincrement=False, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("on_site", sa.Boolean(), nullable=False),
        sa.Column("by_mail", sa.Boolean(), nullable=False),
        sa.Column("by_push", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id"], ["actor.id"], name="fk_notification_choice_person_id_actor"
        ),
        sa.PrimaryKeyConstraint("person_id", "kind", name="pk_notification_choice"),
    )
    op.create_table(
        "muted_community",
        sa.Column("person_id", BigId, autoincrement=False, nullable=False),
        sa.Column("community_id", BigId, autoincrement=False, nullable=False),
        sa.Column("muted_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id"], ["actor.id"], name="fk_muted_community_person_id_actor"
        ),
        sa.ForeignKeyConstraint(
            ["community_id"], ["actor.id"], name="fk_muted_community_community_id_actor"
        ),
        sa.PrimaryKeyConstraint("person_id", "community_id", name="pk_muted_community"),
    )
    op.create_index("ix_muted_community_community_id", "muted_community", ["community_id"])
    _notifications()
    op.add_column("follow", sa.Column("watched_since", sa.DateTime(timezone=True), nullable=True))
    op.create_index(
        "ix_follow_watched",
        "follow",
        ["target_id"],
        sqlite_where=sa.text("watched_since IS NOT NULL"),
        postgresql_where=sa.text("watched_since IS NOT NULL"),
    )
    with op.batch_alter_table("account") as batch_op:
        batch_op.add_column(
            sa.Column("mail_pace", sa.Text(), server_default="soon", nullable=False)
        )
        batch_op.add_column(
            sa.Column("mail_hour", sa.Integer(), server_default=sa.text("8"), nullable=False)
        )
        batch_op.add_column(
            sa.Column("quotes_messages", sa.Boolean(), server_default=sa.false(), nullable=False)
        )
        batch_op.create_check_constraint(
            op.f("ck_account_mail_pace"), "mail_pace IN ('soon', 'daily', 'weekly')"
        )
    for name in ("html", "unsubscribe_url"):
        op.add_column(
            "mail", sa.Column(name, sa.Text(), server_default=sa.text("''"), nullable=False)
        )


def _notifications() -> None:
    with op.batch_alter_table(
        "notification", table_kwargs={"sqlite_autoincrement": True}
    ) as batch_op:
        batch_op.add_column(
            sa.Column("is_listed", sa.Boolean(), server_default=sa.true(), nullable=False)
        )
        batch_op.add_column(
            sa.Column("awaits_mail", sa.Boolean(), server_default=sa.false(), nullable=False)
        )
        batch_op.drop_constraint(op.f("ck_notification_kind"), type_="check")
        batch_op.create_check_constraint(
            op.f("ck_notification_kind"), f"kind IN ({', '.join(repr(kind) for kind in KINDS)})"
        )
    op.create_index(
        "ix_notification_awaits_mail",
        "notification",
        ["recipient_id"],
        sqlite_where=sa.text("awaits_mail"),
        postgresql_where=sa.text("awaits_mail"),
    )
