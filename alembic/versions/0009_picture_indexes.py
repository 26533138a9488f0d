"""Indexes for the clean-up of unused pictures.

Revision 0009, after 0008.
"""

from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema from the revision before to this one; the way back is a backup."""
    with op.batch_alter_table("link_preview", schema=None) as batch_op:
        batch_op.create_index("ix_link_preview_media_id", ["media_id"], unique=False)
    with op.batch_alter_table("media", schema=None) as batch_op:
        batch_op.create_index("ix_media_thumbnail", ["thumbnail"], unique=False)
