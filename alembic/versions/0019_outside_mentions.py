"""Mentions of members in posts outside of known communities.

Revision 0019, after 0018.
"""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema from the revision before to this one; the way back is a backup."""
    op.create_table(
        "outside_mention",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("iri", sa.Text(), nullable=False),
        sa.Column(
            "author_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("url", sa.Text(), nullable=True),
        sa.Column("excerpt", sa.Text(), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["author_id"], ["actor.id"], name=op.f("fk_outside_mention_author_id_actor")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outside_mention")),
        sa.UniqueConstraint("iri", name=op.f("uq_outside_mention_iri")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("outside_mention", schema=None) as batch_op:
        batch_op.create_index("ix_outside_mention_author_id", ["author_id"], unique=False)
    with op.batch_alter_table(
        "notification", schema=None, table_kwargs={"sqlite_autoincrement": True}
    ) as batch_op:
        batch_op.add_column(
            sa.Column(
                "outside_mention_id",
                sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
                nullable=True,
            )
        )
        batch_op.create_foreign_key(
            op.f("fk_notification_outside_mention_id_outside_mention"),
            "outside_mention",
            ["outside_mention_id"],
            ["id"],
        )
        batch_op.create_index(
            "ix_notification_outside_mention_id", ["outside_mention_id"], unique=False
        )
