"""Content that a backfill left out, and why.

Revision 0016, after 0015.
"""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema from the revision before to this one; the way back is a backup."""
    op.create_table(
        "omission",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "community_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            nullable=False,
        ),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("item", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["community_id"], ["actor.id"], name=op.f("fk_omission_community_id_actor")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_omission")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("omission", schema=None) as batch_op:
        batch_op.create_index("ix_omission_community_id", ["community_id"], unique=False)
        batch_op.create_index("ix_omission_created_at", ["created_at"], unique=False)
        batch_op.create_index("ix_omission_source", ["source"], unique=False)
