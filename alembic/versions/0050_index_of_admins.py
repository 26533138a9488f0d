"""An index of the accounts of admins: each list and thread asks which of its authors are admins.

Revision 0050, after 0049.
"""

from alembic import op
from sqlalchemy import text

revision = "0050"
down_revision = "0049"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema from the revision before to this one; the way back is a backup."""
    op.create_index(
        "ix_account_admin",
        "account",
        ["actor_id"],
        sqlite_where=text("role = 'admin'"),
        postgresql_where=text("role = 'admin'"),
    )
