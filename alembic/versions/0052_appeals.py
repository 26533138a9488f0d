"""Appeals against removals and bans.

Revision 0052, after 0051.
"""

import sqlalchemy as sa
from alembic import op

from fedcom.db import BigId, UtcDateTime

revision = "0052"
down_revision = "0051"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema from the revision before to this one; the way back is a backup."""
    op.create_table(
        "appeal",
        sa.Column("id", BigId, nullable=False),
        sa.Column("decision_id", BigId, nullable=False),
        sa.Column("person_id", BigId, nullable=False),
        sa.Column("created_at", UtcDateTime, nullable=False),
        sa.Column("resolved_at", UtcDateTime, nullable=True),
        sa.Column("resolver_id", BigId, nullable=True),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.CheckConstraint("outcome IN ('upheld', 'undone')", name="ck_appeal_outcome"),
        sa.ForeignKeyConstraint(
            ["decision_id"],
            ["modlog.id"],
            name="fk_appeal_decision_id_modlog",
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["person_id"], ["actor.id"], name="fk_appeal_person_id_actor"),
        sa.ForeignKeyConstraint(["resolver_id"], ["actor.id"], name="fk_appeal_resolver_id_actor"),
        sa.PrimaryKeyConstraint("id", name="pk_appeal"),
        sa.UniqueConstraint("decision_id", name="uq_appeal_decision_id"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_appeal_person_id", "appeal", ["person_id"])
    for name, column, condition in (
        ("ix_appeal_open", "id", "resolved_at IS NULL"),
        ("ix_appeal_resolver_id", "resolver_id", "resolver_id IS NOT NULL"),
    ):
        op.create_index(
            name,
            "appeal",
            [column],
            sqlite_where=sa.text(condition),
            postgresql_where=sa.text(condition),
        )
    op.create_table(
        "appeal_message",
        sa.Column("id", BigId, nullable=False),
        sa.Column("appeal_id", BigId, nullable=False),
        sa.Column("author_id", BigId, nullable=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("created_at", UtcDateTime, nullable=False),
        sa.CheckConstraint("kind IN ('words', 'upheld', 'undone')", name="ck_appeal_message_kind"),
        sa.ForeignKeyConstraint(
            ["appeal_id"],
            ["appeal.id"],
            name="fk_appeal_message_appeal_id_appeal",
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["author_id"], ["actor.id"], name="fk_appeal_message_author_id_actor"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_appeal_message"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_appeal_message_appeal_id", "appeal_message", ["appeal_id", "id"])
    op.create_index("ix_appeal_message_author_id", "appeal_message", ["author_id"])
