"""The follower counts that remote communities report.

Revision 0023, after 0022.
"""

from alembic import op
from sqlalchemy import BigInteger, Column, Integer

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema from the revision before to this one; the way back is a backup."""
    claimed = BigInteger().with_variant(Integer(), "sqlite")
    op.add_column("community", Column("claimed_followers", claimed, nullable=True))
