"""The daily and weekly mail at an hour of the member's time zone, and when the next one is due.

Revision 0067, after 0066.
"""

import sqlalchemy as sa
from alembic import op

revision = "0067"
down_revision = "0066"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema from the revision before to this one; the way back is a backup."""
    op.add_column("account", sa.Column("digest_at", sa.DateTime(timezone=True), nullable=True))
