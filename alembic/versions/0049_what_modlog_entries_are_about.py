"""What each entry of the modlog is about, and an index for lists of one kind about one.

Revision 0049, after 0048.
"""

from alembic import op
from sqlalchemy import Column, Text

revision = "0049"
down_revision = "0048"
branch_labels = None
depends_on = None

# An entry about a purged comment names the post that it was on.
_FILL = """
    UPDATE modlog SET about = CASE
      WHEN EXISTS (SELECT 1 FROM post WHERE post.iri = modlog.target_iri) THEN 'post'
      WHEN EXISTS (SELECT 1 FROM comment WHERE comment.iri = modlog.target_iri) THEN 'comment'
      WHEN community_id IS NOT NULL THEN 'community'
      ELSE 'instance' END
"""


def upgrade() -> None:
    """Bring the schema from the revision before to this one; the way back is a backup."""
    op.add_column("modlog", Column("about", Text, nullable=False, server_default="instance"))
    op.execute(_FILL)
    op.create_index("ix_modlog_kind_about", "modlog", ["kind", "about", "id"])
