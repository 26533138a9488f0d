"""Lists of servers to block, and from which of them a block came.

Revision 0059, after 0058.
"""

import sqlalchemy as sa
from alembic import op

from fedcom.db import BigId

revision = "0059"
down_revision = "0058"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema from the revision before to this one; the way back is a backup."""
    op.create_table(
        "block_list",
        sa.Column("id", BigId, primary_key=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("url", sa.Text(), nullable=True),
        sa.Column("is_automatic", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("etag", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("skipped", sa.Text(), server_default="[]", nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("fetched_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("problem", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.UniqueConstraint("name", name="uq_block_list_name"),
        sa.UniqueConstraint("url", name="uq_block_list_url"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "block_list_entry",
        sa.Column("list_id", BigId, nullable=False),
        sa.Column("host", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("is_declined", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.ForeignKeyConstraint(
            ["list_id"], ["block_list.id"], name="fk_block_list_entry_list_id_block_list"
        ),
        sa.PrimaryKeyConstraint("list_id", "host", name="pk_block_list_entry"),
    )
    op.add_column(
        "instance_block",
        sa.Column("list_name", sa.Text(), server_default=sa.text("''"), nullable=False),
    )
