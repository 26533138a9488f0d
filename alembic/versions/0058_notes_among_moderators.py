"""Notes among moderators about people and reports.

Revision 0058, after 0057.
"""

import sqlalchemy as sa
from alembic import op

from fedcom.db import BigId, UtcDateTime

revision = "0058"
down_revision = "0057"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema from the revision before to this one; the way back is a backup."""
    op.create_table(
        "moderator_note",
        sa.Column("id", BigId, nullable=False),
        sa.Column("person_id", BigId, nullable=True),
        sa.Column("report_id", BigId, nullable=True),
        sa.Column("community_id", BigId, nullable=True),
        sa.Column("author_id", BigId, nullable=True),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("created_at", UtcDateTime, nullable=False),
        sa.CheckConstraint(
            "person_id IS NOT NULL OR report_id IS NOT NULL", name="ck_moderator_note_subject"
        ),
        sa.ForeignKeyConstraint(
            ["report_id"],
            ["report.id"],
            name="fk_moderator_note_report_id_report",
            ondelete="CASCADE",
        ),
        *(
            sa.ForeignKeyConstraint([name], ["actor.id"], name=f"fk_moderator_note_{name}_actor")
            for name in ("person_id", "community_id", "author_id")
        ),
        sa.PrimaryKeyConstraint("id", name="pk_moderator_note"),
        sqlite_autoincrement=True,
    )
    for columns in (["person_id", "id"], ["report_id"], ["community_id"], ["author_id"]):
        op.create_index(f"ix_moderator_note_{columns[0]}", "moderator_note", columns)
