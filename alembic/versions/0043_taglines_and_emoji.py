"""Taglines, and custom emoji.

Revision 0043, after 0042.
"""

import sqlalchemy as sa
from alembic import op

from fedcom.db import BigId, UtcDateTime

revision = "0043"
down_revision = "0042"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema from the revision before to this one; the way back is a backup."""
    op.create_table(
        "tagline",
        sa.Column("id", BigId, nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("html", sa.Text(), nullable=False),
        sa.Column("created_at", UtcDateTime, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_tagline"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "custom_emoji",
        sa.Column("id", BigId, nullable=False),
        sa.Column("shortcode", sa.Text(), nullable=False),
        sa.Column("image_url", sa.Text(), nullable=False),
        sa.Column("alt", sa.Text(), nullable=False),
        sa.Column("category", sa.Text(), nullable=False),
        sa.Column("keywords", sa.Text(), nullable=False),
        sa.Column("created_at", UtcDateTime, nullable=False),
        sa.Column("updated_at", UtcDateTime, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_custom_emoji"),
        sa.UniqueConstraint("shortcode", name="uq_custom_emoji_shortcode"),
        sqlite_autoincrement=True,
    )
