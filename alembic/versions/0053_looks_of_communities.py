"""The accent of a community and its larger pictures; the post in which newcomers say hello.

Revision 0053, after 0052.
"""

import sqlalchemy as sa
from alembic import op

revision = "0053"
down_revision = "0052"
branch_labels = None
depends_on = None

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Bring the schema from the revision before to this one; the way back is a backup."""
    op.add_column("community", sa.Column("hue", sa.Integer(), nullable=True))
    op.add_column(
        "community",
        sa.Column("large_pictures", sa.Boolean(), server_default=sa.false(), nullable=False),
    )
    op.add_column("site", sa.Column("introductions_id", NUMBER, nullable=True))
