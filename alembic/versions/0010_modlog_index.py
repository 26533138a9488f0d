"""An index for the reasons of removals.

Revision 0010, after 0009.
"""

from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema from the revision before to this one; the way back is a backup."""
    with op.batch_alter_table("modlog", schema=None) as batch_op:
        batch_op.create_index("ix_modlog_target_iri", ["target_iri"], unique=False)
