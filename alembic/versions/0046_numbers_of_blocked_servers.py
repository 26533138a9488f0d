"""A number for servers that were blocked before servers had numbers.

Revision 0046, after 0045.
"""

from alembic import op

revision = "0046"
down_revision = "0045"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema from the revision before to this one; the way back is a backup."""
    op.execute(
        "INSERT INTO instance (host, first_seen_at) SELECT host, created_at FROM instance_block"
        " WHERE host NOT IN (SELECT host FROM instance) ORDER BY created_at, host"
    )
