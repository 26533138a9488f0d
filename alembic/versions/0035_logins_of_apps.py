"""Sessions of apps, and the secret that signs their tokens.

Revision 0035, after 0033.
"""

import sqlalchemy as sa
from alembic import op

revision = "0035"
down_revision = "0033"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema from the revision before to this one; the way back is a backup."""
    op.add_column(
        "session", sa.Column("is_app", sa.Boolean(), server_default=sa.false(), nullable=False)
    )
    op.add_column("site", sa.Column("token_secret", sa.Text(), nullable=True))
