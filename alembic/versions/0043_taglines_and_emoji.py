"""Taglines and custom emoji; preferences of apps, languages of discussions, Matrix ids; imports.

Revision 0043, after 0042.
"""

import sqlalchemy as sa
from alembic import op

from fedcom.db import BigId, UtcDateTime

revision = "0043"
down_revision = "0042"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema from the revision before to this one; the way back is a backup."""
    for name in ("show_read_posts", "show_bot_accounts"):
        op.add_column(
            "account", sa.Column(name, sa.Boolean(), server_default=sa.true(), nullable=False)
        )
    op.add_column(
        "account",
        sa.Column("app_preferences", sa.Text(), server_default=sa.text("'{}'"), nullable=False),
    )
    for table in ("account", "community", "site"):
        op.add_column(
            table, sa.Column("languages", sa.Text(), server_default=sa.text("''"), nullable=False)
        )
    op.add_column("actor", sa.Column("matrix_user_id", sa.Text(), nullable=True))
    op.create_table(
        "import_item",
        sa.Column("id", BigId, nullable=False),
        sa.Column("person_id", BigId, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("target", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), server_default="waiting", nullable=False),
        sa.Column("error", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.CheckConstraint("state IN ('waiting', 'done', 'failed')", name="ck_import_item_state"),
        sa.ForeignKeyConstraint(["person_id"], ["actor.id"], name="fk_import_item_person_id_actor"),
        sa.PrimaryKeyConstraint("id", name="pk_import_item"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_import_item_person_id", "import_item", ["person_id", "state"])
    op.create_index(
        "ix_import_item_waiting",
        "import_item",
        ["id"],
        sqlite_where=sa.text("state = 'waiting'"),
        postgresql_where=sa.text("state = 'waiting'"),
    )
    op.create_table(
        "tagline",
        sa.Column("id", BigId, nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("html", sa.Text(), nullable=False),
        sa.Column("created_at", UtcDateTime, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_tagline"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "custom_emoji",
        sa.Column("id", BigId, nullable=False),
        sa.Column("shortcode", sa.Text(), nullable=False),
        sa.Column("image_url", sa.Text(), nullable=False),
        sa.Column("alt", sa.Text(), nullable=False),
        sa.Column("category", sa.Text(), nullable=False),
        sa.Column("keywords", sa.Text(), nullable=False),
        sa.Column("created_at", UtcDateTime, nullable=False),
        sa.Column("updated_at", UtcDateTime, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_custom_emoji"),
        sa.UniqueConstraint("shortcode", name="uq_custom_emoji_shortcode"),
        sqlite_autoincrement=True,
    )
