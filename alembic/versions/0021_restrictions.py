"""Actions that remote authors forbid on their posts and comments.

Revision 0021, after 0020.
"""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema from the revision before to this one; the way back is a backup."""
    op.create_table(
        "restriction",
        sa.Column("iri", sa.Text(), nullable=False),
        sa.Column("no_replies", sa.Boolean(), nullable=False),
        sa.Column("no_boosts", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("iri", name=op.f("pk_restriction")),
    )
