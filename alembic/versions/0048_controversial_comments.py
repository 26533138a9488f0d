"""An index of the comments of each community by controversy.

Revision 0048, after 0047.
"""

from alembic import op

revision = "0048"
down_revision = "0047"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema from the revision before to this one; the way back is a backup."""
    op.create_index(
        "ix_comment_rank_community_id_controversy",
        "comment_rank",
        ["community_id", "controversy", "comment_id"],
    )
