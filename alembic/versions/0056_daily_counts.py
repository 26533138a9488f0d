"""What happened on each day, for the plots of the admins.

Revision 0056, after 0055.
"""

import sqlalchemy as sa
from alembic import op

revision = "0056"
down_revision = "0055"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema from the revision before to this one; the way back is a backup."""
    op.create_table(
        "daily_count",
        sa.Column("day", sa.Text(), nullable=False),
        *(
            sa.Column(name, sa.Integer(), nullable=False)
            for name in ("members", "active", "posts", "comments", "votes")
        ),
        sa.Column("failing", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("day", name="pk_daily_count"),
    )
