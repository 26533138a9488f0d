"""Indexes of what members saved and hid by time, in the order of their lists.

Revision 0028, after 0027.
"""

from alembic import op

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema from the revision before to this one; the way back is a backup."""
    op.create_index("ix_saved_post_saved_at", "saved_post", ["person_id", "saved_at", "post_id"])
    op.create_index(
        "ix_saved_comment_saved_at", "saved_comment", ["person_id", "saved_at", "comment_id"]
    )
    op.create_index(
        "ix_hidden_post_hidden_at", "hidden_post", ["person_id", "hidden_at", "post_id"]
    )
