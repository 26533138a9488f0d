"""What is asked of those who sign up: a confirmed e-mail address.

Revision 0036, after 0035.
"""

import sqlalchemy as sa
from alembic import op

revision = "0036"
down_revision = "0035"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema from the revision before to this one; the way back is a backup."""
    op.add_column(
        "site",
        sa.Column(
            "requires_confirmed_email", sa.Boolean(), server_default=sa.false(), nullable=False
        ),
    )
