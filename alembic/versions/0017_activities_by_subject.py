"""An index for our own activities about a subject, so that an Undo can name them.

Revision 0017, after 0016.
"""

from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema from the revision before to this one; the way back is a backup."""
    with op.batch_alter_table("outbox_activity", schema=None) as batch_op:
        batch_op.create_index("ix_outbox_activity_subject", ["subject"], unique=False)
