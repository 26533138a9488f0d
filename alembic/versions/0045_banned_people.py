"""An index of the people who are banned from the site.

Revision 0045, after 0044.
"""

import sqlalchemy as sa
from alembic import op

revision = "0045"
down_revision = "0044"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema from the revision before to this one; the way back is a backup."""
    is_banned = sa.text("banned_at IS NOT NULL")
    op.create_index(
        "ix_actor_banned_at",
        "actor",
        ["banned_at"],
        sqlite_where=is_banned,
        postgresql_where=is_banned,
    )
