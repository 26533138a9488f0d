"""Distinguished comments, posts pinned on the whole site, and hidden communities.

Revision 0037, after 0036.
"""

from alembic import op
from sqlalchemy import Boolean, Column, false, text

from fedcom.db import UtcDateTime

revision = "0037"
down_revision = "0036"
branch_labels = None
depends_on = None

IS_PINNED = "site_featured_at IS NOT NULL"


def upgrade() -> None:
    """Bring the schema from the revision before to this one; the way back is a backup."""
    op.add_column(
        "comment", Column("distinguished", Boolean, nullable=False, server_default=false())
    )
    op.add_column("post", Column("site_featured_at", UtcDateTime, nullable=True))
    op.create_index(
        "ix_post_site_featured",
        "post",
        ["site_featured_at"],
        sqlite_where=text(IS_PINNED),
        postgresql_where=text(IS_PINNED),
    )
    op.add_column("community", Column("hidden_at", UtcDateTime, nullable=True))
