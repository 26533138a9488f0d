"""Store the collections of remote threads, and when a community's old posts were fetched.

Revision 0002, after 0001.
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema from the revision before to this one; the way back is a backup."""
    with op.batch_alter_table("community", schema=None) as batch_op:
        batch_op.add_column(sa.Column("backfilled_at", sa.DateTime(timezone=True), nullable=True))

    with op.batch_alter_table("post", schema=None) as batch_op:
        batch_op.add_column(sa.Column("context_iri", sa.Text(), nullable=True))
