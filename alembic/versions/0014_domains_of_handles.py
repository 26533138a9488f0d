"""Actors whose handle has another domain than their host.

Revision 0014, after 0013.
"""

from alembic import op
from sqlalchemy import Column, Text

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema from the revision before to this one; the way back is a backup."""
    op.add_column("actor", Column("domain", Text(), nullable=True))
