"""The time zones of members; what search engines and AI companies may read.

Revision 0063, after 0062.
"""

import sqlalchemy as sa
from alembic import op

revision = "0063"
down_revision = "0062"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema from the revision before to this one; the way back is a backup."""
    op.add_column(
        "account", sa.Column("time_zone", sa.Text(), server_default=sa.text("''"), nullable=False)
    )
    for table, name in (
        ("actor", "indexable"),
        ("site", "search_engines"),
        ("site", "ai_crawlers"),
    ):
        op.add_column(
            table, sa.Column(name, sa.Boolean(), server_default=sa.true(), nullable=False)
        )
