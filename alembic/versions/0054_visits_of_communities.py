"""When a member last looked at a community that they follow.

Revision 0054, after 0053.
"""

import sqlalchemy as sa
from alembic import op

revision = "0054"
down_revision = "0053"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema from the revision before to this one; the way back is a backup."""
    op.add_column("follow", sa.Column("visited_at", sa.DateTime(timezone=True), nullable=True))
