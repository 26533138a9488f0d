"""Rules of the site and of communities, as lists.

Revision 0051, after 0050.
"""

import sqlalchemy as sa
from alembic import op

from fedcom.db import BigId

revision = "0051"
down_revision = "0050"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema from the revision before to this one; the way back is a backup."""
    op.create_table(
        "rule",
        sa.Column("id", BigId, nullable=False),
        sa.Column("community_id", BigId, nullable=True),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("text_source", sa.Text(), nullable=False),
        sa.Column("text_html", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["community_id"], ["actor.id"], name="fk_rule_community_id_actor"),
        sa.PrimaryKeyConstraint("id", name="pk_rule"),
        sqlite_autoincrement=True,
    )
    for table in ("site", "community"):
        names = sa.Column("rule_names", sa.Text(), nullable=False, server_default=sa.text("''"))
        op.add_column(table, names)
    op.create_index("ix_rule_community_id", "rule", ["community_id", "position"])
