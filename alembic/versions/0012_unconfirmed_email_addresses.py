"""Unconfirmed e-mail addresses, beside the confirmed ones.

Each existing address was accepted for one account only and counts as confirmed.

Revision 0012, after 0011.
"""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema from the revision before to this one; the way back is a backup."""
    with op.batch_alter_table("account", schema=None) as batch_op:
        batch_op.add_column(sa.Column("unconfirmed_email", sa.Text(), nullable=True))
