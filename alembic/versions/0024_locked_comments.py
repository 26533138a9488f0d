"""Comments that moderators have locked.

Revision 0024, after 0023.
"""

from alembic import op
from sqlalchemy import Column

from fedcom.db import UtcDateTime

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema from the revision before to this one; the way back is a backup."""
    op.add_column("comment", Column("locked_at", UtcDateTime, nullable=True))
