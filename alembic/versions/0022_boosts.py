"""Boosts of local content.

Revision 0022, after 0021.
"""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema from the revision before to this one; the way back is a backup."""
    op.create_table(
        "boost",
        sa.Column("actor_iri", sa.Text(), nullable=False),
        sa.Column("subject_iri", sa.Text(), nullable=False),
        sa.Column("iri", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("subject_iri", "actor_iri", name=op.f("pk_boost")),
    )
    with op.batch_alter_table("boost", schema=None) as batch_op:
        batch_op.create_index("ix_boost_actor_iri", ["actor_iri"], unique=False)
