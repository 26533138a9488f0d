"""The instance actor gets the name of the site instead of its host.

At most 20 characters, which is Lemmy 0.19's limit.

Revision 0013, after 0012.
"""

from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema from the revision before to this one; the way back is a backup."""
    op.execute(
        """
        UPDATE actor SET title = (
            SELECT CASE WHEN length(name) > 20 THEN substr(name, 1, 19) || '…' ELSE name END
            FROM site
        )
        WHERE id IN (SELECT actor_id FROM site)
        """
    )
